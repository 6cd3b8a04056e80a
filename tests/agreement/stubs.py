"""Distributions that say what the real ones say, and install nothing."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from packaging.utils import parse_sdist_filename, parse_wheel_filename

# More than a client reads ahead, so that METADATA is not in the tail that holds the directory:
# the second ranged request of a real wheel is made here too.
_FILLING: Final = bytes(1 << 17)
_PYPROJECT: Final = (
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
)


def project_and_version(filename: str) -> tuple[str, str]:
    """The normalized name and the version that a file name says."""
    if filename.endswith(".whl"):
        project, version, _, _ = parse_wheel_filename(filename)
    else:
        project, version = parse_sdist_filename(filename)
    return project, str(version)


def metadata(project: str, version: str, release: Mapping[str, Any]) -> bytes:
    """Core metadata from a release's facts; ``words`` is how long its description is."""
    lines = ["Metadata-Version: 2.2", f"Name: {project}", f"Version: {version}"]
    lines += [f"Summary: {project} does what its name says", "License: MIT"]
    lines += [f"Requires-Python: {release['python']}"] if release.get("python") else []
    lines += [f"Requires-Dist: {line}" for line in release.get("requires", ())]
    lines += [f"Provides-Extra: {extra}" for extra in release.get("extras", ())]
    lines += [f"Classifier: Topic :: Number {n}" for n in range(12)]
    described = "\nwords of a description, as long as they are on an index" * release.get(
        "words", 0
    )
    return "\n".join([*lines, "", described]).encode()


def wheel(filename: str, found: bytes, *, is_large: bool) -> bytes:
    """A wheel with that METADATA, which every pip installs; ``is_large`` as real ones are."""
    tag = filename.removesuffix(".whl").split("-", maxsplit=2)[2]
    name, version = filename.split("-")[:2]
    info = f"{name}-{version}.dist-info"
    about = f"Wheel-Version: 1.0\nGenerator: stub\nRoot-Is-Purelib: true\nTag: {tag}\n"
    members = {f"{info}/METADATA": found, f"{info}/WHEEL": about.encode(), f"{info}/RECORD": b""}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for member, content in members.items():
            archive.writestr(zipfile.ZipInfo(member), content)
        if is_large:
            archive.writestr(zipfile.ZipInfo(f"{info}/filling"), _FILLING)
    return written.getvalue()


def sdist(filename: str, found: bytes) -> bytes:
    """An sdist whose PKG-INFO says that nothing in it is dynamic; the same bytes each time."""
    top = filename.removesuffix(".tar.gz")
    written = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=written, mode="wb", mtime=0, compresslevel=1) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as archive,
    ):
        for name, content in (("PKG-INFO", found), ("pyproject.toml", _PYPROJECT.encode())):
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()
