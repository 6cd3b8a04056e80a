"""
Why a set of requirements cannot be installed, in one line.

The failed search holds only the requirements that it ended on. Here every requirement is followed
to its newest wheel, nearest first, so the first requirement without a wheel has the shortest chain.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator, Sequence

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from matrix.verify.candidates import Candidates
from matrix.verify.view import Offer


@dataclasses.dataclass(frozen=True, eq=False)
class _Step:
    """A requirement and how it came about."""

    requirement: Requirement
    parent: _Step | None
    offer: Offer | None
    """The wheel that has the requirement; none for those at the top."""

    @property
    def project(self) -> NormalizedName:
        return canonicalize_name(self.requirement.name)

    def __str__(self) -> str:
        extras = ",".join(sorted(self.requirement.extras))
        bracketed = f"[{extras}]" if extras else ""
        texts = [f"{self.requirement.name}{bracketed}{self.requirement.specifier}"]
        step: _Step | None = self
        while step is not None and step.offer is not None:
            texts.append(f"{step.offer.name.project} {step.offer.name.version}")
            step = step.parent
        return " <- ".join(texts)


def explain(requirements: Sequence[Requirement], candidates: Candidates) -> str:
    """The shortest chain from one of ``requirements`` to one that no wheel meets."""
    for roots in [[requirement] for requirement in requirements] + [list(requirements)]:
        steps = list(_walk(roots, candidates))
        for step in steps:
            if reason := _explain_lack(step, candidates):
                return f"{step}: {reason}"
        if clash := _explain_clash(steps, candidates):
            return clash
    # Every newest wheel exists, and no two requirements of one project exclude each other.
    return f"{', '.join(map(str, requirements))}: no set of wheels meets all requirements at once"


def _walk(roots: Sequence[Requirement], candidates: Candidates) -> Iterator[_Step]:
    queue = deque(
        _Step(requirement=root, parent=None, offer=None)
        for root in roots
        if candidates.applies(root.marker)
    )
    seen: set[tuple[Offer, str]] = set()
    while queue:
        step = queue.popleft()
        yield step
        matching = candidates.find_matching(step.project, step.requirement.specifier)
        if not matching or step.requirement.url:
            continue
        for extra in ("", *sorted(step.requirement.extras)):
            if (matching[0], extra) in seen:
                continue
            seen.add((matching[0], extra))
            for requirement in candidates.find_requirements(matching[0], extra):
                queue.append(_Step(requirement=requirement, parent=step, offer=matching[0]))


def _explain_lack(step: _Step, candidates: Candidates) -> str:
    """Why no wheel meets this requirement by itself, or "" if a wheel does."""
    specifier = step.requirement.specifier
    if step.requirement.url:
        return "names an address, and only the bundle's own wheels count"
    if candidates.find_matching(step.project, specifier):
        return ""
    if not (offers := candidates.find_offers(step.project)):
        return f"no wheel of {step.project}"
    fitting = [
        offer for offer in offers if specifier.contains(offer.name.version, prereleases=True)
    ]
    if not fitting:
        versions = ", ".join(map(str, sorted({offer.name.version for offer in offers})))
        return f"expected {specifier}, got {versions}"
    running = [offer for offer in fitting if candidates.runs(offer)]
    if not running:
        return f"no wheel for {candidates.label}"
    newest = max(running, key=lambda offer: offer.name.version)
    requires = newest.metadata.requires_python
    return f"{newest.name.version} needs Python {requires}, got {candidates.python}"


def _explain_clash(steps: Sequence[_Step], candidates: Candidates) -> str:
    """The first two requirements of one project that no wheel meets together, or ""."""
    steps_by_project: dict[NormalizedName, list[_Step]] = {}
    for step in steps:
        for other in steps_by_project.get(step.project, ()):
            both = other.requirement.specifier & step.requirement.specifier
            if not candidates.find_matching(step.project, both):
                return f"{other} and {step}: no wheel of {step.project} meets both"
        steps_by_project.setdefault(step.project, []).append(step)
    return ""
