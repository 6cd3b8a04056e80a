"""The job classes of a manifest: they follow from its targets and runners alone."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.manifest.runner import Runner
from matrix.plan.model import JobClass, RunnerLabels
from matrix.targets.lanes import Lane, find_lane
from matrix.targets.platform_tag import Family, PlatformTag
from matrix.targets.target import Target

_SYSTEM: Final[Mapping[Family, Literal["linux", "windows", "macos"]]] = {
    Family.MANYLINUX: "linux",
    Family.MUSLLINUX: "linux",
    Family.WINDOWS: "windows",
    Family.MACOS: "macos",
}


def assign_job_classes(manifest: Manifest) -> dict[Target, JobClass]:
    """
    The job class of every target that some lane serves.

    Targets of one runner, lane and platform share a class, and with it one container: the image is
    the one that suits the lowest floor among them, because a wheel built there runs on the others
    too. PyPy has classes of its own: a lane may have other images for it.
    """
    grouped: dict[tuple[int, str, str, bool], list[Target]] = {}
    for target in manifest.all_targets:
        runner, lane = runner_of(manifest, target), find_lane(target)
        if runner is not None and lane is not None:
            index, is_pypy = manifest.runners.index(runner), bool(target.python.pypy)
            place = (index, lane.version, target.platform.identifier, is_pypy)
            grouped.setdefault(place, []).append(target)
    ambiguous = _find_ambiguous_platforms(grouped)
    class_by_target = {}
    for (index, version, identifier, is_pypy), targets in sorted(grouped.items()):
        lane = find_lane(targets[0])
        assert lane is not None and lane.version == version  # noqa: S101, PT018 - grouped by it
        suffix = "-pypy" if is_pypy else ""
        suffix += f"-runner{index + 1}" if identifier in ambiguous else ""
        job_class = _create_job_class(manifest.runners[index], lane, targets, suffix=suffix)
        class_by_target.update(dict.fromkeys(targets, job_class))
    return class_by_target


def _find_ambiguous_platforms(places: Iterable[tuple[int, str, str, bool]]) -> set[str]:
    """Platforms of several runners: the ids of their classes need the runner's number."""
    runners: dict[str, set[int]] = {}
    for index, _, identifier, _ in places:
        runners.setdefault(identifier, set()).add(index)
    return {identifier for identifier, indexes in runners.items() if len(indexes) > 1}


def _create_job_class(
    runner: Runner, lane: Lane, targets: list[Target], *, suffix: str
) -> JobClass:
    floor = min(target.platform for target in targets)
    slug = floor.identifier.replace("_", "-")
    return JobClass(
        id=f"{slug}-{lane.id}{suffix}",
        system=_SYSTEM[floor.family],
        platform=floor.identifier,
        lane=lane.version,
        engine=runner.engine,
        image=_find_image(runner, lane, floor, is_pypy=bool(targets[0].python.pypy)),
        runner=tuple(
            RunnerLabels(provider=provider, labels=labels)
            for provider, labels in sorted(runner.labels_by_provider.items())
            if labels
        ),
    )


def _find_image(runner: Runner, lane: Lane, floor: PlatformTag, *, is_pypy: bool) -> str:
    if _SYSTEM[floor.family] != "linux":
        return ""
    named = {PlatformTag.parse(tag): image for tag, image in runner.images.items()}
    return named.get(floor) or lane.find_image(floor, is_pypy=is_pypy) or ""
