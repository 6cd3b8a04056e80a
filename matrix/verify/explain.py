"""
Why a set of requirements cannot be installed, in one line.

The search that failed knows only which requirements it ended on. Here every requirement is followed
to its newest wheel, nearest first, so the first one without a wheel gives the shortest chain.
"""

import dataclasses
from collections import deque
from collections.abc import Iterator, Sequence

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from matrix.verify.candidates import Candidates
from matrix.verify.view import Offer


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Step:
    """A requirement and how it came about."""

    requirement: Requirement
    parent: "_Step | None"
    offer: Offer | None
    """The wheel that has the requirement; none for a root."""

    @property
    def project(self) -> NormalizedName:
        return canonicalize_name(self.requirement.name)

    def __str__(self) -> str:
        extras = ",".join(sorted(self.requirement.extras))
        asked = f"[{extras}]" if extras else ""
        texts = [f"{self.requirement.name}{asked}{self.requirement.specifier}"]
        step: _Step | None = self
        while step is not None and step.offer is not None:
            texts.append(f"{step.offer.name.project} {step.offer.name.version}")
            step = step.parent
        return " <- ".join(texts)


def explain(requirements: Sequence[Requirement], candidates: Candidates) -> str:
    """The shortest chain from a root to a requirement that no wheel meets."""
    for roots in [[requirement] for requirement in requirements] + [list(requirements)]:
        steps = list(_walk(roots, candidates))
        for step in steps:
            if reason := _lacks(step, candidates):
                return f"{step}: {reason}"
        if clash := _clash(steps, candidates):
            return clash
    # Every newest wheel is there, and no two requirements of one project exclude each other.
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
        matching = candidates.matching(step.project, step.requirement.specifier)
        if not matching or step.requirement.url:
            continue
        for extra in ("", *sorted(step.requirement.extras)):
            if (matching[0], extra) in seen:
                continue
            seen.add((matching[0], extra))
            for requirement in candidates.requirements(matching[0], extra):
                queue.append(_Step(requirement=requirement, parent=step, offer=matching[0]))


def _lacks(step: _Step, candidates: Candidates) -> str:
    """Why no wheel meets this requirement by itself, or "" if one does."""
    specifier = step.requirement.specifier
    if step.requirement.url:
        return "names an address, and only the bundle's own wheels count"
    if candidates.matching(step.project, specifier):
        return ""
    if not (offered := candidates.offered(step.project)):
        return f"no wheel of {step.project}"
    fitting = [o for o in offered if specifier.contains(o.name.version, prereleases=True)]
    if not fitting:
        versions = ", ".join(map(str, sorted({offer.name.version for offer in offered})))
        return f"expected {specifier}, got {versions}"
    running = [offer for offer in fitting if candidates.runs(offer)]
    if not running:
        return f"no wheel for {candidates.label}"
    newest = max(running, key=lambda offer: offer.name.version)
    wanted = newest.metadata.requires_python
    return f"{newest.name.version} needs Python {wanted}, got {candidates.python}"


def _clash(steps: Sequence[_Step], candidates: Candidates) -> str:
    """The first two requirements of one project that no wheel meets together, or ""."""
    by_project: dict[NormalizedName, list[_Step]] = {}
    for step in steps:
        for other in by_project.get(step.project, ()):
            both = other.requirement.specifier & step.requirement.specifier
            if not candidates.matching(step.project, both):
                return f"{other} and {step}: no wheel of {step.project} meets both"
        by_project.setdefault(step.project, []).append(step)
    return ""
