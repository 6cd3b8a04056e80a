"""
The configuration of one run of cibuildwheel: files, arguments and variables.

Environment variables of a recipe do not go through cibuildwheel's ``environment`` option: its
little shell cannot read a value with a quote in it, or one that looks like an assignment. They are
arguments of the container instead, and on hosts without containers simply the environment.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import PurePath, PurePosixPath
from typing import Final

from packaging.utils import canonicalize_name

from matrix.configurations import carrier, smoke, system_packages
from matrix.configurations.inputs import BuildInputs, LockedWheel
from matrix.configurations.options import choose_options, render_toml, render_variables
from matrix.configurations.pip_settings import IN_CONTAINER, PipSettings, configure_pip
from matrix.documents import toml_text
from matrix.manifest.recipe import Recipe

# A wheel's bytes should not depend on when it was built. Where the index tells no upload time: the
# first second that a zip archive can express, which backends and repair tools accept as a time.
FIRST_SECOND: Final = 315_532_800

TOML: Final = PurePosixPath("cibw.toml")
OUT: Final = PurePosixPath("out")
CERTIFICATES: Final = PurePosixPath("certificates/ca.pem")
_CONSTRAINTS: Final = PurePosixPath("constraints/build.txt")
# Placeholders: the same on every host, Windows too.
_WORK: Final = PurePosixPath("/work")
_SOURCE: Final = PurePosixPath("src/sdist")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """
    What one host and one run add to the inputs of a build: paths and names that decide nothing.

    The defaults are the placeholders of the content key.
    """

    work: PurePath = _WORK
    """The directory that cibuildwheel runs in."""
    source: PurePosixPath = _SOURCE
    """The directory of the unpacked sdist, relative to ``work``."""
    label: str = "run"
    """The label of the run's containers."""
    engine: str = "engine"
    image: str = ""
    """An image in which the recipe's ``before-all`` has run; empty to run it in the build."""
    create_args: tuple[str, ...] = ()
    """Arguments of a container's creation that the engine needs."""
    network: str = "none"
    """The network of containers, as the engine's option."""
    index: str = ""
    """The address of the index that an unlocked build sees."""
    links: str = ""
    """The ``PIP_FIND_LINKS`` of a host without containers."""
    has_certificates: bool = False
    prerequisites: tuple[LockedWheel, ...] = ()
    """The wheels of the builds before this one."""


PLACEHOLDERS: Final = Placement()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """
    One run of cibuildwheel in a work directory.

    ``files``, ``test_files`` and the ``package`` that it builds are relative to that directory;
    ``arguments`` are to be followed by the package; ``variables`` are added to the environment of
    the host; ``create_args`` are arguments of the container's creation, which lane 1.12.0 takes
    from the docker shim only.
    """

    text_by_path: Mapping[PurePosixPath, str]
    test_text_by_path: Mapping[PurePosixPath, str]
    """The files that decide no byte of the wheel, only whether it passes."""
    package: PurePosixPath
    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    create_args: tuple[str, ...]


def configure_build(inputs: BuildInputs, placement: Placement = PLACEHOLDERS) -> Configuration:
    """The configuration of cibuildwheel for a build at a place."""
    system, recipe = inputs.system, inputs.recipe
    script = "" if placement.image else render_before_all(system, recipe)
    pip = _configure_pip(inputs, placement)
    epoch = {"SOURCE_DATE_EPOCH": str(max(inputs.epoch, FIRST_SECOND))}
    variables = {**epoch, **dict(sorted(recipe.environment.items())), **_macos(inputs)}
    variables |= pip.variables
    create_args = _create_args(variables, placement) if system == "linux" else ()
    options = choose_options(
        inputs,
        engine=placement.engine,
        image=placement.image or inputs.image,
        create_args=create_args,
        before_all=system_packages.script_command(system) if script else "",
        test_command=smoke.COMMAND,
    )
    texts = {system_packages.script_path(system): script, _CONSTRAINTS: pip.constraints}
    files = {path: text for path, text in texts.items() if text}
    if inputs.is_pure:
        # The pip of 1.12.0 has no settings.
        settings = recipe.config_settings if inputs.lane.reads_toml else {}
        files |= carrier.carrier_files(placement.source, settings)
    arguments, own = _pass_options(options, inputs, files, placement.work)
    return Configuration(
        text_by_path=files,
        test_text_by_path=smoke.smoke_files(canonicalize_name(inputs.project), recipe.test),
        package=carrier.CARRIER if inputs.is_pure else placement.source,
        arguments=arguments,
        variables={**(epoch if system == "linux" else variables), **own},
        create_args=create_args,
    )


def _configure_pip(inputs: BuildInputs, placement: Placement) -> PipSettings:
    is_linux = inputs.system == "linux"
    return configure_pip(
        inside=IN_CONTAINER if is_linux else placement.work,
        constraints_file=_CONSTRAINTS,
        constraints=inputs.recipe.requires,
        requirements=[*inputs.requirements, *inputs.test_requirements],
        prerequisites=placement.prerequisites,
        links="" if is_linux else placement.links,
        index=placement.index,
        is_closed=is_linux and inputs.is_locked,
    )


def _pass_options(
    options: Mapping[str, toml_text.Value],
    inputs: BuildInputs,
    files: dict[PurePosixPath, str],
    work: PurePath,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The arguments and variables that pass ``options``; a file is added to ``files``."""
    arguments = ["--platform", inputs.system, "--archs", inputs.tag.machine]
    arguments += ["--output-dir", str(work / OUT)]
    # Upstream's own limits were read when the job was planned, and a broken setup.cfg must not be
    # read again.
    variables = {"CIBW_PROJECT_REQUIRES_PYTHON": ">=2.7"}
    if inputs.lane.reads_toml and not inputs.recipe.upstream_configuration:
        files[TOML] = render_toml(options)
        arguments += ["--config-file", str(work / TOML)]
    else:
        variables |= render_variables(options)
    return tuple(arguments), variables


def _create_args(variables: Mapping[str, str], placement: Placement) -> tuple[str, ...]:
    certificates = {"PIP_CERT": str(IN_CONTAINER / CERTIFICATES)}
    trusted = certificates if placement.has_certificates else {}
    return (
        f"--label={placement.label}",
        f"--network={placement.network}",
        *placement.create_args,
        *(f"--env={name}={text}" for name, text in {**variables, **trusted}.items()),
    )


def _macos(inputs: BuildInputs) -> dict[str, str]:
    floor = inputs.deployment_target
    return {"MACOSX_DEPLOYMENT_TARGET": floor} if floor else {}


def render_before_all(system: str, recipe: Recipe) -> str:
    """The script that prepares a machine for builds by ``recipe``; empty for none."""
    return system_packages.render_script(system, recipe.system, recipe.before_all)
