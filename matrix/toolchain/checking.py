"""
Whether a carried toolchain is whole, and serves what is asked of it; without network.

What it holds beyond its record is refused as well: pip would install it.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from matrix.builds.lane_install import WHEELHOUSE
from matrix.errors import DigestMismatch, NotEquipped, Problem
from matrix.toolchain import directory, expanding
from matrix.toolchain.model import CACHE, FIRST_CACHE, Content, Service, Toolchain
from matrix.toolchain.needs import Wanted

_TREES: Final = (CACHE, FIRST_CACHE, WHEELHOUSE)
_AGAIN: Final = "carry it again, or run python -m matrix toolchain --out DIR where it was made"


def check(root: Path, asked: Sequence[Wanted]) -> Toolchain:
    """
    The record of ``root``, whose every file is as it says and which serves ``asked``.

    Raises ``DigestMismatch`` for files that are not, and ``NotEquipped`` for what it lacks.
    """
    toolchain = directory.load(root)
    refuse_damage(root, toolchain)
    lacks = tuple(lacking(root, toolchain, {one.service for one in asked}))
    if lacks:
        raise NotEquipped.of(lacks)
    return toolchain


def refuse_damage(root: Path, toolchain: Toolchain, *, trees: Sequence[str] = _TREES) -> None:
    """Raise unless the files of ``trees`` below ``root`` are those of its record."""
    recorded = [one for one in toolchain.contents if one.path.partition("/")[0] in trees]
    problems = tuple(_damage(root, recorded, trees))
    if problems:
        raise DigestMismatch.of(problems)


def _damage(root: Path, recorded: Iterable[Content], trees: Sequence[str]) -> Iterator[Problem]:
    expected = {one.path: one for one in recorded}
    actual = {one.path: one for one in _present(root, trees)}
    for path in sorted({*expected, *actual}):
        wanted, got = expected.get(path), actual.get(path)
        if got is None:
            yield Problem(place=path, what="expected a file, got none", hint=_AGAIN)
        elif wanted is None:
            what = "expected nothing that the record does not name, got a file"
            yield Problem(place=path, what=what, hint=f"remove {path}")
        elif _bytes(got) != _bytes(wanted):
            what = f"expected {_bytes(wanted)}, got {_bytes(got)}"
            yield Problem(place=path, what=what, hint=_AGAIN)


def _present(root: Path, trees: Sequence[str]) -> Iterator[Content]:
    for tree in trees:
        if (root / tree).is_dir():
            yield from expanding.contents(root / tree, root=root, source="")


def _bytes(content: Content) -> str:
    return f"a link to {content.link}" if content.link else f"sha256 {content.sha256}"


def lacking(root: Path, toolchain: Toolchain, services: Iterable[Service]) -> Iterator[Problem]:
    """What the toolchain does not have for ``services``, as sentences."""
    asked = set(services)
    for service in sorted(asked - set(toolchain.services)):
        what = (
            f"expected cibuildwheel {service.lane} for {service.target}, "
            "got a toolchain that was made without it"
        )
        hint = "python -m matrix toolchain --out DIR, where the index is reached"
        yield Problem(place=str(root), what=what, hint=hint)
    for one in toolchain.missing:
        served = sorted(asked.intersection(one.services))
        if not served:
            continue
        users = ", ".join(map(str, served[:3])) + (", ..." if len(served) > 3 else "")  # noqa: PLR2004
        what = f"lacks {one.name}, which cibuildwheel needs for {users}: {one.reason}"
        hint = ""
        if one.download:
            digest = one.download.sha256 or "none is published"
            what += f"\n  address: {one.download.address}\n  sha256: {digest}"
            hint = f"sh {directory.FETCH}, then python -m matrix toolchain --add {root} {one.name}"
        yield Problem(place=str(root), what=what, hint=hint)
