"""What is doubtful in the manifest's runners, on any service."""

from collections.abc import Iterator
from typing import Final

from matrix.errors import Problem
from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.manifest.runner import Runner
from matrix.pipelines.provider import DEFAULT_MINUTES, JobRunner
from matrix.targets.processor import find_machine

_ENGINE_VARIABLES: Final = frozenset({"DOCKER_HOST", "CONTAINER_HOST"})


def find_doubts(manifest: Manifest) -> Iterator[Problem]:
    """Yield a problem for what a job would find out after it has waited for its machine."""
    for index, runner in enumerate(manifest.runners):
        systems = {
            find_machine(target.platform)[0]
            for target in manifest.all_targets
            if runner_of(manifest, target) is runner
        }
        for what, hint in (
            *_judge_engine(runner, systems),
            *_judge_certificates(runner, systems, manifest.network.ca_bundle),
            *_judge_time(runner, manifest, builds=bool(systems)),
        ):
            place, line = manifest.source, runner.line
            yield Problem(place=place, line=line, what=f"runners[{index}]{what}", hint=hint)


def _judge_engine(runner: Runner, systems: set[str]) -> Iterator[tuple[str, str]]:
    gitlab = runner.gitlab
    if runner.engine != "docker" or "linux" not in systems or not gitlab.is_container:
        return
    if not gitlab.services and not _ENGINE_VARIABLES & {*gitlab.variables, *runner.environment}:
        what = ".gitlab: no service is a docker daemon, and jobs of its executor have none"
        yield what, "see docs/executors.md; a socket that is mounted needs nothing here"


def _judge_certificates(
    runner: Runner, systems: set[str], shared: str
) -> Iterator[tuple[str, str]]:
    if systems == {"windows"} and shared.startswith("/") and not runner.ca_bundle:
        yield f": network.ca-bundle is {shared!r}, which is no path of Windows", "ca-bundle: PATH"


def _judge_time(runner: Runner, manifest: Manifest, *, builds: bool) -> Iterator[tuple[str, str]]:
    """Recipes that may take longer than the job in which they are built."""
    minutes = JobRunner(minutes=runner.timeout or DEFAULT_MINUTES).tool_minutes
    for name, recipe in sorted(manifest.recipes.items()):
        if builds and recipe.timeout > minutes:
            what = f": recipes.{name}.timeout is {recipe.timeout} minutes, builds stop after"
            needed = recipe.timeout + DEFAULT_MINUTES - JobRunner().tool_minutes
            yield f"{what} {minutes}", f"timeout: {needed}, where the service allows it"
