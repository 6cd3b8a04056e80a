"""
Labels of GitHub's runners: a job with a label of no runner waits for a day and is then cancelled.

Which labels GitHub hosts, and until when, is data with dates. The labels of one's own runners are
known to the manifest only, which may list them.
"""

import datetime
import functools
import importlib.resources
import json
from collections.abc import Iterator, Mapping
from typing import Final

from matrix.errors import Problem, did_you_mean
from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.manifest.runner import SELF_HOSTED, Machine

WARNED_BEFORE: Final = datetime.timedelta(days=90)

# What GitHub gives to every self-hosted runner.
_GIVEN: Final = frozenset({SELF_HOSTED, "linux", "windows", "macos", "x64", "arm", "arm64"})


def judge_labels(
    manifest: Manifest, today: datetime.date
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Warnings of labels that GitHub retires soon; errors of those it has retired or never had."""
    warnings, errors = [], [*find_unknown(manifest)]
    for index, runner in enumerate(manifest.runners):
        if not is_hosted(runner, manifest):
            continue
        for label in runner.github.labels:
            retired = read_hosted().get(label.lower(), {}).get("retired")
            if retired is None:
                continue
            day = datetime.date.fromisoformat(retired)
            if today >= day:
                errors.append(_describe_end(manifest, index, label, f"is gone since {day}"))
            elif today >= day - WARNED_BEFORE:
                warnings.append(_describe_end(manifest, index, label, f"goes away on {day}"))
    return (*warnings, *_warn_of_shared(manifest)), tuple(errors)


def _warn_of_shared(manifest: Manifest) -> Iterator[Problem]:
    """A runner of one's own that publishes, and that runs code of sdists and of forks as well."""
    if manifest.coordinator is not None and manifest.coordinator.github.words:
        return
    for index, runner in enumerate(manifest.runners):
        if not runner.github.words:
            continue
        builds = any(runner_of(manifest, target) is runner for target in manifest.all_targets)
        if builds and is_own(runner):
            what = f"runners[{index}].github: plans and publishes on a machine that also builds"
            hint = "name another machine as `coordinator`: see docs/security.md on shared runners"
            yield Problem(place=manifest.source, line=runner.line, what=what, hint=hint)
        return


def find_unknown(manifest: Manifest) -> Iterator[Problem]:
    """A problem for every label that is neither GitHub's nor listed in the manifest."""
    declared = {label.lower() for label in manifest.github.labels}
    for index, runner in enumerate(manifest.runners):
        known, lasting = set(declared), set(declared)
        if is_own(runner):
            # Without an inventory nothing can be said of the labels of one's own runners.
            known |= _GIVEN if declared else {label.lower() for label in runner.github.labels}
            lasting |= known
        elif manifest.github.dialect == "github.com":
            known |= read_hosted().keys()
            lasting |= {label for label, facts in read_hosted().items() if "retired" not in facts}
        for label in runner.github.labels:
            if label.lower() not in known:
                what = f"runners[{index}].github: {_describe_unknown(label, runner, manifest)}"
                hint = did_you_mean(label, sorted(lasting)) or "list it under `github.labels`"
                yield Problem(place=manifest.source, line=runner.line, what=what, hint=hint)


def is_hosted(runner: Machine, manifest: Manifest) -> bool:
    """Whether GitHub runs the runner, with the tools that GitHub installs."""
    return (
        manifest.github.dialect == "github.com"
        and not is_own(runner)
        and any(label.lower() in read_hosted() for label in runner.github.labels)
    )


@functools.cache
def read_hosted() -> Mapping[str, Mapping[str, str]]:
    """The labels of GitHub's own runners, with ``retired`` and ``instead`` where they end."""
    data = importlib.resources.files("matrix") / "data" / "labels.json"
    loaded: dict[str, dict[str, str]] = json.loads(data.read_text(encoding="utf-8"))["labels"]
    return loaded


def is_own(runner: Machine) -> bool:
    """Whether the runner is registered by its users: GitHub knows nothing of its labels."""
    return runner.github.is_own


def _describe_unknown(label: str, runner: Machine, manifest: Manifest) -> str:
    if is_own(runner):
        return f"expected a label of `github.labels`, got {label!r}"
    if manifest.github.dialect == "enterprise-server":
        return f"expected {SELF_HOSTED!r} or a label of `github.labels`, got {label!r}"
    return f"unknown label {label!r}"


def _describe_end(manifest: Manifest, index: int, label: str, when: str) -> Problem:
    return Problem(
        place=manifest.source,
        line=manifest.runners[index].line,
        what=f"runners[{index}].github: the label {label!r} {when}",
        hint=f"write {read_hosted()[label.lower()]['instead']!r}",
    )
