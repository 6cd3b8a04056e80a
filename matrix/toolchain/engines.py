"""Check that a container engine and its images suit the lanes that use them."""

import re
from collections.abc import Sequence
from typing import Final

from packaging.version import InvalidVersion, Version

from matrix.builds.engine import Engine, Unequipped
from matrix.builds.host import class_arch
from matrix.builds.pulls import fetch_image
from matrix.edge.progress import Reporter
from matrix.plan.model import JobClass
from matrix.targets.lanes import get_lane
from matrix.toolchain.finding import Finding

_SECONDS: Final = 60.0
_VERSION: Final = re.compile(r"(\d+(?:\.\d+)+)")
_NEW_DOCKER: Final = Version("29")
_OLDEST_PODMAN: Final = Version("3")
_OCI_ARCHES: Final = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}


def check_engine(name: str, engine: Engine, users: Sequence[JobClass]) -> Finding:
    """Check that every lane of ``users`` supports the engine's version."""
    version = _find_version(engine, name)
    if version is None:
        return Finding(subject=name, detail="answers")
    if name == "podman" and version < _OLDEST_PODMAN:
        what = f"expected podman {_OLDEST_PODMAN} or newer, got {version}"
        return Finding(subject=name, lacks=what, hint="install a newer podman")
    lanes = sorted({user.lane for user in users if _is_too_new(name, version, user)})
    if lanes:
        what = f"cibuildwheel {', '.join(lanes)} does not support docker {version}"
        hint = "set `engine: podman` for this runner in packages.yaml, or install docker 28"
        return Finding(subject=name, lacks=what, hint=hint)
    return Finding(subject=name, detail=str(version))


def _is_too_new(name: str, version: Version, job_class: JobClass) -> bool:
    is_new = name == "docker" and version >= _NEW_DOCKER
    return is_new and not get_lane(job_class.lane).reads_docker_29


def _find_version(engine: Engine, name: str) -> Version | None:
    # The daemon's version counts for docker; podman has none.
    form = "{{.Server.Version}}" if name == "docker" else "{{.Client.Version}}"
    answer = engine.run("version", "--format", form, seconds=_SECONDS)
    match = _VERSION.search(answer.output)
    try:
        return Version(match[1]) if answer.succeeded and match else None
    except InvalidVersion:
        return None


def check_image(
    engine: Engine, image: str, users: Sequence[JobClass], *, reporter: Reporter
) -> Finding:
    """Check that ``image`` is present or can be pulled, and is for the right architecture."""
    mine = [user for user in users if user.image == image]
    if not image:
        lanes = ", ".join(sorted({user.lane for user in mine}))
        what = f"cibuildwheel {lanes} has no image old enough for its targets"
        return Finding(subject="image", lacks=what, hint="set one in runners[].images")
    subject = f"image {image}"
    try:
        fetch_image(engine, image, reporter=reporter)
    except Unequipped as error:
        return Finding(subject=subject, lacks="cannot be pulled", hint=error.hint)
    command = ("image", "inspect", image, "--format", "{{.Os}}/{{.Architecture}}")
    answer = engine.run(*command, seconds=_SECONDS)
    actual = answer.output.strip()
    arch = class_arch(mine[0])
    expected = f"linux/{_OCI_ARCHES.get(arch, arch)}"
    if answer.succeeded and actual != expected:
        # cibuildwheel pulls an image again if its platform is another one.
        what = f"expected an image for {expected}, got {actual or 'none'}"
        return Finding(subject=subject, lacks=what, hint=f"pull or import it for {expected}")
    return Finding(subject=subject, detail=f"present, {actual}")
