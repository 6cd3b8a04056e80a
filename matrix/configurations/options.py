"""
cibuildwheel's options for a build, and the two ways to pass them.

The same options are written twice, as TOML for lanes that read a file and as ``CIBW_*`` for 1.12.0,
which has none.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from matrix.configurations import carrier
from matrix.configurations.inputs import BuildInputs
from matrix.documents import toml_text
from matrix.manifest.recipe import Repair

# What each lane does by itself, with room for more options.
_REPAIR: Final = {
    "linux": "auditwheel repair{} -w {{dest_dir}} {{wheel}}",
    "macos": ("delocate-wheel --require-archs {{delocate_archs}} -w {{dest_dir}} -v {{wheel}}{}"),
    "windows": "delvewheel repair{} -w {{dest_dir}} {{wheel}}",
}


def choose_options(
    inputs: BuildInputs,
    *,
    engine: str,
    image: str,
    create_args: Sequence[str],
    before_all: str,
    test_command: str,
) -> dict[str, toml_text.Value]:
    """
    The options of one run.

    ``create_args`` are arguments of the container's creation; ``before_all`` and ``test_command``
    are command lines, empty for none.
    """
    # All identifiers in one run: only then an abi3 wheel of the first serves the others.
    options: dict[str, toml_text.Value] = {"build": list(inputs.identifiers)}
    if groups := inputs.lane.select_groups(inputs.identifiers):
        options["enable"] = list(groups)
    if inputs.system == "linux":
        # PyPy has an image option of its own: manylinux-pypy_x86_64-image.
        kind = "-pypy_" if any(name.startswith("pp") for name in inputs.identifiers) else "-"
        options[f"{inputs.platform.replace('_', kind, 1)}-image"] = image
        if inputs.lane.reads_toml:
            options["container-engine"] = {
                "name": engine,
                "create-args": create_args,
                # The build is root in its container and runs code from the internet; the host is
                # none of its business.
                "disable-host-mount": True,
            }
    if before_all:
        options["before-all"] = before_all
    options |= _carrier_options() if inputs.is_pure else _native_options(inputs)
    # The pins of a lane are for its own tools; an internal index need not hold exactly these.
    options["dependency-versions"] = "latest"
    if inputs.lane.audits:
        # abi3audit runs on the host and fetches itself from the network first; auditing has no
        # place here yet.
        options["audit-command"] = ""
    options["test-command"] = test_command
    return options


def _carrier_options() -> dict[str, toml_text.Value]:
    # Repairing would look for libraries, and give the wheel another name.
    return {"before-build": carrier.BEFORE_BUILD, "repair-wheel-command": ""}


def _native_options(inputs: BuildInputs) -> dict[str, toml_text.Value]:
    recipe = inputs.recipe
    options: dict[str, toml_text.Value] = {}
    if recipe.config_settings and inputs.lane.reads_toml:  # the pip of 1.12.0 calls setup.py
        options["config-settings"] = {
            name: text[0] if len(text) == 1 else text
            for name, text in recipe.config_settings.items()
        }
    if (recipe.repair.exclude or recipe.repair.plat) and _repairs(inputs):
        options["repair-wheel-command"] = _repair_command(inputs.system, recipe.repair)
    return options


def _repairs(inputs: BuildInputs) -> bool:
    # On Windows nothing was repaired before 4.0 came with delvewheel.
    return inputs.system != "windows" or inputs.lane.has_delvewheel


def _repair_command(system: str, repair: Repair) -> str:
    words = [word for library in repair.exclude for word in ("--exclude", library)]
    if system == "linux" and repair.plat:
        words += ["--plat", repair.plat]
    # cmd.exe knows double quotes only, and no name of a library holds one.
    quote = shlex.quote if system != "windows" else '"{}"'.format
    return _REPAIR[system].format("".join(f" {quote(word)}" for word in words))


def render_toml(options: Mapping[str, toml_text.Value]) -> str:
    """The text of a configuration file."""
    return toml_text.table("tool.cibuildwheel", options)


def render_variables(options: Mapping[str, toml_text.Value]) -> dict[str, str]:
    """The same as environment variables, which replace what a configuration file says."""
    return {
        f"CIBW_{name.upper().replace('-', '_')}": _render_value(value)
        for name, value in options.items()
    }


def _render_value(value: toml_text.Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return _render_engine(value) if "create-args" in value else _render_settings(value)
    return " ".join(value)


def _render_engine(value: Mapping[str, toml_text.Plain]) -> str:
    arguments = value["create-args"]
    assert not isinstance(arguments, str | bool)  # noqa: S101 - as choose_options has written it
    return f"{value['name']}; create_args: {shlex.join(arguments)}; disable_host_mount: true"


def _render_settings(value: Mapping[str, toml_text.Plain]) -> str:
    words = [
        f"{name}={text}"
        for name, given in value.items()
        for text in ([given] if isinstance(given, str | bool) else given)
    ]
    return shlex.join(words)
