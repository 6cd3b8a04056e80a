"""
From job classes and lanes' facts to what must be had: downloads, requirements, images.

Pure. What a class needs follows from its lane and its targets and not from what it will build, so
that a toolchain outlives every change of the requirements.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from packaging.requirements import Requirement

from matrix.builds.host import class_arch
from matrix.plan.model import JobClass
from matrix.targets.lanes import find_lane, get_lane
from matrix.targets.platform_tag import Family
from matrix.targets.target import Target
from matrix.toolchain.model import CACHE, FIRST_CACHE, Download, Form, Service
from matrix.toolchain.resources import Resources, VirtualenvPin

# The Pythons that may run cibuildwheel on a runner.
HOST_PYTHONS: Final = ("3.11.4", "3.12.0", "3.13.0", "3.14.0")
_HOST_PLATFORMS: Final = {
    "linux": "manylinux_2_17_{arch}",
    "windows": "win_{arch}",
    "macos": "macosx_11_0_{arch}",
}
_HOST_ARCHES: Final = {
    ("windows", "x86_64"): "amd64",
    ("windows", "aarch64"): "arm64",
    ("macos", "aarch64"): "arm64",
    ("macos", "universal2"): "arm64",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A lane for a target, with the class of the jobs that use it."""

    service: Service
    target: Target
    job_class: JobClass


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Requirements that must install together on ``target``, with versions to prefer."""

    target: Target
    requirements: tuple[Requirement, ...]
    pins: tuple[Requirement, ...]
    services: tuple[Service, ...]


def wanted(targets: Iterable[Target], classes: Iterable[JobClass]) -> tuple[Wanted, ...]:
    """What ``classes`` can be asked to build for ``targets``, sorted."""
    served: dict[Service, Wanted] = {}
    by_place = {(one.lane, one.platform): one for one in sorted(classes, reverse=True)}
    for target in targets:
        lane = find_lane(target)
        job_class = by_place.get((lane.version, target.platform.identifier)) if lane else None
        if job_class is not None:
            service = Service(lane=job_class.lane, target=target.id)
            served[service] = Wanted(service=service, target=target, job_class=job_class)
    return tuple(served[service] for service in sorted(served))


def images(classes: Iterable[JobClass]) -> tuple[str, ...]:
    """The container images of ``classes``, each once."""
    return tuple(sorted({one.image for one in classes if one.image}))


def downloads(asked: Sequence[Wanted], lanes: Mapping[str, Resources]) -> tuple[Download, ...]:
    """Every file that is no distribution of the index, each once, sorted."""
    feed = next((found.feed for found in lanes.values() if found.feed), "")
    merged: dict[str, Download] = {}
    for one in asked:
        for download in _interpreter(one, lanes[one.service.lane], feed):
            known = merged.get(download.into, download)
            services = tuple(sorted({*known.services, *download.services}))
            merged[download.into] = dataclasses.replace(download, services=services)
    return tuple(merged[into] for into in sorted(merged))


def _interpreter(one: Wanted, lane: Resources, feed: str) -> Iterable[Download]:
    found = lane.interpreters.get(one.target.identifier)
    if found is None:
        return
    root = CACHE if get_lane(lane.lane).has_cache else FIRST_CACHE
    services = (one.service,)
    if found.address:
        yield _published(found.address, found.sha256, root=root, services=services)
        return
    where = "python" if root == FIRST_CACHE else "nuget-cpython"
    for package in _packages(one.target, found.version):
        name = f"{package}.{found.version}"
        yield Download(
            name=f"{name}.nupkg",
            address=_package_address(feed, package, found.version),
            sha256="",
            into=f"{root}/{where}/{name}/tools",
            form=Form.NUGET,
            services=services,
        )
    if root == FIRST_CACHE and lane.nuget:
        # It asks nuget even for what is there already.
        yield Download(
            name="nuget.exe",
            address=lane.nuget,
            sha256="",
            into=f"{root}/nuget.exe",
            form=Form.FILE,
            services=services,
        )


def _published(address: str, sha256: str, *, root: str, services: tuple[Service, ...]) -> Download:
    name = address.rpartition("/")[2]
    into, form = f"{root}/{_stem(name)}", Form.ARCHIVE
    if name.endswith(".pkg"):
        into, form = f"{CACHE}/cpython-installer/{name}", Form.FILE
    return Download(
        name=name, address=address, sha256=sha256, into=into, form=form, services=services
    )


def _stem(name: str) -> str:
    for suffix in (".zip", ".tar.gz", ".tar.bz2"):
        name = name.removesuffix(suffix)
    return name


def _packages(target: Target, version: str) -> tuple[str, ...]:
    """The NuGet packages of an interpreter; for arm64 also the one that runs on other machines."""
    major = "python2" if version.startswith("2.") else "python"
    machine = {"x86": "x86", "amd64": "", "arm64": "arm64"}[target.platform.machine.lower()]
    free = "-freethreaded" if target.python.is_free_threaded else ""
    names = [f"{major}{machine}{free}"]
    if machine == "arm64":
        names.append(f"{major}{free}")
    return tuple(names)


def _package_address(feed: str, package: str, version: str) -> str:
    # NuGet's flat container: the feed's index lies beside it.
    base = feed.removesuffix("/v3/index.json")
    return f"{base}/v3-flatcontainer/{package}/{version}/{package}.{version}.nupkg"


def virtualenvs(
    asked: Sequence[Wanted], lanes: Mapping[str, Resources]
) -> Mapping[VirtualenvPin, tuple[Wanted, ...]]:
    """The zip applications of virtualenv that make environments outside of containers."""
    users: dict[VirtualenvPin, list[Wanted]] = {}
    for one in asked:
        pin = lanes[one.service.lane].virtualenv(one.target)
        if pin is not None and one.job_class.system != "linux":
            users.setdefault(pin, []).append(one)
    return {pin: tuple(users[pin]) for pin in sorted(users, key=lambda pin: pin.version)}


def application(pin: VirtualenvPin, services: tuple[Service, ...]) -> Download:
    """The zip application as cibuildwheel would download it."""
    name = f"virtualenv-{pin.version}.pyz"
    return Download(
        name=name,
        address=pin.address,
        sha256=pin.sha256,
        into=f"{CACHE}/{name}",
        form=Form.FILE,
        services=services,
    )


def hosts(asked: Iterable[Wanted]) -> tuple[Target, ...]:
    """The interpreters that may run cibuildwheel for ``asked``, sorted."""
    platforms = {host_platform(one.job_class) for one in asked}
    return tuple(
        sorted(Target.parse(python, name) for python in HOST_PYTHONS for name in platforms)
    )


def host_platform(job_class: JobClass) -> str:
    """The platform of the machines that run jobs of a class."""
    arch = class_arch(job_class)
    if job_class.system != "macos" and arch == "i686":
        arch = "x86_64"
    named = _HOST_ARCHES.get((job_class.system, arch), arch)
    return _HOST_PLATFORMS[job_class.system].format(arch=named)


def tools(one: Wanted, lane: Resources) -> tuple[Requirement, ...]:
    """What a lane installs beside the interpreter of one target before it builds and tests."""
    family = one.target.platform.family
    if one.job_class.system == "linux":
        return _requirements("virtualenv")
    names = ["pip", "setuptools", "wheel", "virtualenv"]
    if get_lane(lane.lane).installs_build:
        names.append("build[virtualenv]")
    if family is Family.MACOS:
        names.append("delocate")
    elif get_lane(lane.lane).has_delvewheel:
        names.append("delvewheel")
    return _requirements(*names)


def _requirements(*names: str) -> tuple[Requirement, ...]:
    return tuple(map(Requirement, names))


def closures(asked: Sequence[Wanted], lanes: Mapping[str, Resources]) -> tuple[Closure, ...]:
    """What the index must give: each lane on its hosts, and its tools for each of its targets."""
    found = []
    for lane in sorted({one.service.lane for one in asked}):
        mine = [one for one in asked if one.service.lane == lane]
        for host in hosts(mine):
            users = (one for one in mine if host_platform(one.job_class) == str(host.platform))
            found.append(
                Closure(
                    target=host,
                    requirements=_requirements(f"cibuildwheel=={lane}"),
                    pins=(),
                    services=tuple(one.service for one in users),
                )
            )
        found += [
            Closure(
                target=one.target,
                requirements=tools(one, lanes[lane]),
                pins=lanes[lane].pins(one.target),
                services=(one.service,),
            )
            for one in mine
        ]
    return tuple(found)
