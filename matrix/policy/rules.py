"""
The manifest's policy as the resolver asks it: ``matrix.resolve.rules.Rules``.

What is refused is passed over; what is taken in spite of a doubt is remembered and told afterwards,
because the resolver looks at more releases than it takes.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.distributions.core_metadata import CoreMetadata
from matrix.manifest.policy import Policy
from matrix.policy import licences, projects
from matrix.policy.advisories import Vulnerability

if TYPE_CHECKING:
    # The index's client takes long to import, and most commands have a lock.
    from matrix.index.page import PublishedFile

_COOLDOWN: Final = "(policy.cooldown)"

Release = tuple[NormalizedName, Version]
Known = Callable[[NormalizedName, Version], Sequence[Vulnerability]]
"""The vulnerabilities that are known of a release."""


def nothing_known(project: NormalizedName, version: Version) -> Sequence[Vulnerability]:  # noqa: ARG001
    """Look up no vulnerabilities."""
    return ()


class PolicyRules:
    """A policy on one day; every answer is a reason, or empty when there is none."""

    def __init__(
        self, policy: Policy, *, now: datetime.datetime, known: Known = nothing_known
    ) -> None:
        self._policy = policy
        self._today = now.date()
        self._known = known
        age = policy.cooldown.age
        # As the index's times are written, so that they compare as text: there are many files.
        latest = now.astimezone(datetime.UTC) - age.span if age else None
        self._latest = latest.strftime("%Y-%m-%dT%H:%M:%SZ") if latest else ""
        self._doubts: dict[Release, tuple[str, ...]] = {}
        self._refused: dict[Release, str] = {}

    def file(self, file: "PublishedFile") -> str:
        """Judge a distribution by its project and its age."""
        refusal = projects.refusal(file.project, self._policy.projects) or self._age(file)
        return self._remember(file.project, file.version, refusal)

    def _age(self, file: "PublishedFile") -> str:
        cooldown = self._policy.cooldown
        if not self._latest or (file.uploaded and file.uploaded <= self._latest):
            return ""
        if projects.matches(file.project, cooldown.exempt):
            return ""
        if not file.uploaded:
            return f"no upload time on the index, so not known to be {cooldown.age} old {_COOLDOWN}"
        return f"uploaded {file.uploaded}, younger than {cooldown.age} {_COOLDOWN}"

    def release(self, project: NormalizedName, version: Version, metadata: CoreMetadata) -> str:
        """Judge a release by its licence and by what is known of it."""
        return self._remember(project, version, self._refusal(project, version, metadata))

    def _remember(self, project: NormalizedName, version: Version, refusal: str) -> str:
        if refusal:
            self._refused[project, version] = refusal
        return refusal

    def _refusal(self, project: NormalizedName, version: Version, metadata: CoreMetadata) -> str:
        verdict = licences.judge(metadata.licence, project=project, rules=self._policy.licences)
        vulnerabilities = self.vulnerabilities(project, version)
        if verdict.refusal:
            return verdict.refusal
        if vulnerabilities and self._policy.vulnerabilities.action == "fail":
            return vulnerabilities[0]
        self._doubts[project, version] = tuple(filter(None, (verdict.warning, *vulnerabilities)))
        return ""

    def vulnerabilities(self, project: NormalizedName, version: Version) -> list[str]:
        """The vulnerabilities of a release that the policy does not accept."""
        rules = self._policy.vulnerabilities
        if rules.action == "ignore":
            return []
        accepted = {
            each.id for each in rules.accepted if each.until is None or self._today <= each.until
        }
        known = self._known(project, version)
        return [describe(each) for each in known if accepted.isdisjoint(each.ids)]

    def list_passed_over(self, releases: Iterable[Release]) -> Iterator[str]:
        """Why newer releases than those that were taken were not, the newest of each project."""
        taken: dict[NormalizedName, Version] = {}
        for project, version in releases:
            taken[project] = max(version, taken.get(project, version))
        newer: dict[NormalizedName, Version] = {}
        for project, version in self._refused:
            if project in taken and version > taken[project]:
                newer[project] = max(version, newer.get(project, version))
        for project, version in sorted(newer.items()):
            yield f"{project} {version} is passed over: {self._refused[project, version]}"

    def list_warnings(self, releases: Iterable[Release]) -> Iterator[str]:
        """What to tell of the releases that were taken, in their order."""
        for project, version in releases:
            for doubt in self._doubts.get((project, version), ()):
                yield f"{project} {version}: {doubt}"


def describe(vulnerability: Vulnerability) -> str:
    """A vulnerability in one line: its names, and where it is fixed."""
    fixed = f"fixed in {', '.join(vulnerability.fixed)}" if vulnerability.fixed else "fixed nowhere"
    return f"vulnerable: {', '.join(vulnerability.ids)}; {fixed} (policy.vulnerabilities)"
