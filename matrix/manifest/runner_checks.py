"""
Checks of ``runners:`` and ``coordinator:`` beyond their types.

The manifest is committed, so no value in it may be a secret; and its steps are the only text that
a shell runs as it is written, so none may contain what a service expands before.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from matrix.errors import Problem
from matrix.manifest.runner import Machine, Step, Variable
from matrix.targets.platform_tag import InvalidPlatformTag, PlatformTag

Say = Callable[..., Problem]
"""Takes a line, what is wrong, and a hint."""

_EXPANSIONS: Final = ("${{", "$[[")
"""What GitHub and GitLab replace in any text of a job."""
_RESERVED: Final = re.compile(
    r"(?i)(GITHUB|GITLAB|CI|RUNNER|ACTIONS|INPUT)_.*|CI|PATH|HOME|JOB|PLAN|TAG|BASE|RELOCK"
)
_SECRET_NAME: Final = re.compile(r"(?i).*(TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|PRIVATE_?KEY)")
_SECRET_VALUE: Final = re.compile(
    r"gh[pousr]_\w{20,}|github_pat_\w{20,}|gl[a-z]+-[\w-]{20,}|xox[abp]-[\w-]{10,}|pypi-[\w-]{20,}"
    r"|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w.-]+|-----BEGIN .*|\w+://[^/@\s]*:[^/@\s]+@.*"
)
"""How tokens of widespread services start, and addresses with a password."""


def find_problems(machine: Machine, path: str, say: Say) -> Iterator[Problem]:
    """Yield what is wrong with ``machine``, which stands at ``path`` of the manifest."""
    line = machine.line
    if not any(machine.labels_by_provider.values()):
        yield say(line, f"{path}: expected github labels, gitlab tags or a gitlab image")
    if machine.gitlab.image and not machine.gitlab.is_container:
        what = f"{path}.gitlab: the shell executor starts no image, got {machine.gitlab.image!r}"
        yield say(line, what, "leave `image` out, or write `executor: docker`")
    if machine.gitlab.services and not machine.gitlab.is_container:
        what = f"{path}.gitlab: the shell executor starts no services"
        yield say(line, what, "leave `services` out, or write `executor: docker`")
    for name, value in machine.gitlab.variables.items():
        if what := _refuse_value(name, Variable(value=value)):
            yield say(line, f"{path}.gitlab.variables.{name}: {what}", _HINT)
    for name, variable in machine.environment.items():
        yield from _find_in_variable(name, variable, f"{path}.environment.{name}", say)
    for index, step in enumerate(machine.setup):
        for what, hint in _find_in_step(step):
            yield say(step.line or line, f"{path}.setup[{index}]: {what}", hint)


def find_in_images(image_by_platform: Mapping[str, str], path: str) -> Iterator[str]:
    """Yield what is wrong with the platform tags of images."""
    for platform in image_by_platform:
        try:
            PlatformTag.parse(platform)
        except InvalidPlatformTag as error:
            yield f"{path}.images: {error}"


_HINT: Final = "keep it in the service's settings and name it: {secret: NAME}"


def _find_in_variable(name: str, variable: Variable, path: str, say: Say) -> Iterator[Problem]:
    if _RESERVED.fullmatch(name):
        what = f"{path}: the pipelines or the service set {name}"
        hint = "extend PATH by a step of `setup`" if name.upper() == "PATH" else ""
        yield say(variable.line, what, hint)
    if what := _refuse_secret(variable.secret):
        yield say(variable.line, f"{path}: {what}")
    if what := _refuse_value(name, variable):
        yield say(variable.line, f"{path}: {what}", _HINT)


def _refuse_secret(name: str) -> str:
    if name.upper().startswith(("GITHUB_", "CI_")):
        return f"expected a secret of your own, got {name}, which belongs to the service"
    return ""


def _refuse_value(name: str, variable: Variable) -> str:
    """Why a value cannot stand in a committed file; without the value, which may be a secret."""
    if variable.value and variable.secret:
        return "expected a value or the name of a secret, got both"
    if not variable.value:
        return ""
    if _SECRET_NAME.fullmatch(name) or _SECRET_VALUE.fullmatch(variable.value):
        return "expected no secret, because this file is committed"
    return ""


def _find_in_step(step: Step) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a step, each with a hint."""
    if bool(step.run) == bool(step.uses):
        yield "expected `run` or `uses`", ""
    if step.inputs and not step.uses:
        yield "expected `uses`, whose inputs `with` gives", ""
    if step.uses and step.only == "gitlab":
        yield "GitLab has no actions, got `uses`", "write a line for GitLab: `run`"
    for expansion in _EXPANSIONS:
        if expansion in step.run:
            what = f"expected a line without {expansion!r}, which the service replaces"
            yield what, "read a variable of `environment` instead"
    if not step.run.isprintable():
        yield "expected one line of printable characters", "write one step for each line"
    for name, variable in step.inputs.items():
        if what := _refuse_value(name, variable) or _refuse_secret(variable.secret):
            yield f"with.{name}: {what}", ""
