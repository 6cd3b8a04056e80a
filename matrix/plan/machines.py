"""How many machines of a runner there are, and how its job classes share them."""

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from typing import Final

from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.manifest.runner import Runner
from matrix.plan.model import JobClass
from matrix.targets.target import Target

_HOSTED_MACOS: Final = "macos-"
"""How the labels of GitHub's own machines with macOS begin."""
_LIMIT: Final = "hosted macOS jobs at once"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """The job classes of one runner of the manifest, and the number of its machines."""

    classes: tuple[str, ...]
    count: int


def list_machines(
    manifest: Manifest, class_by_target: Mapping[Target, JobClass]
) -> Sequence[Machines]:
    """The runners whose number is known, with the ids of their job classes."""
    classes_by_runner: dict[int, set[str]] = {}
    for target, job_class in class_by_target.items():
        runner = runner_of(manifest, target)
        if runner is not None:
            index = manifest.runners.index(runner)
            classes_by_runner.setdefault(index, set()).add(job_class.id)
    return tuple(
        Machines(classes=tuple(sorted(ids)), count=count)
        for index, ids in sorted(classes_by_runner.items())
        if (count := count_machines(manifest.runners[index]))
    )


def count_machines(runner: Runner) -> int:
    """How many jobs of a runner run at once; 0 when there is no telling."""
    is_hosted = any(label.startswith(_HOSTED_MACOS) for label in runner.github.labels)
    return runner.jobs or (_read_limit() if is_hosted else 0)


def divide(count: int, seconds_by_class: Mapping[str, int]) -> Mapping[str, int]:
    """
    The jobs of each class that has builds: at least one, and together ``count`` if that is enough.

    Machines go one by one to the class whose jobs would be the longest.

    >>> divide(5, {"a": 300, "b": 50})
    {'a': 4, 'b': 1}
    """
    jobs_by_class = dict.fromkeys(sorted(seconds_by_class), 1)
    for _ in range(count - len(jobs_by_class) if jobs_by_class else 0):
        longest = max(jobs_by_class, key=lambda name: seconds_by_class[name] / jobs_by_class[name])
        jobs_by_class[longest] += 1
    return jobs_by_class


@functools.cache
def _read_limit() -> int:
    data = importlib.resources.files("matrix") / "data" / "limits.json"
    return int(json.loads(data.read_text(encoding="utf-8"))["github"][_LIMIT]["cap"])
