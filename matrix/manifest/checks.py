"""Semantic problems that the decoder cannot see: names that must exist or differ."""

import fnmatch
from collections.abc import Collection, Iterable, Iterator

from packaging.utils import NormalizedName, canonicalize_name

from matrix.errors import Problem, did_you_mean
from matrix.manifest import addresses, policy_checks, recipe_checks, runner_checks, tool_checks
from matrix.manifest.model import Manifest
from matrix.manifest.operations import JOB_TOKENS
from matrix.manifest.runner import Runner
from matrix.targets.target import Target


def problems(manifest: Manifest, *, unread: Collection[str]) -> Iterator[Problem]:
    """
    Semantic problems that the decoder cannot see.

    ``unread`` are the paths that the decoder could not read: they are in the file, so no message
    here may call them missing.
    """
    say = _Speaker(manifest.source, unread)
    yield from _targets(manifest, say)
    yield from _runners(manifest, say)
    yield from addresses.find_problems(manifest, say)
    yield from _tool(manifest, say)
    yield from _operations(manifest, say)
    yield from _packages(manifest, say)
    yield from _recipes(manifest, say)
    yield from policy_checks.problems(manifest.policy, say)


def runner_of(manifest: Manifest, target: Target) -> Runner | None:
    """The first runner whose pattern matches the target's platform tag."""
    platform = str(target.platform)
    return next((r for r in manifest.runners if fnmatch.fnmatchcase(platform, r.match)), None)


class _Speaker:
    def __init__(self, source: str, unread: Collection[str]) -> None:
        self.source = source
        self.unread = unread

    def unread_in(self, path: str) -> bool:
        return any(name.startswith(path) for name in self.unread)

    def __call__(self, line: int, what: str, hint: str = "") -> Problem:
        return Problem(place=self.source, line=line, what=what, hint=hint)


def _targets(manifest: Manifest, say: _Speaker) -> Iterator[Problem]:
    first: dict[str, tuple[str, int]] = {}
    for name, group in manifest.targets.items():
        for target in group.targets:
            if target.id in first:
                other, line = first[target.id]
                what = (
                    f"targets.{name}: {target.id} is a target of {other!r} already, on line {line}"
                )
                yield say(group.line, what, "keep one full version of an interpreter per platform")
            first.setdefault(target.id, (name, group.line))
            if runner_of(manifest, target) is None and not say.unread_in("runners"):
                what = f"targets.{name}: no runner matches {str(target.platform)!r}"
                yield say(group.line, what, f'add `- match: "{target.platform}"` to runners')


def _runners(manifest: Manifest, say: _Speaker) -> Iterator[Problem]:
    for index, runner in enumerate(manifest.runners):
        path = f"runners[{index}]"
        yield from runner_checks.find_problems(runner, path, say)
        for what in runner_checks.find_in_images(runner.images, path):
            yield say(runner.line, what)
    if manifest.coordinator is not None:
        yield from runner_checks.find_problems(manifest.coordinator, "coordinator", say)


def _tool(manifest: Manifest, say: _Speaker) -> Iterator[Problem]:
    if manifest.tool is not None and not say.unread_in("network"):
        for what, hint in tool_checks.find_problems(manifest.tool, manifest.network):
            yield say(manifest.tool.line, what, hint)


def _operations(manifest: Manifest, say: _Speaker) -> Iterator[Problem]:
    if manifest.bot is not None and manifest.bot.token in JOB_TOKENS:
        what = f"bot: expected a token of an app or a person, got {manifest.bot.token}: "
        what += "what it pushes starts no pipeline"
        yield say(manifest.bot.line, what, "see docs/merge-requests.md on tokens")
    if manifest.github.attest and manifest.github.dialect == "enterprise-server":
        what = "github.attest: GitHub Enterprise Server has no attestations"
        yield say(manifest.github.line, what, "use `sign` instead")


def _packages(manifest: Manifest, say: _Speaker) -> Iterator[Problem]:
    first: dict[NormalizedName, int] = {}
    for package in manifest.packages:
        path = f"packages.{package.requirement.name}"
        if package.project in first:
            line = first[package.project]
            what = f"{path}: names the project {package.project!r}, as line {line} does"
            yield say(package.line, what, "write one requirement for both")
        first.setdefault(package.project, package.line)
        named = [*package.targets, *(rule.target for rule in package.exclude)]
        yield from _unknown_targets(named, manifest, say, line=package.line, path=path)


def _unknown_targets(
    named: Iterable[str], manifest: Manifest, say: _Speaker, *, line: int, path: str
) -> Iterator[Problem]:
    for name in named:
        if name not in manifest.targets and f"targets.{name}" not in say.unread:
            hint = did_you_mean(name, manifest.targets) or f"known: {', '.join(manifest.targets)}"
            yield say(line, f"{path}: unknown target {name!r}", hint)


def _recipes(manifest: Manifest, say: _Speaker) -> Iterator[Problem]:
    for name, recipe in manifest.recipes.items():
        normalized = canonicalize_name(name)
        if name != normalized:
            what = f"recipes: {name!r} is not a normalized name"
            yield say(recipe.line, what, f"write {normalized!r}")
        if name in recipe.after:
            yield say(recipe.line, f"recipes.{name}.after: {name!r} names itself")
        for complaint in recipe_checks.complaints(recipe):
            yield say(recipe.line, f"recipes.{name}.{complaint}")
