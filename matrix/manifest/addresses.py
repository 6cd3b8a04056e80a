"""Addresses that stand in committed files: they hold no login."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from matrix.errors import Problem
from matrix.manifest.model import Manifest

Say = Callable[..., Problem]
"""Takes a line, what is wrong, and a hint."""
_HINT: Final = "name a secret instead: `environment: {PIP_INDEX_URL: {secret: NAME}}` of a runner"


def find_problems(manifest: Manifest, say: Say) -> Iterator[Problem]:
    """Yield a problem for each address of ``manifest`` that has a password, or is none."""
    network = manifest.network
    index_by_path = {"network.index": network.index}
    if network.internal:
        index_by_path["network.internal.index"] = network.internal.index
    for path, address in index_by_path.items():
        if what := _refuse(address):
            yield say(network.line, f"{path}: {what}", _HINT if "password" in what else "")
    for line, path, address in _list_others(manifest):
        if "password" in (what := _refuse(address)):
            yield say(line, f"{path}: {what}")


def _refuse(address: str) -> str:
    """Why ``address`` cannot stand in a committed file; never with the address, a secret in it."""
    try:
        has_password = urlsplit(address).password is not None
    except ValueError:
        return "expected an address, got text that is none"
    if has_password:
        return "expected an address without a password, because this file is committed"
    return ""


def _list_others(manifest: Manifest) -> Iterator[tuple[int, str, str]]:
    """Yield line, path and text of what can be an address, or a path or an image's name."""
    yield manifest.network.line, "network.toolchain", manifest.network.toolchain
    for index, runner in enumerate(manifest.runners):
        path = f"runners[{index}]"
        yield runner.line, f"{path}.toolchain", runner.toolchain
        yield from _list_values(runner.line, f"{path}.gitlab.variables", runner.gitlab.variables)
    if (coordinator := manifest.coordinator) is not None:
        variables = coordinator.gitlab.variables
        yield from _list_values(coordinator.line, "coordinator.gitlab.variables", variables)


def _list_values(
    line: int, path: str, value_by_name: Mapping[str, str]
) -> Iterator[tuple[int, str, str]]:
    for name, value in value_by_name.items():
        yield line, f"{path}.{name}", value
