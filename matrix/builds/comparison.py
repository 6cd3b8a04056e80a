"""
Two builds from the same inputs, compared: the same bytes, or what differs and where.

Differences are listed member by member, to find the tool that wrote a time, a path or a random name
into the wheel.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.plan.handover import describe_wheel

_AROUND: Final = 24
# Of a zip archive's entries, what is not their bytes.
_ATTRIBUTES: Final[tuple[tuple[str, Callable[[zipfile.ZipInfo], object]], ...]] = (
    ("time", lambda info: "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)),
    ("mode", lambda info: oct(info.external_attr >> 16)),
    ("compression", lambda info: info.compress_type),
)


def compare_builds(first: Iterable[Path], second: Iterable[Path]) -> tuple[str, ...]:
    """The differences between the wheels of two builds, a line each; none for equal bytes."""
    ours = {describe_wheel(path): path for path in first}
    theirs = {describe_wheel(path): path for path in second}
    return tuple(_compare_wheels(ours, theirs))


def _compare_wheels(ours: dict[str, Path], theirs: dict[str, Path]) -> Iterator[str]:
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs:
            yield f"{name}: only the first build made it"
        elif name not in ours:
            yield f"{name}: only the second build made it"
        elif files.digest(ours[name]) != files.digest(theirs[name]):
            for line in _compare_members(ours[name], theirs[name]):
                yield f"{name}: {line}"


def _compare_members(first: Path, second: Path) -> Sequence[str]:
    with (
        files.reading(first) as first_stream,
        files.reading(second) as second_stream,
        zipfile.ZipFile(first_stream) as ours,
        zipfile.ZipFile(second_stream) as theirs,
    ):
        lines = list(_compare_archives(ours, theirs))
    return lines or ["the archive's own bytes differ, its members do not"]


def _compare_archives(ours: zipfile.ZipFile, theirs: zipfile.ZipFile) -> Iterator[str]:
    order = [name for name in ours.namelist() if name in theirs.NameToInfo]
    for name in sorted(set(ours.namelist()) ^ set(theirs.namelist())):
        yield f"{name}: only in the {'first' if name in ours.NameToInfo else 'second'}"
    if order != [name for name in theirs.namelist() if name in ours.NameToInfo]:
        yield "its members stand in another order"
    for name in sorted(order):
        for what, value in _ATTRIBUTES:
            first, second = value(ours.getinfo(name)), value(theirs.getinfo(name))
            if first != second:
                yield f"{name}: {what} {first} and {second}"
        yield from _compare_bytes(name, ours.read(name), theirs.read(name))


def _compare_bytes(name: str, first: bytes, second: bytes) -> Iterator[str]:
    if first == second:
        return
    same = next(
        (place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    sizes = (
        f"{len(first)} bytes"
        if len(first) == len(second)
        else f"{len(first)} and {len(second)} bytes"
    )
    yield (
        f"{name}: {sizes}, different from byte {same} on: "
        f"{_excerpt(first, same)} and {_excerpt(second, same)}"
    )


def _excerpt(data: bytes, place: int) -> str:
    part = data[max(0, place - _AROUND // 2) : place + _AROUND]
    return repr(part.decode("ascii", "replace").replace("\ufffd", "."))
