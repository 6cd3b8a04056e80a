"""Where jobs run: a manifest's runners as one CI service finds them."""

import dataclasses
import fnmatch

from matrix.errors import ManifestError, Problem
from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.pipelines.provider import JobRunner, Provider
from matrix.targets.platform_tag import Family


def is_used(manifest: Manifest, provider: Provider) -> bool:
    """Whether any runner can be found through the service."""
    return any(provider.find_runner(runner, manifest) for runner in manifest.runners)


def find_coordinator(manifest: Manifest, provider: Provider) -> JobRunner:
    """Where planning, bundling and publishing happen: the first runner of the service."""
    runner_by_row = ((row, provider.find_runner(row, manifest)) for row in manifest.runners)
    row, runner = next((row, runner) for row, runner in runner_by_row if runner is not None)
    served = [
        target.platform.family
        for target in manifest.all_targets
        if fnmatch.fnmatchcase(str(target.platform), row.match)
    ]
    is_windows = bool(served) and all(family is Family.WINDOWS for family in served)
    return dataclasses.replace(runner, is_windows=is_windows)


def find_builders(manifest: Manifest, provider: Provider) -> dict[str, JobRunner]:
    """Job class id to runner, sorted; a class that the service has no runner for is an error."""
    runner_by_class: dict[str, JobRunner] = {}
    problems = []
    from matrix.plan.job_classes import assign_job_classes  # noqa: PLC0415 - ``check`` has no plan

    for target, job_class in assign_job_classes(manifest).items():
        row = runner_of(manifest, target)
        runner = provider.find_runner(row, manifest) if row else None
        if runner is None:
            name = provider.name
            what = f"runners: expected `{name}` for {job_class.platform}, as others have it"
            hint = f"add `{name}:` to the runner that matches {job_class.platform}"
            problems.append(Problem(place=manifest.source, what=what, hint=hint))
            continue
        is_windows = job_class.system == "windows"
        runner = dataclasses.replace(runner, is_windows=is_windows)
        runner_by_class.setdefault(job_class.id, runner)
    if problems:
        raise ManifestError.of(problems)
    return dict(sorted(runner_by_class.items()))
