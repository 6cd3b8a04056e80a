"""
From job classes and the resources of lanes to the downloads, requirements and images they need.

Pure. The needs of a job class depend on its lane and targets, and not on what it builds, so that a
toolchain stays complete when requirements change.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.requirements import Requirement

from matrix.plan.model import JobClass
from matrix.targets.lanes import find_lane, get_lane
from matrix.targets.platform_tag import Family
from matrix.targets.target import Target
from matrix.toolchain import hosts
from matrix.toolchain.document import CACHE, FIRST_CACHE, Download, Form, Service
from matrix.toolchain.resources import Resources, VirtualenvPin


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A lane that a target needs, with the class of its jobs."""

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


def find_needs(targets: Iterable[Target], classes: Iterable[JobClass]) -> tuple[Need, ...]:
    """Return the needs of all builds that ``classes`` can run for ``targets``, sorted."""
    need_by_service: dict[Service, Need] = {}
    class_by_place = {(each.lane, each.platform): each for each in sorted(classes, reverse=True)}
    for target in targets:
        lane = find_lane(target)
        job_class = class_by_place.get((lane.version, target.platform.identifier)) if lane else None
        if job_class is not None:
            service = Service(lane=job_class.lane, target=target.id)
            need_by_service[service] = Need(service=service, target=target, job_class=job_class)
    return tuple(need_by_service[service] for service in sorted(need_by_service))


def list_images(classes: Iterable[JobClass]) -> tuple[str, ...]:
    """Return the container images of ``classes``, each once."""
    return tuple(sorted({each.image for each in classes if each.image}))


def list_downloads(
    needs: Sequence[Need], resources_by_lane: Mapping[str, Resources]
) -> tuple[Download, ...]:
    """Return every file that does not come from the index, each once, sorted."""
    feed = next((each.feed for each in resources_by_lane.values() if each.feed), "")
    download_by_place: dict[str, Download] = {}
    for need in needs:
        for download in _list_interpreter(need, resources_by_lane[need.service.lane], feed):
            known = download_by_place.get(download.into, download)
            services = tuple(sorted({*known.services, *download.services}))
            merged = dataclasses.replace(download, services=services)
            download_by_place[download.into] = merged
    return tuple(download_by_place[into] for into in sorted(download_by_place))


def _list_interpreter(need: Need, lane: Resources, feed: str) -> Iterator[Download]:
    interpreter = lane.interpreter_by_identifier.get(need.target.identifier)
    if interpreter is None:
        return
    root = CACHE if get_lane(lane.lane).has_cache else FIRST_CACHE
    services = (need.service,)
    if interpreter.address:
        yield _describe_download(
            interpreter.address, interpreter.sha256, root=root, services=services
        )
        return
    where = "python" if root == FIRST_CACHE else "nuget-cpython"
    for package in _list_packages(need.target, interpreter.version):
        name = f"{package}.{interpreter.version}"
        yield Download(
            name=f"{name}.nupkg",
            address=_find_package(feed, package, interpreter.version),
            sha256="",
            into=f"{root}/{where}/{name}/tools",
            form=Form.NUGET,
            services=services,
        )
    if root == FIRST_CACHE and lane.nuget:
        # It runs nuget even for packages that are present.
        yield Download(
            name="nuget.exe",
            address=lane.nuget,
            sha256="",
            into=f"{root}/nuget.exe",
            form=Form.FILE,
            services=services,
        )


def _describe_download(
    address: str, sha256: str, *, root: str, services: tuple[Service, ...]
) -> Download:
    name = address.rpartition("/")[2]
    into, form = f"{root}/{_remove_suffix(name)}", Form.ARCHIVE
    if name.endswith(".pkg"):
        into, form = f"{CACHE}/cpython-installer/{name}", Form.FILE
    return Download(
        name=name, address=address, sha256=sha256, into=into, form=form, services=services
    )


def _remove_suffix(name: str) -> str:
    for suffix in (".zip", ".tar.gz", ".tar.bz2"):
        name = name.removesuffix(suffix)
    return name


def _list_packages(target: Target, version: str) -> tuple[str, ...]:
    """Return the NuGet packages of an interpreter; for arm64 also that of the build machine."""
    major = "python2" if version.startswith("2.") else "python"
    machine = {"x86": "x86", "amd64": "", "arm64": "arm64"}[target.platform.machine.lower()]
    free = "-freethreaded" if target.python.is_free_threaded else ""
    names = [f"{major}{machine}{free}"]
    if machine == "arm64":
        names.append(f"{major}{free}")
    return tuple(names)


def _find_package(feed: str, package: str, version: str) -> str:
    # NuGet's flat container has the same base as the feed's index.
    base = feed.removesuffix("/v3/index.json")
    return f"{base}/v3-flatcontainer/{package}/{version}/{package}.{version}.nupkg"


def list_virtualenvs(
    needs: Sequence[Need], resources_by_lane: Mapping[str, Resources]
) -> Mapping[VirtualenvPin, tuple[Need, ...]]:
    """Return the zip applications for environments outside of containers, with their users."""
    needs_by_pin: dict[VirtualenvPin, list[Need]] = {}
    for need in needs:
        pin = resources_by_lane[need.service.lane].find_virtualenv(need.target)
        if pin is not None and need.job_class.system != "linux":
            needs_by_pin.setdefault(pin, []).append(need)
    pins = sorted(needs_by_pin, key=lambda pin: pin.version)
    return {pin: tuple(needs_by_pin[pin]) for pin in pins}


def describe_application(pin: VirtualenvPin, services: tuple[Service, ...]) -> Download:
    """Return the download of the zip application as cibuildwheel would fetch it."""
    name = f"virtualenv-{pin.version}.pyz"
    return Download(
        name=name,
        address=pin.address,
        sha256=pin.sha256,
        into=f"{CACHE}/{name}",
        form=Form.FILE,
        services=services,
    )


def list_hosts(needs: Iterable[Need]) -> tuple[Target, ...]:
    """Return the interpreters that can run cibuildwheel for ``needs``, sorted."""
    return hosts.list_hosts(need.job_class for need in needs)


def list_tools(need: Need, lane: Resources) -> tuple[Requirement, ...]:
    """Return the requirements that a lane installs for a target before it builds and tests."""
    family = need.target.platform.family
    if need.job_class.system == "linux":
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


def list_closures(
    needs: Sequence[Need], resources_by_lane: Mapping[str, Resources]
) -> tuple[Closure, ...]:
    """Return the closures of each lane on its hosts, and of its tools for each of its targets."""
    closures = []
    for lane in sorted({need.service.lane for need in needs}):
        users = [need for need in needs if need.service.lane == lane]
        for host in list_hosts(users):
            platform = str(host.platform)
            served = (n for n in users if hosts.find_host_platform(n.job_class) == platform)
            closures.append(
                Closure(
                    target=host,
                    requirements=_requirements(f"cibuildwheel=={lane}"),
                    pins=(),
                    services=tuple(need.service for need in served),
                )
            )
        resources = resources_by_lane[lane]
        closures += [
            Closure(
                target=need.target,
                requirements=list_tools(need, resources),
                pins=resources.list_pins(need.target),
                services=(need.service,),
            )
            for need in users
        ]
    return tuple(closures)
