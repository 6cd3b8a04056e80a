"""
Check without network that a carried toolchain is complete and has what a runner needs.

Files that the record does not list are refused as well, because pip would install them.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from matrix.configurations.pip_settings import WHEELHOUSE
from matrix.errors import DigestMismatch, NotEquipped, Problem
from matrix.pipelines import installation
from matrix.toolchain import directory, placement
from matrix.toolchain.document import CACHE, FIRST_CACHE, Content, Service, Toolchain
from matrix.toolchain.needs import Need

_TREES: Final = (CACHE, FIRST_CACHE, str(WHEELHOUSE), installation.WHEELHOUSE)
_AGAIN: Final = "copy it again, or run wheelyard toolchain --out DIR where it was made"


def check_toolchain(root: Path, needs: Sequence[Need]) -> Toolchain:
    """
    Return the record of ``root`` after checking all its files, and that it has ``needs``.

    Raises ``DigestMismatch`` for damaged files, and ``NotEquipped`` for missing ones.
    """
    toolchain = directory.read_record(root)
    refuse_damage(root, toolchain)
    gaps = tuple(find_gaps(root, toolchain, {need.service for need in needs}))
    if gaps:
        raise NotEquipped.of(gaps)
    return toolchain


def refuse_damage(root: Path, toolchain: Toolchain, *, trees: Sequence[str] = _TREES) -> None:
    """Raise unless the files of ``trees`` below ``root`` are those that its record lists."""
    recorded = [each for each in toolchain.contents if each.path.partition("/")[0] in trees]
    problems = tuple(_find_damage(root, recorded, trees))
    if problems:
        raise DigestMismatch.of(problems)


def _find_damage(
    root: Path, recorded: Iterable[Content], trees: Sequence[str]
) -> Iterator[Problem]:
    expected_by_path = {content.path: content for content in recorded}
    actual_by_path = {content.path: content for content in _list_present(root, trees)}
    for path in sorted({*expected_by_path, *actual_by_path}):
        expected, actual = expected_by_path.get(path), actual_by_path.get(path)
        if actual is None:
            yield Problem(place=path, what="not found", hint=_AGAIN)
        elif expected is None:
            what = "the record does not list this file"
            yield Problem(place=path, what=what, hint=f"remove {path}")
        elif _describe(actual) != _describe(expected):
            what = f"expected {_describe(expected)}, got {_describe(actual)}"
            yield Problem(place=path, what=what, hint=_AGAIN)


def _list_present(root: Path, trees: Sequence[str]) -> Iterator[Content]:
    for tree in trees:
        if (root / tree).is_dir():
            yield from placement.list_contents(root / tree, root=root, source="")


def _describe(content: Content) -> str:
    return f"a link to {content.link}" if content.link else f"sha256 {content.sha256}"


def find_gaps(root: Path, toolchain: Toolchain, services: Iterable[Service]) -> Iterator[Problem]:
    """Yield a problem for each thing that ``services`` need and the toolchain does not have."""
    requested = set(services)
    for service in sorted(requested - set(toolchain.services)):
        what = f"was made without cibuildwheel {service.lane} for {service.target}"
        hint = "run wheelyard toolchain --out DIR where the index can be reached"
        yield Problem(place=str(root), what=what, hint=hint)
    for missing in toolchain.missing:
        users = sorted(requested.intersection(missing.services))
        if not users:
            continue
        names = ", ".join(map(str, users[:3])) + (", ..." if len(users) > 3 else "")  # noqa: PLR2004
        what = f"lacks {missing.name}, which cibuildwheel needs for {names}: {missing.reason}"
        hint = ""
        lines: tuple[str, ...] = ()
        if missing.download:
            digest = missing.download.sha256 or "none is published"
            lines = (f"address: {missing.download.address}", f"sha256: {digest}")
            fetch = root / directory.FETCH
            hint = f"sh {fetch}, then wheelyard toolchain --add {root} {missing.name}"
        yield Problem(place=str(root), what=what, hint=hint, lines=lines)
