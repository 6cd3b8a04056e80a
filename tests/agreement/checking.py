"""
Which of two closures of one requirement is right: the independent checker is given both.

Where both hold, theirs is not to be better in the sense of docs/resolution.md: who requires is
decided before what is required. They part at those projects that differ although everybody who
requires them is the same; one of these is to be newer in ours. And no project of ours could be as
new as theirs if only what it requires gave way: that is asked of the other tool.
"""

import dataclasses
import email
import json
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Final

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from matrix.targets.target import Target
from tests import independent
from tests.agreement.picking import SECONDS, Answer, NoAnswer, Picks
from tests.agreement.serving import Store

Pins = Mapping[str, str]
Graph = Mapping[str, Mapping[str, frozenset[str]]]

NO_ANSWER: Final[Mapping[NoAnswer, str]] = {
    "late": f"stopped after {SECONDS} s of the processor",
    "crashed": "ends with a mistake of its own",
}
NEARER: Final = "both hold; where they part, ours is newer"
EXCLUDED: Final = "both hold; where they part, what is newer there excludes what is newer here"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Why a difference is right, if nothing answers ``questions``; or what is wrong with it."""

    reason: str = ""
    fault: str = ""
    questions: tuple[tuple[str, ...], ...] = ()
    """Requirements: what installs all of one of these is a better closure than ours."""


class Checker:
    """One target's view of a store, read without the code that resolves."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._environment = target.marker_environment()
        self._tags = frozenset(target.tags())

    def check(self, requirement: str, ours: Picks, theirs: Answer) -> Finding:
        """About two different answers; nothing is found where one of them is that there is none."""
        closures = {"ours": ours, "theirs": None if isinstance(theirs, str) else theirs}
        for whose, pins in closures.items():
            if pins and (said := self._faults(requirement, pins)):
                return Finding(fault=f"{whose}: {', '.join(said)}")
        if isinstance(theirs, str):
            return Finding(reason=NO_ANSWER[theirs] + ("; ours holds" if ours else ""))
        return self._better(requirement, ours, theirs) if ours and theirs else Finding()

    def _better(self, requirement: str, ours: Pins, theirs: Pins) -> Finding:
        here, there = (self._requirers(requirement, pins) for pins in (ours, theirs))
        shared = [name for name in sorted(here.keys() & there.keys()) if ours[name] != theirs[name]]
        older = [name for name in shared if Version(ours[name]) < Version(theirs[name])]
        parting = [
            name
            for name in shared
            if here[name] == there[name]
            and all(ours.get(by) == theirs.get(by) for by in here[name])
        ]
        if parting and not set(parting) - set(older):
            names = ", ".join(parting)
            return Finding(fault=f"both hold; where they part, theirs is newer: {names}")
        if unfinished := [
            f"{name} {pins[name]}"
            for name in parting
            for pins in (ours, theirs)
            if Version(pins[name]).is_prerelease
        ]:
            # Whether one is asked for is the question, not which is newer.
            return Finding(fault=f"both hold; a pre-release is taken: {', '.join(unfinished)}")
        questions = []
        for name in older:
            free = _below(name, here, there)
            kept = [f"{other}=={pin}" for other, pin in ours.items() if other not in free]
            questions.append((requirement, *kept, f"{name}=={theirs[name]}"))
        reason = EXCLUDED if set(parting) & set(older) else NEARER
        return Finding(reason=reason, questions=tuple(questions))

    def _faults(self, requirement: str, pins: Pins) -> list[str]:
        """Why a closure is none."""
        found = {name: self._metadata(name, version) for name, version in pins.items()}
        return [
            *(f"{name} {pins[name]} has no wheel here" for name in found if not found[name]),
            *independent.faults(
                [requirement],
                pins,
                {name: _all(metadata, "Requires-Dist") for name, metadata in found.items()},
                {name: str(metadata["Requires-Python"] or "") for name, metadata in found.items()},
                self._environment,
            ),
        ]

    def _requirers(self, requirement: str, pins: Pins) -> Graph:
        """By project: who requires it (itself apart), and with which extra."""
        requires = {
            name: _all(self._metadata(name, version), "Requires-Dist")
            for name, version in pins.items()
        }
        found: dict[str, dict[str, frozenset[str]]] = {}
        for by, _, need in independent.needs([requirement], requires, self._environment):
            holder, _, extra = by.partition("[")
            name = canonicalize_name(need.name)
            requirers = found.setdefault(name, {})
            if holder != name:
                requirers[holder] = requirers.get(holder, frozenset()) | {extra}
        return found

    def _metadata(self, project: str, version: str) -> Message:
        """Of a wheel that runs here; empty when nobody asked for any."""
        contents = (self._store.metadata(name) for name in self._wheels(project, version))
        return email.message_from_bytes(next(filter(None, contents), b""))

    def _wheels(self, project: str, version: str) -> Iterator[str]:
        page = json.loads(self._store.page(project) or '{"files": []}')
        for file in page["files"]:
            _, found, _, tags = parse_wheel_filename(file["filename"])
            if found == Version(version) and tags & self._tags:
                yield file["filename"]


def _below(top: str, *graphs: Graph) -> set[str]:
    """``top`` and whatever it leads to in any of ``graphs``."""
    reached = {top}
    while more := {
        name
        for graph in graphs
        for name, requirers in graph.items()
        if name not in reached and requirers.keys() & reached
    }:
        reached |= more
    return reached


def _all(metadata: Message, name: str) -> list[str]:
    return [str(value) for value in metadata.get_all(name) or ()]
