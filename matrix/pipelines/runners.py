"""Where jobs run: a manifest's runners as one CI service finds them, and what they set up there."""

import dataclasses
import fnmatch

from matrix.errors import ManifestError, Problem
from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.manifest.network import CERTIFICATES, TOOLCHAIN
from matrix.manifest.runner import Coordinator, Machine, Runner, Step
from matrix.pipelines.installation import Installation, plan_installation
from matrix.pipelines.provider import DEFAULT_MINUTES, JobRunner, Provider
from matrix.targets.platform_tag import Family


def is_used(manifest: Manifest, provider: Provider) -> bool:
    """Whether any runner can be found through the service."""
    return any(provider.find_runner(runner, manifest) for runner in manifest.runners)


def find_coordinator(manifest: Manifest, provider: Provider) -> JobRunner:
    """Where planning, bundling and publishing happen."""
    machine = find_coordinating_machine(manifest, provider)
    runner = provider.find_runner(machine, manifest)
    assert runner is not None  # noqa: S101 - the machine is one that the service finds
    is_windows = _is_windows(machine, manifest)
    return _complete(runner, machine, manifest, provider, is_windows=is_windows)


def find_coordinating_machine(manifest: Manifest, provider: Provider) -> Machine:
    """The manifest's ``coordinator`` where the service finds it, else the first runner."""
    machines = (*filter(None, (manifest.coordinator,)), *manifest.runners)
    return next(machine for machine in machines if provider.find_runner(machine, manifest))


def find_builders(manifest: Manifest, provider: Provider) -> dict[str, JobRunner]:
    """Job class id to runner, sorted; a class that the service has no runner for is an error."""
    runner_by_class: dict[str, JobRunner] = {}
    problems = []
    from matrix.plan.job_classes import assign_job_classes  # noqa: PLC0415 - ``check`` has no plan

    for target, job_class in assign_job_classes(manifest).items():
        row = runner_of(manifest, target)
        runner = provider.find_runner(row, manifest) if row else None
        if row is None or runner is None:
            name = provider.name
            what = f"runners: expected `{name}` for {job_class.platform}, as others have it"
            hint = f"add `{name}:` to the runner that matches {job_class.platform}"
            problems.append(Problem(place=manifest.source, what=what, hint=hint))
            continue
        if job_class.id not in runner_by_class:
            is_windows = job_class.system == "windows"
            runner_by_class[job_class.id] = _complete(
                runner, row, manifest, provider, is_windows=is_windows
            )
    if problems:
        raise ManifestError.of(problems)
    return dict(sorted(runner_by_class.items()))


def _is_windows(machine: Machine, manifest: Manifest) -> bool:
    if isinstance(machine, Coordinator):
        return machine.system == "windows"
    assert isinstance(machine, Runner)  # noqa: S101 - there is no third kind
    served = [
        target.platform.family
        for target in manifest.all_targets
        if fnmatch.fnmatchcase(str(target.platform), machine.match)
    ]
    return bool(served) and all(family is Family.WINDOWS for family in served)


def _complete(
    runner: JobRunner,
    machine: Machine,
    manifest: Manifest,
    provider: Provider,
    *,
    is_windows: bool,
) -> JobRunner:
    """Add to ``runner`` what its machine says of Python, environment, steps and time."""
    installation = None
    if manifest.tool is not None:
        installation = plan_installation(manifest, toolchain=machine.toolchain)
    values = {
        **_find_variables(machine, installation),
        **runner.value_by_variable,
        **{name: item.value for name, item in machine.environment.items() if not item.secret},
    }
    secrets = {name: item.secret for name, item in machine.environment.items() if item.secret}
    minutes = machine.timeout if isinstance(machine, Runner) else 0
    return dataclasses.replace(
        runner,
        is_windows=is_windows,
        command=machine.python,
        value_by_variable=dict(sorted(values.items())),
        secret_by_variable=dict(sorted(secrets.items())),
        steps=tuple(step for step in machine.setup if _has_step(step, provider)),
        installation=installation,
        minutes=minutes or DEFAULT_MINUTES,
    )


def _find_variables(machine: Machine, installation: Installation | None) -> dict[str, str]:
    """Return the variables by which a machine's certificates and toolchain reach its jobs."""
    variables: dict[str, str] = {}
    if machine.ca_bundle:
        variables |= dict.fromkeys(("PIP_CERT", CERTIFICATES), machine.ca_bundle)
    if machine.toolchain:
        variables |= {TOOLCHAIN: machine.toolchain}
        variables |= installation.variables if installation else {}
    return variables


def _has_step(step: Step, provider: Provider) -> bool:
    """Whether the service has a step: actions are GitHub's."""
    return step.only in {None, provider.name} and (not step.uses or provider.has_actions)
