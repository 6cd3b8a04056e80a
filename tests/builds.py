"""Builds for tests, said in one line: classes, targets, configurations, whole runs."""

import base64
import dataclasses
import hashlib
import io
import shlex
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import Console

from matrix.builds.host import Host
from matrix.builds.job import build_job
from matrix.builds.wheelhouse import Wheelhouse, describe_file
from matrix.builds.workspace import Availability, Workspace, check_availability
from matrix.configurations.configuration import Configuration, Placement, configure_build
from matrix.configurations.inputs import find_deployment_target
from matrix.edge.progress import Loudness, Reporter
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import Recipe
from matrix.plan.keys import create_inputs
from matrix.plan.model import Build, Job, JobClass, Plan, PlannedTarget, RunnerLabels
from matrix.targets.target import Target

HOSTILE = (
    "it's",
    "$HOME $(touch pwned) `touch pwned`",
    'back\\slash and "quotes"',
    "two\nlines",
    "",
    "a=b; create-args: --privileged",
    "${{ secrets.TOKEN }} héé ;|&<>#!*?[a]{b,c}~",
    "\x7f\x01\t",
)
PLACE = "x.00: netifaces 0.11.0"
WORK = Path("/work-directory/netifaces-x.abc")
SOURCE = PurePosixPath("src/netifaces-0.11.0")
PLACEMENT = Placement(
    work=WORK, source=SOURCE, label="wheelyard.run=netifaces-x.abc", engine="podman"
)
LINUX = JobClass(
    id="manylinux-x86-64-cibw4",
    system="linux",
    platform="manylinux_x86_64",
    lane="4.3.3",
    engine="podman",
    image="images.example/manylinux_2_28_x86_64:1",
    runner=(RunnerLabels(provider="github", labels=("ubuntu-24.04",)),),
)
OLD = dataclasses.replace(LINUX, id="manylinux-x86-64-cibw1", lane="1.12.0")
WINDOWS = dataclasses.replace(
    LINUX, id="win-amd64-cibw4", system="windows", platform="win_amd64", image=""
)
MACOS = dataclasses.replace(
    LINUX, id="macosx-arm64-cibw4", system="macos", platform="macosx_arm64", image=""
)
HERE = Host(system="linux", arch="x86_64", python=Path(sys.executable))
EMPTY = Manifest(bundle="b", targets={}, runners=(), packages=())
QUIET = Reporter(loudness=Loudness.QUIET, console=Console(quiet=True))


def target(python: str = "3.12.4", platform: str = "manylinux_2_28_x86_64") -> Target:
    return Target.parse(python, platform)


def one(*targets: Target, project: str = "netifaces", after: tuple[str, ...] = ()) -> Build:
    return Build(
        project=project,
        version="0.11.0",
        sdist=f"{project}-0.11.0.tar.gz",
        sha256="0" * 64,
        size=1,
        identifiers=tuple(t.identifier for t in targets),
        targets=tuple(t.id for t in targets),
        after=after,
    )


def job(*builds: Build, job_class: JobClass = LINUX) -> Job:
    return Job(id="x.00", job_class=job_class.id, builds=builds, seconds=60)


def configure(
    *targets: Target,
    job_class: JobClass = LINUX,
    recipe: Recipe | None = None,
    requirements: Sequence[str] = (),
    is_locked: bool = False,
    epoch: int = 0,
    is_pure: bool = False,
    placement: Placement = PLACEMENT,
) -> Configuration:
    inputs = create_inputs(
        job_class,
        project="netifaces",
        recipe=recipe or Recipe(),
        targets=targets,
        is_pure=is_pure,
        epoch=epoch,
        deployment_target=find_deployment_target(targets),
        requirements=tuple(describe_file(Path(name)) for name in requirements),
        is_locked=is_locked,
    )
    return configure_build(inputs, placement)


def place(**fields: Any) -> Placement:  # noqa: ANN401 - any field
    return dataclasses.replace(PLACEMENT, **fields)


def options(configured: Configuration) -> dict[str, object]:
    text = configured.text_by_path[PurePosixPath("cibw.toml")]
    read: dict[str, object] = tomllib.loads(text)["tool"]["cibuildwheel"]
    return read


def recorded(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()},{len(text.encode())}"


def wheel(directory: Path, filename: str, members: Mapping[str, str] | None = None) -> Path:
    project, version, *_ = filename.split("-")
    info = f"{project}-{version}.dist-info"
    written = {
        **(members or {f"{project}.py": ""}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n",
    }
    record = "".join(f"{name},{recorded(text)}\n" for name, text in written.items())
    record += f"{info}/RECORD,,\n"
    path = directory / filename
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**written, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return path


MANY = "manylinux_2_5_x86_64.manylinux1_x86_64"


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def sh(script: str, directory: Path) -> subprocess.CompletedProcess[str]:
    path = directory / "script.sh"
    path.write_text(script)
    return subprocess.run(
        ["/bin/sh", path],
        env={"PATH": str(directory / "bin")},
        check=False,
        capture_output=True,
        text=True,
    )


def said(program: Path, *arguments: str, variables: Mapping[str, str]) -> list[str]:
    environment = {"PATH": "/usr/bin:/bin", **variables}
    done = subprocess.run(
        [program, *arguments], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.split("\0")[:-1]


def availability(job_class: JobClass, directory: Path, machine: Host = HERE) -> Availability:
    return check_availability(job_class, manifest=EMPTY, workspace=workshop(directory, machine))


def workshop(directory: Path, machine: Host = HERE) -> Workspace:
    return Workspace(
        host=machine,
        environment={"PATH": str(directory / "bin")},
        cache=directory / "cache",
        logs=directory / "logs",
        reporter=QUIET,
    )


def prepared(directory: Path, body: str) -> None:
    """Make an engine that answers, an sdist, and a lane whose cibuildwheel is ``body``."""
    log = shlex.quote(str(directory / "podman.log"))
    program(directory / "bin" / "podman", f'echo "$*" >> {log}')
    version = "if [ $2 = -c ]; then echo 4.3.3; exit; fi"
    out = 'while [ $# -gt 1 ]; do [ "$1" = --output-dir ] && out=$2; shift; done; mkdir "$out"'
    path = "PATH=/usr/bin:/bin"
    lane = directory / "cache" / "cibuildwheel-4.3.3" / "bin" / "python"
    program(lane, f"{version}\n{path}\n{out}\n{body}")
    sdist(directory, "netifaces")


def sdist(directory: Path, project: str) -> None:
    files = {"setup.py": b"", "PKG-INFO": b"Metadata-Version: 1.0\nName: netifaces\n"}
    with tarfile.open(directory / f"{project}-0.11.0.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{project}-0.11.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def run_job(
    directory: Path,
    *targets: Target,
    job_class: JobClass = LINUX,
    seconds: float = 60.0,
    builds: tuple[Build, ...] = (),
) -> tuple[Path, ...]:
    whole = job(*(builds or (one(*targets),)), job_class=job_class)
    planned = tuple(
        PlannedTarget(id=t.id, python=str(t.python), platform=str(t.platform)) for t in targets
    )
    return build_job(
        whole,
        plan=Plan(
            bundle="b",
            targets=planned,
            requirements=(),
            cells=(),
            job_classes=(job_class,),
            jobs=(whole,),
        ),
        manifest=EMPTY,
        sdist=lambda build_job: directory / build_job.sdist,
        wheelhouse=lambda _: Wheelhouse(),
        place=directory / "wheels",
        workspace=dataclasses.replace(workshop(directory), seconds=seconds),
    )
