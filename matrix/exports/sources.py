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
    """A wheel as others must be told of it, with its address where one is known."""

    project: NormalizedName
    version: Version
    filename: str
    sha256: str
    size: int
    uploaded: str = ""
    url: str = ""
    path: str = ""


def of_lock(share: Share) -> tuple[Wheel, ...]:
    """The wheels that the lock names, without addresses."""
    built = [file for file in share.files if not file.is_wheel]
    if built:
        names = ", ".join(f"{file.project} {file.version}" for file in built)
        what = f"expected wheels, got {names}, which must be built"
        raise UsageError(Problem(place=share.target.id, what=what, hint="--bundle DIR"))
    return tuple(map(_locked, share.files))


def of_index(share: Share, index: "Index") -> tuple[Wheel, ...]:
    """The wheels that the lock names, with the index's addresses of them."""
    wheels = of_lock(share)
    index.start_pages([wheel.project for wheel in wheels])
    return tuple(dataclasses.replace(wheel, url=_url(wheel, index)) for wheel in wheels)


def of_bundle(share: Share, record: Record, *, files: str) -> tuple[Wheel, ...]:
    """The bundle's wheels for that share; ``files`` leads to the directory that holds them."""
    held = {
        (wheel.project, Version(wheel.version), target): wheel
        for wheel in record.wheels
        for target in wheel.targets
    }
    lacking = [f for f in share.files if (f.project, f.version, share.target.id) not in held]
    if lacking:
        names = ", ".join(f"{file.project} {file.version}" for file in lacking)
        what = f"expected wheels of {names} for {share.target.id}, got a bundle without"
        raise Incomplete(Problem(place=record.label, what=what))
    return tuple(_carried(file, held, share.target.id, files) for file in share.files)


def _locked(file: LockedFile) -> Wheel:
    return Wheel(
        project=file.project,
        version=file.version,
        filename=file.filename,
        sha256=file.sha256,
        size=file.size,
        uploaded=file.uploaded,
    )


def _carried(
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
    """The address without who asks: an export is committed and passed on."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
