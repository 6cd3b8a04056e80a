"""Differences between what tools pick, and why: what the checker found, or explanations.toml."""

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from packaging.version import Version

from tests.agreement.checking import Finding
from tests.agreement.picking import Answer, Picks

EXPLANATIONS = Path(__file__).with_name("explanations.toml")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """One requirement on one interpreter, where a tool picks otherwise than we do."""

    source: str
    requirement: str
    python: str
    tool: str
    what: str
    finding: Finding = dataclasses.field(default=Finding(), compare=False)


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


def difference(ours: Picks, theirs: Answer) -> str:
    """In words, ours first; empty when both pick the same."""
    if ours is None or theirs is None or isinstance(theirs, str):
        return "" if ours is theirs else f"{_said(ours)} / {_said(theirs)}"
    here = {name: Version(text) for name, text in ours.items()}
    there = {name: Version(text) for name, text in theirs.items()}
    return ", ".join(
        f"{name} {here.get(name, '-')} / {there.get(name, '-')}"
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    )


def _said(answer: Answer) -> str:
    return "no answer" if isinstance(answer, str) else "a closure" if answer else "nothing"


def settled(each: Difference, answers: Sequence[Answer]) -> Difference:
    """``answers`` to the finding's questions are to be nothing."""
    possible = [
        question[-1]
        for question, answer in zip(each.finding.questions, answers, strict=True)
        if answer is not None
    ]
    if not possible:
        return each
    fault = f"both hold, but ours could have {', '.join(possible)}, for what it requires alone"
    return dataclasses.replace(each, finding=Finding(fault=fault))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Differences, each with its reason, and what is wrong about either."""

    explained: Sequence[tuple[Difference, str]]
    problems: Sequence[str]


def judge(
    found: Iterable[Difference], known: Sequence[Explanation], sources: Iterable[str]
) -> Verdict:
    """``sources`` were compared; what explains others is not missed."""
    explained, problems, used = [], [], set[int]()
    for each in sorted(found):
        fitting = [number for number, why in enumerate(known) if why.fits(each)]
        if each.finding.reason:
            explained.append((each, each.finding.reason))
        elif fitting:
            used.add(fitting[0])
            explained.append((each, known[fitting[0]].reason))
        else:
            fault = f" ({each.finding.fault})" if each.finding.fault else ""
            problems.append(
                f"unexplained: {each.source}: {each.requirement} on {each.python}, "
                f"ours / {each.tool}: {each.what}{fault}"
            )
    compared = set(sources)
    problems += [
        f"explains nothing any more: {why.requirement} on {why.python}, {why.tool}: {why.reason}"
        for number, why in enumerate(known)
        if number not in used and why.source in compared
    ]
    return Verdict(explained=explained, problems=problems)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One tool on one interpreter: how many requirements, and what came of them."""

    compared: int
    unanswered: int
    closures: int
    different: int

    @classmethod
    def of(
        cls, rows: Sequence[tuple[str, Picks, Answer]], different: Sequence[Difference]
    ) -> "Count":
        answered = [here for _, here, there in rows if not isinstance(there, str)]
        unanswered = len(rows) - len(answered)
        return cls(
            compared=len(answered),
            unanswered=unanswered,
            closures=sum(here is not None for here in answered),
            different=len(different) - unanswered,
        )


Counts = Mapping[tuple[str, str, str], Count]
"""By source, Python and tool."""
