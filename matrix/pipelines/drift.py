"""
Generated files against the files of a repository.

Ours is what starts with our marker. Whatever else stands in the repository is somebody's work: it
is reported when we need its place, and never written or removed.
"""

import dataclasses
import difflib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from matrix.edge import files
from matrix.errors import Drift, Problem
from matrix.pipelines.attributes import ATTRIBUTES, rules
from matrix.pipelines.header import MARKER

_HINT: Final = "run `wheelyard generate` and commit the result"
_WORKFLOWS: Final = Path(".github/workflows")
_SUFFIXES: Final = (".yml", ".yaml")
_ALONE: Final = (ATTRIBUTES, ".gitlab-ci.yml")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """One file that is not as it should be; ``diff`` leads from what is there to what is wanted."""

    path: str
    kind: Literal["changed", "missing", "orphaned"]
    diff: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done to a repository, by path; nothing when everything was as it should be."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def differences(wanted: Mapping[str, str], present: Mapping[str, str]) -> tuple[Difference, ...]:
    """How ``present`` differs from ``wanted``, sorted by path; line ends do not matter."""
    return tuple(sorted(_differences(wanted, present)))


def read(root: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """
    The files of ours under ``root``, by path.

    Raises ``Drift`` when a file of somebody else has the place of a wanted one.
    """
    present: dict[str, str] = {}
    foreign = []
    for path in sorted({*_owned_places(root), *wanted}):
        if not (root / path).exists():
            continue
        with files.reading(root / path) as stream:
            text = stream.read().decode("utf-8", errors="replace")
        if text.startswith(MARKER):
            present[path] = text
        elif path == ATTRIBUTES and set(rules(wanted.get(path, ""))) <= set(rules(text)):
            # Attributes serve many purposes: whoever has our rules among others has what we want.
            present |= {path: wanted[path]} if path in wanted else {}
        elif path in wanted:
            foreign.append(_not_ours(path, wanted[path]))
    if foreign:
        raise Drift(*foreign)
    return present


def check(root: Path, wanted: Mapping[str, str]) -> None:
    """Raise ``Drift``, with every difference, unless the files under ``root`` are ``wanted``."""
    found = differences(wanted, read(root, wanted))
    if found:
        raise Drift(*_problems(found))


def apply(root: Path, wanted: Mapping[str, str]) -> Applied:
    """Make the files under ``root`` the ``wanted`` ones; what is right already is not touched."""
    found = differences(wanted, read(root, wanted))
    removed = tuple(difference.path for difference in found if difference.kind == "orphaned")
    written = tuple(difference.path for difference in found if difference.kind != "orphaned")
    for path in written:
        files.write(root / path, wanted[path])
    for path in removed:
        try:
            (root / path).unlink()
        except OSError as error:
            raise files.write_error(root / path, error) from error
    return Applied(written=written, removed=removed)


def _differences(wanted: Mapping[str, str], present: Mapping[str, str]) -> Iterator[Difference]:
    for path, text in wanted.items():
        if path not in present:
            yield Difference(path=path, kind="missing", diff=_diff("", text))
        elif diff := _diff(present[path], text):
            yield Difference(path=path, kind="changed", diff=diff)
    for path in present.keys() - wanted.keys():
        yield Difference(path=path, kind="orphaned", diff=_diff(present[path], ""))


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    # The first two lines name the files, which the message does already.
    return "\n".join(itertools.islice(lines, 2, None))


def _owned_places(root: Path) -> Iterator[str]:
    yield from _ALONE
    if (root / _WORKFLOWS).is_dir():
        for path in (root / _WORKFLOWS).iterdir():
            if path.suffix in _SUFFIXES and path.is_file():
                yield f"{_WORKFLOWS.as_posix()}/{path.name}"


def _problems(found: tuple[Difference, ...]) -> Iterator[Problem]:
    """One problem a file; the hint is the same for all and stands once, at the end."""
    for number, difference in enumerate(found, start=1):
        hint = _HINT if number == len(found) else ""
        lines = tuple(difference.diff.splitlines()) if difference.kind == "changed" else ()
        yield Problem(place=difference.path, what=_what(difference), hint=hint, lines=lines)


def _what(difference: Difference) -> str:
    match difference.kind:
        case "changed":
            return "is not what the manifest asks for"
        case "missing":
            return "is not there"
        case "orphaned":
            return "was made by wheelyard, and the manifest asks for it no longer"


def _not_ours(path: str, wanted: str) -> Problem:
    if path == ATTRIBUTES:
        what = "is not ours, and lacks rules that mark generated files"
        lines = tuple(map(str, rules(wanted)))
        return Problem(place=path, what=what, hint="add these lines to it", lines=lines)
    return Problem(
        place=path,
        what="is not ours: its first line does not say that wheelyard made it",
        hint="move it away, then run `wheelyard generate`",
    )
