"""Where jobs run: a manifest's runners as one service sees them."""

import dataclasses
import fnmatch
from typing import Self

from matrix.errors import ManifestError, Problem
from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest, Runner
from matrix.pipelines import labels
from matrix.pipelines.scalar import Dialect
from matrix.plan.job_classes import assign_job_classes
from matrix.targets.platform_tag import Family


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a job says to get a runner, and what its shell is like."""

    is_windows: bool
    is_hosted: bool
    """Whether GitHub runs it, with the tools that GitHub installs."""
    labels: tuple[str, ...]
    """Labels on GitHub, tags on GitLab."""
    group: str = ""
    image: str = ""

    @classmethod
    def of(cls, runner: Runner, manifest: Manifest, dialect: Dialect, *, is_windows: bool) -> Self:
        if dialect == "github":
            return cls(
                is_windows=is_windows,
                is_hosted=labels.is_hosted(runner, manifest),
                labels=runner.github.labels,
                group=runner.github.group,
            )
        return cls(
            is_windows=is_windows,
            is_hosted=False,
            labels=runner.gitlab.tags,
            image=runner.gitlab.image,
        )

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
        return f".wheelyard/{'Scripts' if self.is_windows else 'bin'}/python"


def is_used(manifest: Manifest, dialect: Dialect) -> bool:
    """Whether any runner can be found through the service."""
    return any(_names(runner, dialect) for runner in manifest.runners)


def coordinator(manifest: Manifest, dialect: Dialect) -> Machine:
    """Where planning, bundling and publishing happen: the first runner of the service."""
    runner = next(runner for runner in manifest.runners if _names(runner, dialect))
    served = [
        target.platform.family
        for target in manifest.all_targets
        if fnmatch.fnmatchcase(str(target.platform), runner.match)
    ]
    is_windows = bool(served) and all(family is Family.WINDOWS for family in served)
    return Machine.of(runner, manifest, dialect, is_windows=is_windows)


def builders(manifest: Manifest, dialect: Dialect) -> dict[str, Machine]:
    """Job class id to machine, sorted; a class that the service has no runner for is an error."""
    found: dict[str, Machine] = {}
    problems = []
    for target, job_class in assign_job_classes(manifest).items():
        runner = runner_of(manifest, target)
        if runner is None or not _names(runner, dialect):
            what = f"runners: expected `{dialect}` for {job_class.platform}, as others have it"
            hint = f"add `{dialect}:` to the runner that matches {job_class.platform}"
            problems.append(Problem(place=manifest.source, what=what, hint=hint))
        elif job_class.id not in found:
            is_windows = job_class.system == "windows"
            found[job_class.id] = Machine.of(runner, manifest, dialect, is_windows=is_windows)
    if problems:
        raise ManifestError.of(problems)
    return dict(sorted(found.items()))


def _names(runner: Runner, dialect: Dialect) -> bool:
    if dialect == "github":
        return bool(runner.github.words)
    return bool(runner.gitlab.tags or runner.gitlab.image)
