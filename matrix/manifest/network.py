"""Where runners fetch from, as ``packages.yaml`` says it."""

import dataclasses
from typing import Final

from matrix.manifest.describing import AT_LEAST_ONE, key
from matrix.manifest.describing import line as _line

CERTIFICATES: Final = "WHEELYARD_CA_BUNDLE"
"""The variable of a machine that has certificates of its own."""
TOOLCHAIN: Final = "WHEELYARD_TOOLCHAIN"
"""The variable of a machine that has a toolchain: lanes come from its wheelhouse alone."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Internal:
    """An internal index: a project comes from this one or from `network.index`, never both."""

    index: str = key("The index (Simple API).")
    projects: tuple[str, ...] = key(
        "Projects that come from it, as patterns (*, ?) over names.", bounds=AT_LEAST_ONE
    )
    public: tuple[str, ...] = key(
        "Projects that come from `network.index` although this index serves them too.", default=()
    )
    line: int = _line()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Where runners fetch from; every value replaces the configuration of pip on the runner."""

    index: str = key("The package index (Simple API).", default="")
    ca_bundle: str = key("Certificates to trust, as a path.", name="ca-bundle", default="")
    internal: Internal | None = key(
        "A second index, with the projects that come from it.", default=None
    )
    toolchain: str = key(
        "The output of `toolchain`, as a directory or an address; lanes come from it alone.",
        default="",
    )
    line: int = _line()
