"""Differences between what tools pick, and why: ``explanations.toml``."""

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from packaging.version import Version

from tests.agreement.picking import Picks

EXPLANATIONS = Path(__file__).with_name("explanations.toml")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """One requirement on one interpreter, where a tool picks otherwise than we do."""

    source: str
    requirement: str
    python: str
    tool: str
    what: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why some differences are right; each field is a pattern (*, ?) over the difference's."""

    reason: str
    source: str
    requirement: str
    python: str
    tool: str
    what: str = "*"

    def fits(self, difference: Difference) -> bool:
        names = ("source", "requirement", "python", "tool", "what")
        # A requirement's extras stand in brackets, which are no pattern here.
        pairs = [(str(getattr(difference, n)), str(getattr(self, n))) for n in names]
        return all(fnmatchcase(text, p.replace("[", "[[]")) for text, p in pairs)


def explanations(path: Path = EXPLANATIONS) -> tuple[Explanation, ...]:
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("explanation", [])
    return tuple(Explanation(**row) for row in rows)


def difference(ours: Picks, theirs: Picks) -> str:
    """In words, ours first; empty when both pick the same."""
    if ours is None or theirs is None:
        said = {True: "nothing", False: "a closure"}
        return "" if ours is theirs else f"{said[ours is None]} / {said[theirs is None]}"
    here = {name: Version(text) for name, text in ours.items()}
    there = {name: Version(text) for name, text in theirs.items()}
    return ", ".join(
        f"{name} {here.get(name, '-')} / {there.get(name, '-')}"
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Differences with their explanations, and what is wrong about either."""

    explained: Sequence[tuple[Difference, Explanation]]
    problems: Sequence[str]


def judge(
    found: Iterable[Difference], known: Sequence[Explanation], sources: Iterable[str]
) -> Verdict:
    """``sources`` were compared; what explains others is not missed."""
    explained, problems, used = [], [], set[int]()
    for each in sorted(found):
        fitting = [number for number, why in enumerate(known) if why.fits(each)]
        if fitting:
            used.add(fitting[0])
            explained.append((each, known[fitting[0]]))
        else:
            problems.append(
                f"unexplained: {each.source}: {each.requirement} on {each.python}, "
                f"ours / {each.tool}: {each.what}"
            )
    compared = set(sources)
    problems += [
        f"explains nothing any more: {why.requirement} on {why.python}, {why.tool}: {why.reason}"
        for number, why in enumerate(known)
        if number not in used and why.source in compared
    ]
    return Verdict(explained=explained, problems=problems)


Counts = Mapping[tuple[str, str, str], tuple[int, int, int]]
"""Source, Python and tool to: compared, of these with a closure, different."""


def table(counts: Counts, verdict: Verdict) -> str:
    """docs/agreement.md's tables."""
    lines = ["| source | Python | tool | compared | with a closure | different |"]
    lines += ["|---|---|---|---:|---:|---:|"]
    lines += [
        f"| {source} | {python} | {tool} | {all_} | {closures} | {different} |"
        for (source, python, tool), (all_, closures, different) in counts.items()
    ]
    lines += ["", "| source | requirement | Python | tool | ours / theirs | why |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [
        f"| {each.source} | `{each.requirement}` | {each.python} | {each.tool} | "
        f"{_short(each.what)} | {why.reason} |"
        for each, why in verdict.explained
    ]
    return "\n".join(lines) + "\n"


def _short(what: str) -> str:
    parts = what.split(", ")
    return ", ".join(parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")
