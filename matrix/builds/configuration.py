"""
The configuration of one run of cibuildwheel: files, arguments and variables, computed from the plan
and the manifest alone.

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

from matrix.builds import pure, smoke, system_packages, toml_text
from matrix.builds.environment import container_variables
from matrix.builds.host import class_tag
from matrix.builds.options import choose_options, reads_toml, render_toml, render_variables
from matrix.builds.pip_settings import configure_pip
from matrix.builds.prerequisites import NO_PREREQUISITES, Prerequisites
from matrix.builds.script_files import read_script
from matrix.builds.wheelhouse import EMPTY_WHEELHOUSE, Wheelhouse
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


def configure_build(
    build: Build,
    job_class: JobClass,
    *,
    targets: Sequence[Target],
    recipe: Recipe,
    environment: Mapping[str, str],
    work: Path,
    source: PurePosixPath,
    prerequisites: Prerequisites = NO_PREREQUISITES,
    wheelhouse: Wheelhouse = EMPTY_WHEELHOUSE,
    prepared: str = "",
) -> Configuration:
    """
    The configuration of cibuildwheel for ``build``.

    ``environment`` is the scrubbed one, ``targets`` are the build's, ``work`` is the directory in
    which it will run and ``source`` the directory of the sdist in it. In the image ``prepared`` the
    recipe's ``before-all`` has been run.
    """
    system = job_class.system
    script = "" if prepared else render_before_all(system, recipe)
    is_closed = system == "linux" and wheelhouse.is_complete
    pip = configure_pip(
        inside=_IN_CONTAINER if system == "linux" else work,
        constraints_file=_CONSTRAINTS,
        constraints=recipe.requires,
        prerequisites=prerequisites,
        wheelhouse=wheelhouse,
        known_links="" if system == "linux" else environment.get("PIP_FIND_LINKS", ""),
        is_closed=is_closed,
    )
    clock = {"SOURCE_DATE_EPOCH": str(max(build.epoch, FIRST_SECOND))}
    own = dict(sorted(recipe.environment.items()))
    seen = {**clock, **own, **_floor(targets), **pip.variables}
    # What before_all installs comes from the network.
    has_network = not is_closed or bool(script)
    container = _container(seen, environment, run=work.name, has_network=has_network)
    options = choose_options(
        build,
        job_class,
        recipe,
        image=prepared or job_class.image,
        container=container,
        before_all=system_packages.script_command(system) if script else "",
        test_command=f'python "{{project}}/{_SMOKE}"',
    )
    beside = {system_packages.script_path(system): script, _CONSTRAINTS: pip.constraints}
    files = dict(_files(build, job_class, recipe, source))
    files |= {path: text for path, text in beside.items() if text}
    arguments, variables = _pass_options(options, job_class, recipe, files, work)
    return Configuration(
        directory=work,
        files=files,
        package=pure.CARRIER if build.is_pure else source,
        arguments=arguments,
        variables={**(clock if system == "linux" else seen), **variables},
        container=container if system == "linux" else (),
    )


def _pass_options(
    options: Mapping[str, toml_text.Value],
    job_class: JobClass,
    recipe: Recipe,
    files: dict[PurePosixPath, str],
    work: Path,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The arguments and variables that pass ``options``; a file is added to ``files``."""
    arguments = ["--platform", job_class.system, "--archs", class_tag(job_class).machine]
    arguments += ["--output-dir", str(work / OUT)]
    # Upstream's own limits were read when the job was planned, and a broken setup.cfg must not be
    # read again.
    variables = {"CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7"}
    if reads_toml(job_class) and not recipe.upstream_configuration:
        files[TOML] = render_toml(options)
        arguments += ["--config-file", str(work / TOML)]
    else:
        variables |= render_variables(options)
    return tuple(arguments), variables


def _container(
    seen: Mapping[str, str],
    environment: Mapping[str, str],
    *,
    run: str,
    has_network: bool,
) -> tuple[str, ...]:
    names = container_variables(environment) if has_network else ()
    certificates = str(_IN_CONTAINER / CERTIFICATES)
    trusted = {"PIP_CERT": certificates} if "PIP_CERT" in environment else {}
    return (
        f"--label={container_label(run)}",
        *(() if has_network else ("--network=none",)),
        *(f"--env={name}" for name in names),
        *(f"--env={name}={text}" for name, text in {**seen, **trusted}.items()),
    )


def _files(
    build: Build, job_class: JobClass, recipe: Recipe, source: PurePosixPath
) -> Iterator[tuple[PurePosixPath, str]]:
    if build.is_pure:
        # The pip of 1.12.0 knows no settings, as elsewhere.
        settings = recipe.config_settings if reads_toml(job_class) else {}
        yield from pure.carrier_files(source, settings).items()
    yield _SMOKE, read_script("smoke.py")
    yield (
        _SMOKE.with_suffix(".json"),
        smoke.render_settings(canonicalize_name(build.project), recipe.test),
    )


def _floor(targets: Sequence[Target]) -> dict[str, str]:
    floors = [t.platform.floor for t in targets if t.platform.family is Family.MACOS]
    return {"MACOSX_DEPLOYMENT_TARGET": ".".join(map(str, min(floors)))} if floors else {}


def render_before_all(system: str, recipe: Recipe) -> str:
    """The script that prepares a machine for builds by ``recipe``; empty for none."""
    return system_packages.render_script(system, recipe.system, recipe.before_all)


def container_label(run: str) -> str:
    """The label of a run's containers, by which they are removed afterwards."""
    return f"wheelyard.run={run}"
