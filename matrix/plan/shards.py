"""
Builds to jobs, so that another project moves none of them.

Builds that wait for each other are one component, and a component is never divided. Its job follows
from a digest of its name, not from the other builds: see
``docs/decisions/0006-a-job-is-a-shard.md``.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from matrix.plan.model import Build, Job

LIMIT: Final = 2 * 3600
"""Seconds beyond which a bucket is halved."""

_HALVED: Final = 0x7F
_SETUP: Final = 60
_BYTES_A_SECOND: Final = 20_000


def estimate_seconds(build: Build) -> int:
    """
    How long a build takes, by measured builds of the past, else by the size of its sdist.

    A minute for each interpreter, for a fresh environment and a smoke test, and a second for each
    20 kB of source: right within a factor of three where it was measured, from netifaces (30 kB) to
    h5py and grpcio.
    """
    estimate = len(build.identifiers) * (_SETUP + build.size // _BYTES_A_SECOND)
    return build.measured_seconds or estimate


def group_jobs(job_class: str, builds: Sequence[Build], *, most: int = 0) -> Iterator[Job]:
    """
    The jobs of one class, sorted; at most 256, because a component goes to one of 256 shards.

    With ``most`` there are at most that many, of about the same length. The builds of a job are
    sorted so that none precedes a build that it needs.
    """
    components = find_components(builds)
    shards = _join(components, most) if most else _scatter(components)
    for number, members in sorted(shards.items()):
        yield Job(
            id=job_id(job_class, number),
            job_class=job_class,
            builds=tuple(sorted(members, key=_order)),
            seconds=sum(map(estimate_seconds, members)),
        )


def _scatter(components: Iterable[Sequence[Build]]) -> Mapping[int, Sequence[Build]]:
    """Builds by shard; a bucket beyond the limit is halved."""
    by_byte: dict[int, list[Build]] = {}
    for component in components:
        by_byte.setdefault(first_byte(name_component(component)), []).extend(component)
    weights: Counter[int] = Counter()
    for byte, members in by_byte.items():
        weights[byte & _HALVED] += sum(map(estimate_seconds, members))
    shards: dict[int, list[Build]] = {}
    for byte, members in by_byte.items():
        number = byte if weights[byte & _HALVED] > LIMIT else byte & _HALVED
        shards.setdefault(number, []).extend(members)
    return shards


def _join(components: Iterable[Sequence[Build]], most: int) -> Mapping[int, Sequence[Build]]:
    """
    Builds by job, of ``most`` jobs: consistent hashing with bounded loads.

    A component goes to the job of its digest, or to the next one with room: no job gets more than a
    quarter beyond its share. So jobs end at about the same time, and another project moves few.
    """
    weighed = sorted(
        (_digest_name(name_component(each)), sum(map(estimate_seconds, each)), each)
        for each in components
    )
    total = sum(seconds for _, seconds, _ in weighed)
    room = max([-(-total * 5 // (most * 4)), *(seconds for _, seconds, _ in weighed)])
    seconds_by_job: Counter[int] = Counter()
    shards: dict[int, list[Build]] = {}
    # The longest first: what comes last must find room.
    for digest, seconds, component in sorted(weighed, key=lambda item: (-item[1], item[0])):
        home = int(digest, 16) % most
        ring = [(home + step) % most for step in range(most)]
        fitting = (job for job in ring if seconds_by_job[job] + seconds <= room)
        number = next(fitting, min(ring, key=lambda job: seconds_by_job[job]))
        seconds_by_job[number] += seconds
        shards.setdefault(number, []).extend(component)
    return shards


def _digest_name(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def job_id(job_class: str, number: int) -> str:
    """
    A job's name: opaque to shells and providers, and independent of the other jobs.

    >>> job_id("manylinux-x86-64-cibw4", 10)
    'manylinux-x86-64-cibw4.0a'
    """
    return f"{job_class}.{number:02x}"


def first_byte(name: str) -> int:
    """The shard of a component: the first byte of its name's digest."""
    return hashlib.sha256(name.encode()).digest()[0]


def find_components(builds: Sequence[Build]) -> Collection[Sequence[Build]]:
    """Builds that must share a job because one needs the other, or both need a third."""
    leader = {build.project: build.project for build in builds}

    def lead(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for build in builds:
        for name in build.after:
            leader[lead(build.project)] = lead(name)
    groups: dict[str, list[Build]] = {}
    for build in builds:
        groups.setdefault(lead(build.project), []).append(build)
    return groups.values()


def name_component(component: Sequence[Build]) -> str:
    """
    The first project of a component that needs no other build.

    A project that is added needs others and is needed by none, so it changes no name.
    """
    return min(build.project for build in component if not build.after)


def _order(build: Build) -> tuple[int, str, str, str]:
    # `after` holds the needs at any distance, so a build that is needed has a shorter one.
    return len(build.after), build.project, build.version, build.sdist
