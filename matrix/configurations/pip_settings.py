"""The sources and versions that the pip of a build may install, as environment variables."""

import dataclasses
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath, PurePosixPath
from typing import Final

from matrix.configurations.inputs import LockedWheel

IN_CONTAINER: Final = PurePosixPath("/project")
"""The directory in a container to which cibuildwheel copies its working directory."""
WHEELHOUSE: Final = PurePosixPath("wheelhouse")
"""The directory of the build requirements, below the work directory of a build."""
PREREQUISITES: Final = PurePosixPath("wheels")
"""The directory of wheels that other builds have made, below the work directory."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PipSettings:
    """Variables for pip and uv, and the text of the constraints file that they name."""

    variables: Mapping[str, str]
    constraints: str


def configure_pip(
    *,
    inside: PurePath,
    constraints_file: PurePosixPath,
    constraints: Sequence[str],
    requirements: Sequence[LockedWheel],
    prerequisites: Sequence[LockedWheel],
    links: str,
    index: str,
    is_closed: bool,
) -> PipSettings:
    """
    The settings for a run whose directory is seen as ``inside``.

    ``constraints`` are the recipe's own constraints, ``links`` the host's ``PIP_FIND_LINKS`` and
    ``index`` the address of an index that replaces the host's own. With ``is_closed`` pip finds
    only the ``requirements`` and the ``prerequisites``.
    """
    pins = pin_releases(prerequisites)
    # For hosts without containers, where pip sees an index beside the wheelhouse.
    pinned = [] if is_closed else pin_releases(requirements)
    lines = [*sorted(constraints), *pins, *(pin for pin in pinned if pin not in pins)]
    variables = _constraint_variables(inside / constraints_file) if lines else {}
    places = [WHEELHOUSE] * bool(requirements) + [PREREQUISITES] * bool(prerequisites)
    if places:
        own = [_location(inside / place) for place in places]
        variables |= {
            "PIP_FIND_LINKS": " ".join([*([links] if links else []), *own]),
            "UV_FIND_LINKS": ",".join(own),
        }
    if is_closed:
        variables |= {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}
    elif index:
        variables |= {"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index}
    return PipSettings(variables=variables, constraints="".join(f"{text}\n" for text in lines))


def pin_releases(wheels: Iterable[LockedWheel]) -> list[str]:
    """
    ``name==version`` of every project that has one version among ``wheels``.

    A constraint knows no targets, so that two versions of a project cannot be pinned.

    >>> releases = [("six", "1.17"), ("cython", "3.1"), ("cython", "0.29")]
    >>> pin_releases(LockedWheel(project=p, version=v, filename="") for p, v in releases)
    ['six==1.17']
    """
    versions_by_project: dict[str, list[str]] = {}
    for project, version in sorted({(wheel.project, wheel.version) for wheel in wheels}):
        versions_by_project.setdefault(project, []).append(version)
    return [
        f"{project}=={versions[0]}"
        for project, versions in versions_by_project.items()
        if len(versions) == 1
    ]


def _constraint_variables(constraints: PurePath) -> dict[str, str]:
    # From 25.3 on pip warns about PIP_CONSTRAINT in isolated builds unless the other is set.
    return dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), _location(constraints))


def _location(path: PurePath) -> str:
    # pip splits the value at blanks, which a path on a host may hold; a URL holds none.
    if path.is_relative_to(IN_CONTAINER):
        return str(path)
    location = urllib.parse.quote(path.as_posix(), safe="/:")
    return f"file://{location}" if location.startswith("/") else f"file:///{location}"
