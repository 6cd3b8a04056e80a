"""
What a previous bundle holds, by the content key of what was built.

A key covers what decides a built wheel's bytes and is in this tool's hands: sdist, recipe, build
requirements, lane, image, time stamp, and what its recipe wants built before it; the interpreter is
the target, which stands beside it. Where both are the same, the wheel is reused instead of built
again.
"""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence

from matrix.manifest.model import Recipe
from matrix.plan.model import JobClass
from matrix.record.schema import Record


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReusedWheel:
    """A wheel that the previous bundle built."""

    filename: str
    sha256: str
    size: int


Inventory = Mapping[tuple[str, str], ReusedWheel]
"""Content key and target id to wheel."""


def content_key(
    *,
    sdist_sha256: str,
    recipe: Recipe,
    job_class: JobClass,
    first: Mapping[str, tuple[Recipe, Sequence[str]]],
    requires: Sequence[str] = (),
    epoch: int = 0,
) -> str:
    """
    The digest of what decides a built wheel.

    ``requires`` are the digests of its build requirements.

    ``first`` are the projects that the recipe wants built before, at any distance, each with its
    own recipe and the digests of its locked files.
    """
    facts = {
        "after": {name: [_facts(own), sorted(files)] for name, (own, files) in first.items()},
        "epoch": epoch,
        "image": job_class.image,
        "lane": job_class.lane,
        "platform": job_class.platform,
        "recipe": _facts(recipe),
        "requires": sorted(requires),
        "sdist": sdist_sha256,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _facts(recipe: Recipe) -> dict[str, object]:
    return {
        "before-all": recipe.before_all,
        "config-settings": dict(recipe.config_settings),
        "environment": dict(recipe.environment),
        "repair": [recipe.repair.exclude, recipe.repair.plat],
        "requires": recipe.requires,
        "system": dict(recipe.system),
        "upstream-configuration": recipe.upstream_configuration,
    }


Durations = Mapping[tuple[str, str], int]
"""Project and target id to the seconds that a build of the project took for that target."""


def read_durations(record: Record) -> Durations:
    """The seconds that the builds of a bundle took, by project and target, for any version."""
    return {
        (wheel.project, target): max(1, wheel.build_seconds // len(wheel.targets))
        for wheel in record.wheels
        if wheel.build_seconds
        for target in wheel.targets
    }


def estimate_seconds(project: str, targets: Collection[str], past: Durations) -> int:
    """
    The expected seconds of a build for ``targets``, by the mean of known durations; 0 for none.

    >>> estimate_seconds("lxml", ["a", "b", "c"], {("lxml", "a"): 60, ("lxml", "b"): 90})
    225
    """
    known = [past[project, target] for target in targets if (project, target) in past]
    return sum(known) * len(targets) // len(known) if known else 0


def read_inventory(record: Record) -> Inventory:
    """Every wheel of a bundle that was built, now or before."""
    return {
        (key, target): ReusedWheel(filename=wheel.filename, sha256=wheel.sha256, size=wheel.size)
        for wheel in record.wheels
        if wheel.content_keys
        for key, target in zip(wheel.content_keys, wheel.targets, strict=True)
    }
