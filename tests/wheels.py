"""Real wheels and sdists, made in a moment."""

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def metadata(
    project: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str = "",
    extras: Sequence[str] = (),
) -> str:
    """Core metadata 2.1."""
    lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    return "\n".join(lines) + "\n\n"


def make_wheel(
    directory: Path,
    project: str,
    version: str,
    *,
    tag: str = "py2.py3-none-any",
    build: str = "",
    requires: Sequence[str] = (),
    requires_python: str = "",
    extras: Sequence[str] = (),
    members: Mapping[str, str] | None = None,
    stated: str | None = None,
    record: str | None = None,
) -> Path:
    """
    A wheel that pip installs, with one module named after the project unless ``members`` are given.

    ``stated`` replaces METADATA, and ``record`` the modules' lines of RECORD, for wheels that lie.
    """
    name = project.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    modules = {f"{name}.py": f"VERSION = {version!r}\n"} if members is None else dict(members)
    written = metadata(
        project, version, requires=requires, requires_python=requires_python, extras=extras
    )
    infos = {
        f"{info}/METADATA": written if stated is None else stated,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    rows = _rows(modules) if record is None else record
    texts = modules | infos | {f"{info}/RECORD": f"{rows}{_rows(infos)}{info}/RECORD,,\n"}
    numbered = f"{version}-{build}" if build else version
    path = directory / f"{name}-{numbered}-{tag}.whl"
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in texts.items():
            archive.writestr(zipfile.ZipInfo(member), text)
    return path


def _rows(texts: Mapping[str, str]) -> str:
    return "".join(f"{path},{_digest(text)},{len(text.encode())}\n" for path, text in texts.items())


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def make_sdist(
    directory: Path,
    project: str,
    version: str,
    *,
    members: Mapping[str, str] | None = None,
    stated: str | None = None,
    suffix: str = ".tar.gz",
) -> Path:
    """An sdist with PKG-INFO and ``members`` (by their paths below the top directory)."""
    top = f"{project.replace('-', '_')}-{version}"
    texts = {"PKG-INFO": metadata(project, version) if stated is None else stated}
    texts |= dict(members or {})
    path = directory / f"{top}{suffix}"
    directory.mkdir(parents=True, exist_ok=True)
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in texts.items():
                archive.writestr(f"{top}/{member}", text)
        return path
    with tarfile.open(path, "w:bz2" if suffix == ".tar.bz2" else "w:gz") as tar:
        for member, text in texts.items():
            info = tarfile.TarInfo(f"{top}/{member}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return path
