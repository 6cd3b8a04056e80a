"""
Two builds from the same inputs, compared: the same bytes, or what differs and where.

What differs is told member by member, for whoever must find out which tool wrote a time, a path or
a random name into the wheel.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from matrix.builds import shared
from matrix.edge import files

_AROUND: Final = 24
# Of a zip archive's entries, what is not their bytes.
_ATTRIBUTES: Final[tuple[tuple[str, Callable[[zipfile.ZipInfo], object]], ...]] = (
    ("time", lambda info: "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)),
    ("mode", lambda info: oct(info.external_attr >> 16)),
    ("compression", lambda info: info.compress_type),
)


def differences(first: Iterable[Path], second: Iterable[Path]) -> tuple[str, ...]:
    """How the wheels of two builds differ, a line each; empty when their bytes are the same."""
    ours = {shared.label(path): path for path in first}
    theirs = {shared.label(path): path for path in second}
    return tuple(_differences(ours, theirs))


def _differences(ours: dict[str, Path], theirs: dict[str, Path]) -> Iterator[str]:
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs:
            yield f"{name}: only the first build made it"
        elif name not in ours:
            yield f"{name}: only the second build made it"
        elif files.digest(ours[name]) != files.digest(theirs[name]):
            for line in _of_wheels(ours[name], theirs[name]):
                yield f"{name}: {line}"


def _of_wheels(first: Path, second: Path) -> Sequence[str]:
    with (
        files.reading(first) as one,
        files.reading(second) as other,
        zipfile.ZipFile(one) as ours,
        zipfile.ZipFile(other) as theirs,
    ):
        found = list(_of_archives(ours, theirs))
    return found or ["the archive's own bytes differ, its members do not"]


def _of_archives(ours: zipfile.ZipFile, theirs: zipfile.ZipFile) -> Iterator[str]:
    order = [name for name in ours.namelist() if name in theirs.NameToInfo]
    for name in sorted(set(ours.namelist()) ^ set(theirs.namelist())):
        yield f"{name}: only in the {'first' if name in ours.NameToInfo else 'second'}"
    if order != [name for name in theirs.namelist() if name in ours.NameToInfo]:
        yield "its members stand in another order"
    for name in sorted(order):
        for what, value in _ATTRIBUTES:
            one, other = value(ours.getinfo(name)), value(theirs.getinfo(name))
            if one != other:
                yield f"{name}: {what} {one} and {other}"
        yield from _of_bytes(name, ours.read(name), theirs.read(name))


def _of_bytes(name: str, one: bytes, other: bytes) -> Iterator[str]:
    if one == other:
        return
    same = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    sizes = f"{len(one)} bytes" if len(one) == len(other) else f"{len(one)} and {len(other)} bytes"
    yield (
        f"{name}: {sizes}, different from byte {same} on: "
        f"{_excerpt(one, same)} and {_excerpt(other, same)}"
    )


def _excerpt(data: bytes, place: int) -> str:
    part = data[max(0, place - _AROUND // 2) : place + _AROUND]
    return repr(part.decode("ascii", "replace").replace("\ufffd", "."))
