"""Where jobs run: a manifest's runners as one service sees them."""

import dataclasses
import fnmatch
from collections.abc import Iterable
from typing import Self

from matrix.errors import ManifestError, Problem
from matrix.manifest.model import Manifest, Runner
from matrix.pipelines.scalar import Dialect
from matrix.plan.job_classes import job_classes
from matrix.plan.model import JobClass
from matrix.targets.platform_tag import Family


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a job says to get a runner, and what its shell is like."""

    is_windows: bool
    labels: tuple[str, ...]
    """Labels on GitHub, tags on GitLab."""
    image: str = ""

    @classmethod
    def of_class(cls, job_class: JobClass, dialect: Dialect) -> Self:
        is_windows = job_class.system == "windows"
        if dialect == "github":
            return cls(is_windows=is_windows, labels=job_class.github)
        return cls(
            is_windows=is_windows, labels=job_class.gitlab_tags, image=job_class.gitlab_image
        )

    @property
    def is_hosted(self) -> bool:
        """Whether GitHub runs it, with the tools that GitHub installs."""
        return "self-hosted" not in map(str.lower, self.labels)

    @property
    def base_python(self) -> str:
        """The Python that the machine has; on Windows, python.org's installs no ``python3``."""
        return "python" if self.is_windows else "python3"

    @property
    def python(self) -> str:
        """
        The Python of the job's own virtual environment.

        Its path is spelled out, for activating it is different in every shell; and it is the job's
        own, because jobs that share a machine must not install over each other.
        """
        return f".wheel-matrix/{'Scripts' if self.is_windows else 'bin'}/python"


def is_used(manifest: Manifest, dialect: Dialect) -> bool:
    """Whether any runner can be found through the service."""
    return any(_names(runner, dialect) for runner in manifest.runners)


def coordinator(manifest: Manifest, dialect: Dialect) -> Machine:
    """Where planning and bundling happen: the first runner that the service can find."""
    runner = next(runner for runner in manifest.runners if _names(runner, dialect))
    served = [
        target.platform.family
        for target in manifest.all_targets
        if fnmatch.fnmatchcase(str(target.platform), runner.match)
    ]
    is_windows = bool(served) and all(family is Family.WINDOWS for family in served)
    if dialect == "github":
        return Machine(is_windows=is_windows, labels=runner.github)
    return Machine(is_windows=is_windows, labels=runner.gitlab.tags, image=runner.gitlab.image)


def classes(manifest: Manifest, dialect: Dialect) -> tuple[JobClass, ...]:
    """Every job class, sorted; one that the service cannot find a runner for is an error."""
    found = tuple(sorted(set(job_classes(manifest).values())))
    if problems := list(_without_runner(found, manifest, dialect)):
        raise ManifestError.of(problems)
    return found


def _without_runner(
    found: Iterable[JobClass], manifest: Manifest, dialect: Dialect
) -> Iterable[Problem]:
    for job_class in found:
        machine = Machine.of_class(job_class, dialect)
        if not machine.labels and not machine.image:
            what = f"runners: expected `{dialect}` for {job_class.platform}, as others have it"
            hint = f"add `{dialect}:` to the runner that matches {job_class.platform}"
            yield Problem(place=manifest.source, what=what, hint=hint)


def _names(runner: Runner, dialect: Dialect) -> bool:
    if dialect == "github":
        return bool(runner.github)
    return bool(runner.gitlab.tags or runner.gitlab.image)
