"""
What cibuildwheel is told: files, arguments and variables, computed from the plan and the manifest
alone.

Environment variables of a recipe do not go through cibuildwheel's ``environment``
option: its little shell cannot read a value with a quote in it, or one that looks like an
assignment. They are arguments of the container instead, and on machines without containers simply
the environment.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.utils import canonicalize_name

from matrix.builds import pure, smoke, surroundings, system_packages, toml_text
from matrix.builds.machine import class_tag
from matrix.builds.offering import NOTHING_OFFERED, Offered
from matrix.builds.options import as_toml, as_variables, options, reads_toml
from matrix.builds.pip_settings import pip_settings
from matrix.builds.stock import NO_STOCK, Stock
from matrix.manifest.model import Recipe
from matrix.plan.model import Build, JobClass
from matrix.targets.platform_tag import Family
from matrix.targets.target import Target

# A wheel's bytes should not depend on when it was built. Where the index tells no upload time: the
# first second that a zip archive can express, which backends and repair tools accept as a time.
FIRST_SECOND: Final = 315_532_800

TOML: Final = PurePosixPath("cibw.toml")
OUT: Final = PurePosixPath("out")
CERTIFICATES: Final = PurePosixPath("certificates/ca.pem")
_CONSTRAINTS: Final = PurePosixPath("constraints/build.txt")
_SMOKE: Final = PurePosixPath("smoke/smoke.py")
# Where cibuildwheel copies its working directory to.
_IN_CONTAINER: Final = PurePosixPath("/project")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """
    One run of cibuildwheel in ``directory``.

    ``files`` and the ``package`` that it builds are relative to its working directory;
    ``arguments`` are to be followed by the latter; ``variables`` are added to the scrubbed
    environment; ``container`` are arguments of the container's creation, which lane 1.12.0 cannot
    be told and the shim adds.
    """

    directory: Path
    files: Mapping[PurePosixPath, str]
    package: PurePosixPath
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
    work: Path,
    source: PurePosixPath,
    offered: Offered = NOTHING_OFFERED,
    stock: Stock = NO_STOCK,
    prepared: str = "",
) -> Configuration:
    """
    Everything that cibuildwheel is told for ``build``.

    ``environment`` is the scrubbed one, ``targets`` are the build's, ``work`` is the directory in
    which it will run and ``source`` that of the sdist in it. ``prepared`` is an image in which
    ``before_all`` has been run.
    """
    system = job_class.system
    script = "" if prepared else before_all(system, recipe)
    is_closed = system == "linux" and stock.is_complete
    pip = pip_settings(
        inside=_IN_CONTAINER if system == "linux" else work,
        constraints_file=_CONSTRAINTS,
        asked=recipe.requires,
        offered=offered,
        stock=stock,
        known_links="" if system == "linux" else environment.get("PIP_FIND_LINKS", ""),
        is_closed=is_closed,
    )
    clock = {"SOURCE_DATE_EPOCH": str(max(build.epoch, FIRST_SECOND))}
    own = dict(sorted(recipe.environment.items()))
    seen = {**clock, **own, **_floor(targets), **pip.variables}
    # What before_all installs comes from the network.
    has_network = not is_closed or bool(script)
    container = _container(seen, environment, run=work.name, has_network=has_network)
    told = options(
        build,
        job_class,
        recipe,
        image=prepared or job_class.image,
        container=container,
        before_all=system_packages.command(system) if script else "",
        test_command=f'python "{{project}}/{_SMOKE}"',
    )
    beside = {system_packages.path(system): script, _CONSTRAINTS: pip.constraints}
    files = dict(_files(build, job_class, recipe, source))
    files |= {path: text for path, text in beside.items() if text}
    arguments, variables = _told(told, job_class, recipe, files, work)
    return Configuration(
        directory=work,
        files=files,
        package=pure.CARRIER if build.is_pure else source,
        arguments=arguments,
        variables={**(clock if system == "linux" else seen), **variables},
        container=container if system == "linux" else (),
    )


def _told(
    told: Mapping[str, toml_text.Value],
    job_class: JobClass,
    recipe: Recipe,
    files: dict[PurePosixPath, str],
    work: Path,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Arguments and variables; what is told by a file is added to ``files``."""
    arguments = ["--platform", job_class.system, "--archs", class_tag(job_class).machine]
    arguments += ["--output-dir", str(work / OUT)]
    # Upstream's own limits were read when the job was planned, and a broken setup.cfg must not be
    # read again.
    variables = {"CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7"}
    if reads_toml(job_class) and not recipe.upstream_configuration:
        files[TOML] = as_toml(told)
        arguments += ["--config-file", str(work / TOML)]
    else:
        variables |= as_variables(told)
    return tuple(arguments), variables


def _container(
    seen: Mapping[str, str],
    environment: Mapping[str, str],
    *,
    run: str,
    has_network: bool,
) -> tuple[str, ...]:
    carried = surroundings.carried(environment) if has_network else ()
    certificates = str(_IN_CONTAINER / CERTIFICATES)
    trusted = {"PIP_CERT": certificates} if "PIP_CERT" in environment else {}
    return (
        f"--label={label(run)}",
        *(() if has_network else ("--network=none",)),
        *(f"--env={name}" for name in carried),
        *(f"--env={name}={text}" for name, text in {**seen, **trusted}.items()),
    )


def _files(
    build: Build, job_class: JobClass, recipe: Recipe, source: PurePosixPath
) -> Iterator[tuple[PurePosixPath, str]]:
    if build.is_pure:
        # The pip of 1.12.0 knows no settings, as elsewhere.
        settings = recipe.config_settings if reads_toml(job_class) else {}
        yield from pure.files(source, settings).items()
    yield _SMOKE, smoke.SCRIPT
    yield _SMOKE.with_suffix(".json"), smoke.settings(canonicalize_name(build.project), recipe.test)


def _floor(targets: Sequence[Target]) -> dict[str, str]:
    floors = [t.platform.floor for t in targets if t.platform.family is Family.MACOS]
    return {"MACOSX_DEPLOYMENT_TARGET": ".".join(map(str, min(floors)))} if floors else {}


def before_all(system: str, recipe: Recipe) -> str:
    """The script of what must be there before any build; empty when nothing need be."""
    return system_packages.script(system, recipe.system, recipe.before_all)


def label(run: str) -> str:
    """What marks the containers of a run, so that none outlives it."""
    return f"wheelyard.run={run}"
