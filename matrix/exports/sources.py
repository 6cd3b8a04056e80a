"""
Where a share's wheels are: on an index, or in a bundle.

The lock holds no address. On an index there is none for what must be built, so that is an error;
a bundle holds what was built for it, with other names and digests than the sdists of the lock.
"""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.errors import DigestMismatch, Incomplete, Problem, UsageError
from matrix.exports.selecting import Share
from matrix.record.schema import Record, RecordedWheel
from matrix.resolve.lock import LockedFile

if TYPE_CHECKING:
    # The index's client takes long to import, and most exports need none.
    from matrix.index.client import Index


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel of an export, with its address or path where one is known."""

    project: NormalizedName
    version: Version
    filename: str
    sha256: str
    size: int
    uploaded: str = ""
    url: str = ""
    path: str = ""


def list_locked_wheels(share: Share) -> tuple[Wheel, ...]:
    """The wheels that the lock names, without addresses."""
    built = [file for file in share.files if not file.is_wheel]
    if built:
        names = ", ".join(f"{file.project} {file.version}" for file in built)
        what = f"expected wheels, got {names}, which must be built"
        raise UsageError(Problem(place=share.target.id, what=what, hint="--bundle DIR"))
    return tuple(map(_read_locked, share.files))


def list_index_wheels(share: Share, index: "Index") -> tuple[Wheel, ...]:
    """The wheels that the lock names, with the index's addresses of them."""
    wheels = list_locked_wheels(share)
    index.start_pages([wheel.project for wheel in wheels])
    return tuple(dataclasses.replace(wheel, url=_url(wheel, index)) for wheel in wheels)


def list_bundle_wheels(share: Share, record: Record, *, files: str) -> tuple[Wheel, ...]:
    """The bundle's wheels for that share; ``files`` leads to the directory that holds them."""
    held = {
        (wheel.project, Version(wheel.version), target): wheel
        for wheel in record.wheels
        for target in wheel.targets
    }
    lacking = [f for f in share.files if (f.project, f.version, share.target.id) not in held]
    if lacking:
        names = ", ".join(f"{file.project} {file.version}" for file in lacking)
        what = f"the bundle has no wheels of {names} for {share.target.id}"
        raise Incomplete(Problem(place=record.label, what=what))
    return tuple(_read_recorded(file, held, share.target.id, files) for file in share.files)


def _read_locked(file: LockedFile) -> Wheel:
    return Wheel(
        project=file.project,
        version=file.version,
        filename=file.filename,
        sha256=file.sha256,
        size=file.size,
        uploaded=file.uploaded,
    )


def _read_recorded(
    file: LockedFile,
    held: Mapping[tuple[str, Version, str], RecordedWheel],
    target: str,
    files: str,
) -> Wheel:
    wheel = held[file.project, file.version, target]
    return Wheel(
        project=file.project,
        version=file.version,
        filename=wheel.filename,
        sha256=wheel.sha256,
        size=wheel.size,
        path=f"{files}/{wheel.filename}",
    )


def _url(wheel: Wheel, index: "Index") -> str:
    published = index.find_file(wheel.project, wheel.filename)
    if published.sha256 != wheel.sha256:
        what = f"expected sha256 {wheel.sha256}, got {published.sha256}"
        hint = "replaced on the index since it was locked; compare both"
        raise DigestMismatch(Problem(place=wheel.filename, what=what, hint=hint))
    return _without_login(published.url)


def _without_login(url: str) -> str:
    """The address without a login: an export is committed and passed on."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
