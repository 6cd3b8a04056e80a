"""
The wheels that this host has built, by the keys of their builds.

A wheel is reused where content key and test key of all targets of its build are the same; with
another test it is built and tested again.
"""

import hashlib
from pathlib import Path

from matrix.builds.outputs import check_outputs
from matrix.builds.task import describe_build, find_targets
from matrix.edge.progress import Reporter
from matrix.errors import BuildFailed
from matrix.plan.model import Build, Job, Plan


class LocalStore:
    """A directory with one directory for each build of a plan."""

    def __init__(self, root: Path, *, plan: Plan, reporter: Reporter) -> None:
        self._root = root
        self._plan = plan
        self._reporter = reporter

    def find_directory(self, build: Build, job: Job) -> Path:
        """The directory of the wheels of a build."""
        return self._root / digest_keys(build, job, self._plan)

    def find_wheels(self, build: Build, job: Job) -> tuple[Path, ...]:
        """The wheels that an earlier run has built; none unless they serve every target."""
        wheels = self.find_directory(build, job).rglob("*.whl")
        try:
            targets = find_targets(build, self._plan)
            serving = check_outputs(wheels, build, targets, place=describe_build(build, job))
        except BuildFailed:
            return ()
        self._reporter.say(f"built before: {build.label} of {job.id}")
        return serving


def digest_keys(build: Build, job: Job, plan: Plan) -> str:
    """One digest of the keys of all cells of a build, with their targets."""
    keys = sorted(
        f"{cell.target} {cell.content_key} {cell.test_key}\n"
        for cell in plan.cells
        if (cell.job, cell.filename) == (job.id, build.sdist) and cell.target in build.targets
    )
    return hashlib.sha256("".join(keys).encode()).hexdigest()
