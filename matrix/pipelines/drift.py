"""
Generated files against the files of a repository.

A file is ours when it starts with our marker. Any other file is the work of a person: it is
reported when a generated file needs its place, and never written or removed.
"""

import dataclasses
import difflib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from matrix.edge import files
from matrix.errors import Drift, Problem
from matrix.pipelines.attributes import ATTRIBUTES, parse_rules
from matrix.pipelines.header import MARKERS
from matrix.pipelines.providers import list_owned_places

_HINT: Final = "run `wheelyard generate` and commit the result"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """A file that is not up to date; ``diff`` leads from the present text to the generated one."""

    path: str
    kind: Literal["changed", "missing", "orphaned"]
    diff: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The changes to a repository, by path; none when everything was up to date."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def compare(wanted: Mapping[str, str], present: Mapping[str, str]) -> tuple[Difference, ...]:
    """How ``present`` differs from ``wanted``, sorted by path; line ends do not matter."""
    return tuple(sorted(_find_differences(wanted, present)))


def read(root: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """
    The files of ours under ``root``, by path.

    Raises ``Drift`` when a file that is not ours has the place of a wanted one.
    """
    present: dict[str, str] = {}
    foreign = []
    for path in sorted({*_list_owned(root), *wanted}):
        if not (root / path).exists():
            continue
        with files.reading(root / path) as stream:
            text = stream.read().decode("utf-8", errors="replace")
        if text.startswith(MARKERS):
            present[path] = text
        elif path == ATTRIBUTES and set(parse_rules(wanted.get(path, ""))) <= set(
            parse_rules(text)
        ):
            # Attributes serve many purposes: a file with our rules among others will do.
            present |= {path: wanted[path]} if path in wanted else {}
        elif path in wanted:
            foreign.append(_describe_foreign(path, wanted[path]))
    if foreign:
        raise Drift(*foreign)
    return present


def check(root: Path, wanted: Mapping[str, str]) -> None:
    """Raise ``Drift``, with every difference, unless the files under ``root`` are ``wanted``."""
    differences = compare(wanted, read(root, wanted))
    if differences:
        raise Drift(*_describe_all(differences))


def apply(root: Path, wanted: Mapping[str, str]) -> Applied:
    """Make the files under ``root`` the ``wanted`` ones, and touch no file that is up to date."""
    differences = compare(wanted, read(root, wanted))
    removed = tuple(item.path for item in differences if item.kind == "orphaned")
    written = tuple(item.path for item in differences if item.kind != "orphaned")
    for path in written:
        files.write(root / path, wanted[path])
    for path in removed:
        try:
            (root / path).unlink()
        except OSError as error:
            raise files.write_error(root / path, error) from error
    return Applied(written=written, removed=removed)


def _find_differences(
    wanted: Mapping[str, str], present: Mapping[str, str]
) -> Iterator[Difference]:
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


def _list_owned(root: Path) -> Iterator[str]:
    for pattern in list_owned_places():
        for path in root.glob(pattern):
            if path.is_file():
                yield path.relative_to(root).as_posix()


def _describe_all(differences: tuple[Difference, ...]) -> Iterator[Problem]:
    """One problem a file; the hint is the same for all and stands once, at the end."""
    for number, difference in enumerate(differences, start=1):
        hint = _HINT if number == len(differences) else ""
        lines = tuple(difference.diff.splitlines()) if difference.kind == "changed" else ()
        yield Problem(place=difference.path, what=_describe(difference), hint=hint, lines=lines)


def _describe(difference: Difference) -> str:
    match difference.kind:
        case "changed":
            return "differs from the file that the manifest generates"
        case "missing":
            return "not found"
        case "orphaned":
            return "was generated by wheelyard, and the manifest no longer generates it"


def _describe_foreign(path: str, wanted: str) -> Problem:
    if path == ATTRIBUTES:
        what = "was not generated by wheelyard, and lacks rules for the generated files"
        lines = tuple(map(str, parse_rules(wanted)))
        return Problem(place=path, what=what, hint="add these lines to it", lines=lines)
    return Problem(
        place=path,
        what="was not generated by wheelyard: its first line has no marker",
        hint="move it away, then run `wheelyard generate`",
    )
