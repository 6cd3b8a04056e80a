"""
What cibuildwheel is told: files, arguments and variables, computed from the plan and the manifest
alone.

The same options are written twice, as TOML for lanes that read a file and as ``CIBW_*`` for 1.12.0,
which has none. Environment variables of a recipe do not go through cibuildwheel's ``environment``
option: its little shell cannot read a value with a quote in it, or one that looks like an
assignment. They are arguments of the container instead, and on machines without containers simply
the environment.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from matrix.build import smoke, surroundings, system_packages, toml_text
from matrix.build.machine import class_tag
from matrix.build.offering import WHEELS, Offered
from matrix.errors import ManifestError, Problem
from matrix.manifest.model import Recipe
from matrix.plan.model import Build, JobClass
from matrix.targets.platform_tag import Family
from matrix.targets.target import Target

# A plan knows no upload time, and a wheel's bytes should not depend on when it was built: the first
# second that a zip archive can express, which build backends and repair tools accept as a time
# stamp.
SOURCE_DATE_EPOCH: Final = "315532800"

TOML: Final = PurePosixPath("cibw.toml")
OUT: Final = PurePosixPath("out")
CERTIFICATES: Final = PurePosixPath("certificates/ca.pem")
_CONSTRAINTS: Final = PurePosixPath("constraints/build.txt")
_SYSTEM_PACKAGES: Final = PurePosixPath("scripts/system-packages.sh")
_SMOKE: Final = PurePosixPath("smoke/smoke.py")
# Where cibuildwheel copies its working directory to.
_IN_CONTAINER: Final = PurePosixPath("/project")

_VARIABLE: Final = re.compile(r"(?!CIBW_)[A-Za-z_][A-Za-z0-9_]*")
_SYSTEM_PACKAGE: Final = re.compile(r"[A-Za-z0-9][\w.+:@/=~-]*")
_FIRST_WITH_AUDIT: Final = 4


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """
    One run of cibuildwheel in ``directory``.

    ``files`` are relative to its working directory; ``arguments`` are to be followed by the sdist's
    directory; ``variables`` are added to the scrubbed environment; ``container`` are arguments of
    the container's creation, which lane 1.12.0 cannot be told and the shim adds.
    """

    directory: Path
    files: Mapping[PurePosixPath, str]
    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    container: tuple[str, ...]


def configuration(
    build: Build,
    job_class: JobClass,
    *,
    targets: Sequence[Target],
    recipe: Recipe,
    environment: Mapping[str, str],
    offered: Offered,
    work: Path,
) -> Configuration:
    """
    Everything that cibuildwheel is told for ``build``.

    ``environment`` is the scrubbed one, ``targets`` are the build's, and ``work`` is the directory
    in which it will run. Raises ``ManifestError`` for what a recipe may not say.
    """
    _refuse(build, recipe)
    in_container = job_class.system == "linux"
    inside = _IN_CONTAINER if in_container else work
    constraints = (*sorted(recipe.requires), *offered.pins)
    build_variables = {
        **dict(sorted(recipe.environment.items())),
        **_floor(targets),
        **(_constrained(inside / _CONSTRAINTS) if constraints else {}),
    }
    if in_container and "PIP_CERT" in environment:
        build_variables["PIP_CERT"] = str(_IN_CONTAINER / CERTIFICATES)
    if offered.wheels:
        known = "" if in_container else environment.get("PIP_FIND_LINKS", "")
        build_variables |= _found_at(inside / WHEELS, known=known)
    container = _container(build_variables, environment, run=work.name) if in_container else ()
    options = _options(build, job_class, recipe, container=container)
    variables = {
        # Upstream's own limits were read when the job was planned, and a broken setup.cfg must not
        # be read again.
        "CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7",
        "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH,
        **({} if in_container else build_variables),
    }
    arguments = ["--platform", job_class.system, "--archs", class_tag(job_class).machine]
    arguments += ["--output-dir", str(work / OUT)]
    files = dict(_files(build, job_class, recipe))
    if constraints:
        files[_CONSTRAINTS] = "".join(f"{text}\n" for text in constraints)
    if reads_toml(job_class):
        files[TOML] = toml_text.table("tool.cibuildwheel", options)
        arguments += ["--config-file", str(work / TOML)]
    else:
        variables |= _as_variables(options)
    return Configuration(
        directory=work,
        files=files,
        arguments=tuple(arguments),
        variables=variables,
        container=container,
    )


def _refuse(build: Build, recipe: Recipe) -> None:
    problems = [
        Problem(place="packages.yaml", line=recipe.line, what=f"recipes.{build.project}.{what}")
        for what in _complaints(recipe)
    ]
    if problems:
        raise ManifestError.of(problems)


def _complaints(recipe: Recipe) -> Iterator[str]:
    for name in recipe.environment:
        if not _VARIABLE.fullmatch(name):
            yield f"environment: expected a variable's name without CIBW_, got {name!r}"
    for manager, packages in recipe.system.items():
        for package in packages:
            if not _SYSTEM_PACKAGE.fullmatch(package):
                yield f"system.{manager}: expected the name of a system package, got {package!r}"
    named = {"requires": recipe.requires, "test.requires": recipe.test.requires}
    for key, requirements in named.items():
        for text in requirements:
            try:
                Requirement(text)
            except InvalidRequirement:
                yield f"{key}: expected a PEP 508 requirement, got {text!r}"


def _constrained(constraints: PurePosixPath | Path) -> dict[str, str]:
    # From 25.3 on pip warns about PIP_CONSTRAINT in isolated builds unless the other is set.
    return dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), _location(constraints))


def _found_at(wheels: PurePosixPath | Path, *, known: str) -> dict[str, str]:
    location = _location(wheels)
    return {"PIP_FIND_LINKS": f"{known} {location}".lstrip(), "UV_FIND_LINKS": location}


def _location(path: PurePosixPath | Path) -> str:
    # pip splits the value at blanks, which a path on a runner may hold; a URL holds none.
    return path.as_uri() if isinstance(path, Path) else str(path)


def _floor(targets: Sequence[Target]) -> dict[str, str]:
    floors = [t.platform.floor for t in targets if t.platform.family is Family.MACOS]
    return {"MACOSX_DEPLOYMENT_TARGET": ".".join(map(str, min(floors)))} if floors else {}


def _container(
    variables: Mapping[str, str], environment: Mapping[str, str], *, run: str
) -> tuple[str, ...]:
    return (
        f"--label={label(run)}",
        *(f"--env={name}" for name in surroundings.carried(environment)),
        f"--env=SOURCE_DATE_EPOCH={SOURCE_DATE_EPOCH}",
        *(f"--env={name}={text}" for name, text in variables.items()),
    )


def label(run: str) -> str:
    """What marks the containers of a run, so that none outlives it."""
    return f"wheel-matrix.run={run}"


def _options(
    build: Build, job_class: JobClass, recipe: Recipe, *, container: Sequence[str]
) -> dict[str, toml_text.Value]:
    # All identifiers in one run: only then an abi3 wheel of the first serves the others.
    options: dict[str, toml_text.Value] = {"build": list(build.identifiers)}
    if job_class.system == "linux":
        options[f"{job_class.platform.replace('_', '-', 1)}-image"] = job_class.image
        if reads_toml(job_class):
            options["container-engine"] = {
                "name": job_class.engine,
                "create-args": container,
                # The build is root in its container and runs code from the internet; the host is
                # none of its business.
                "disable-host-mount": True,
            }
    if system_packages.script(job_class.system, recipe.system):
        options["before-all"] = f'sh "{{project}}/{_SYSTEM_PACKAGES}"'
    # The pins of a lane are for its own tools; an internal index need not hold exactly these.
    options["dependency-versions"] = "latest"
    if int(job_class.lane.partition(".")[0]) >= _FIRST_WITH_AUDIT:
        # abi3audit runs on the host and fetches itself from the network first; auditing has no
        # place here yet.
        options["audit-command"] = ""
    options["test-command"] = f'python "{{project}}/{_SMOKE}"'
    return options


def _files(
    build: Build, job_class: JobClass, recipe: Recipe
) -> Iterator[tuple[PurePosixPath, str]]:
    yield _SMOKE, smoke.SCRIPT
    yield _SMOKE.with_suffix(".json"), smoke.settings(canonicalize_name(build.project), recipe.test)
    packages = system_packages.script(job_class.system, recipe.system)
    if packages:
        yield _SYSTEM_PACKAGES, packages


def reads_toml(job_class: JobClass) -> bool:
    """Whether the lane reads a file; 1.12.0, the only one of its kind, does not."""
    return not job_class.lane.startswith("1.")


def _as_variables(options: Mapping[str, toml_text.Value]) -> dict[str, str]:
    return {
        f"CIBW_{name.upper().replace('-', '_')}": text if isinstance(text, str) else " ".join(text)
        for name, text in options.items()
        if isinstance(text, str | list)
    }
