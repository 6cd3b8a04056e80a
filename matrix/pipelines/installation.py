"""
How every job installs this program: by hash, from a file that is committed.

Values of the manifest reach the command line as variables. No command imports what stands in the
repository: ``-I`` keeps the working directory off Python's path, and the console script does.
"""

import dataclasses
from collections.abc import Mapping
from typing import Final

from matrix.errors import ManifestError, Problem
from matrix.manifest.model import Manifest
from matrix.manifest.network import Network
from matrix.manifest.tool import EXAMPLE, FORMS, Tool
from matrix.pipelines.scalar import Passed

REQUIREMENTS: Final = "tool-requirements.txt"
"""Written by ``wheelyard tool --lock``."""
WHEELHOUSE: Final = "tool"
"""The directory of a toolchain that has the wheels of that file."""
LINKS: Final = "index.html"
"""The page there that lists them, for web servers that list no directory."""
_INDEX: Final = "WHEELYARD_INTERNAL_INDEX"
_LINKS: Final = "WHEELYARD_TOOL_LINKS"
_CHECKOUT: Final = "--no-compile --no-deps --no-build-isolation --no-index ."


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """
    Arguments of ``pip install`` in each kind of shell, and the variables that they name.

    ``checkout`` are those of a second call, empty unless the tool is a checkout.
    """

    posix: Passed
    windows: Passed
    checkout: Passed
    variables: Mapping[str, str]


def plan_installation(manifest: Manifest, *, toolchain: str = "") -> Installation:
    """
    Return how jobs install the tool of ``manifest``, which must name one.

    A machine may have a ``toolchain`` of its own.
    """
    tool = require_tool(manifest)
    variables, options = _find_sources(manifest.network, toolchain)
    # Compiling what is never imported takes as long as downloading it.
    install = ("--no-compile", "--require-hashes", "--requirement", REQUIREMENTS)
    return Installation(
        posix=Passed(" ".join([*install, *(option.format("$") for option in options)])),
        windows=Passed(" ".join([*install, *(option.format("$env:") for option in options)])),
        checkout=Passed(_CHECKOUT if tool.is_checkout else ""),
        variables=variables,
    )


def require_tool(manifest: Manifest) -> Tool:
    """Return the manifest's tool; a manifest without one generates no pipelines."""
    if manifest.tool is None:
        what = f"pipelines need the key `tool`: {FORMS}"
        line = manifest.runners[0].line if manifest.runners else 0
        raise ManifestError(Problem(place=manifest.source, line=line, what=what, hint=EXAMPLE))
    return manifest.tool


def _find_sources(network: Network, toolchain: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the variables and options for wheels that pip's own index does not have."""
    toolchain = toolchain or network.toolchain
    if toolchain:
        place = f"{toolchain.rstrip('/')}/{WHEELHOUSE}"
        if "://" in place:
            place = f"{place}/{LINKS}"
        return {_LINKS: place}, ("--no-index", f'--find-links "{{}}{_LINKS}"')
    if network.internal:
        # Two indexes are safe here, because every file is pinned by its hash.
        return {_INDEX: network.internal.index}, (f'--extra-index-url "{{}}{_INDEX}"',)
    return {}, ()
