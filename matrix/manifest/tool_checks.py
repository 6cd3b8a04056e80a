"""Whether the manifest's tool can be installed through its indexes."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from packaging.utils import canonicalize_name

from matrix.manifest.network import Network
from matrix.manifest.tool import EXAMPLE, NAME, Tool


def find_problems(tool: Tool, network: Network) -> Iterator[tuple[str, str]]:
    """
    Yield why ``tool`` cannot be installed through ``network``, each with a hint.

    The name is not reserved on the public index, so a version is taken only from an index that the
    manifest names.
    """
    if not tool.is_from_index:
        return
    internal = network.internal
    if internal and _matches(internal.projects) and not _matches(internal.public):
        return
    if network.index:
        return
    what = (
        f"tool: {tool} needs network.index, or network.internal with {NAME} among its projects: "
        "the name is not reserved on the public index"
    )
    yield what, EXAMPLE


def _matches(patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(NAME, canonicalize_name(pattern)) for pattern in patterns)
