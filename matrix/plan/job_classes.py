"""Which kinds of jobs a manifest can need, before anybody knows what they will build."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest, Runner
from matrix.plan.model import JobClass
from matrix.targets.lanes import Lane, lane_of
from matrix.targets.platform_tag import Family, PlatformTag
from matrix.targets.target import Target

_SYSTEM: Final[Mapping[Family, Literal["linux", "windows", "macos"]]] = {
    Family.MANYLINUX: "linux",
    Family.MUSLLINUX: "linux",
    Family.WINDOWS: "windows",
    Family.MACOS: "macos",
}


def job_classes(manifest: Manifest) -> dict[Target, JobClass]:
    """
    The job class of every target that some lane serves.

    Targets of one runner, lane and platform share a class, and with it one container: the image is
    the one that suits the lowest floor among them, because a wheel built there runs on the others
    too.
    """
    grouped: dict[tuple[int, str, str], list[Target]] = {}
    for target in manifest.all_targets:
        runner, lane = runner_of(manifest, target), lane_of(target)
        if runner is not None and lane is not None:
            place = (manifest.runners.index(runner), lane.version, target.platform.identifier)
            grouped.setdefault(place, []).append(target)
    ambiguous = _shared_by_runners(grouped)
    classes = {}
    for (index, version, identifier), targets in sorted(grouped.items()):
        lane = lane_of(targets[0])
        assert lane is not None and lane.version == version  # noqa: S101, PT018 - grouped by it
        suffix = f"-runner{index + 1}" if identifier in ambiguous else ""
        made = _job_class(manifest.runners[index], lane, targets, suffix=suffix)
        classes.update(dict.fromkeys(targets, made))
    return classes


def _shared_by_runners(places: Iterable[tuple[int, str, str]]) -> set[str]:
    """
    Platforms that two runners serve (one for each floor): their class ids need the runner's number.
    """
    runners: dict[str, set[int]] = {}
    for index, _, identifier in places:
        runners.setdefault(identifier, set()).add(index)
    return {identifier for identifier, indexes in runners.items() if len(indexes) > 1}


def _job_class(runner: Runner, lane: Lane, targets: list[Target], *, suffix: str) -> JobClass:
    floor = min(target.platform for target in targets)
    slug = floor.identifier.replace("_", "-")
    return JobClass(
        id=f"{slug}-{lane.id}{suffix}",
        system=_SYSTEM[floor.family],
        platform=floor.identifier,
        lane=lane.version,
        engine=runner.engine,
        image=_image(runner, lane, floor),
        github=runner.github.words,
        gitlab_tags=runner.gitlab.tags,
        gitlab_image=runner.gitlab.image,
    )


def _image(runner: Runner, lane: Lane, floor: PlatformTag) -> str:
    if _SYSTEM[floor.family] != "linux":
        return ""
    named = {PlatformTag.parse(tag): image for tag, image in runner.images.items()}
    return named.get(floor) or lane.image(floor) or ""
