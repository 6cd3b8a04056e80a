"""The sources and versions that the pip of a build may install, as environment variables."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from matrix.builds.prerequisites import WHEELS, Prerequisites
from matrix.builds.wheelhouse import WHEELHOUSE, Wheelhouse


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PipSettings:
    """Variables for pip and uv, and the text of the constraints file that they name."""

    variables: Mapping[str, str]
    constraints: str


def configure_pip(
    *,
    inside: PurePosixPath | Path,
    constraints_file: PurePosixPath,
    constraints: Sequence[str],
    prerequisites: Prerequisites,
    wheelhouse: Wheelhouse,
    known_links: str,
    is_closed: bool,
) -> PipSettings:
    """
    The settings for a run whose directory is seen as ``inside``.

    ``constraints`` are the recipe's own constraints and ``known_links`` what the machine's pip is
    configured to look at. With ``is_closed`` pip finds only the wheelhouse and the prerequisites.
    """
    pinned = () if is_closed else wheelhouse.pins()
    lines = [
        *sorted(constraints),
        *prerequisites.pins,
        *(pin for pin in pinned if pin not in prerequisites.pins),
    ]
    variables = _constraint_variables(inside / constraints_file) if lines else {}
    places = [WHEELHOUSE] * bool(wheelhouse.wheels) + [WHEELS] * bool(prerequisites.wheels)
    if places:
        links = [_location(inside / place) for place in places]
        known = [known_links] if known_links else []
        variables |= {
            "PIP_FIND_LINKS": " ".join([*known, *links]),
            "UV_FIND_LINKS": ",".join(links),
        }
    if is_closed:
        variables |= {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}
    return PipSettings(variables=variables, constraints="".join(f"{text}\n" for text in lines))


def _constraint_variables(constraints: PurePosixPath | Path) -> dict[str, str]:
    # From 25.3 on pip warns about PIP_CONSTRAINT in isolated builds unless the other is set.
    return dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), _location(constraints))


def _location(path: PurePosixPath | Path) -> str:
    # pip splits the value at blanks, which a path on a runner may hold; a URL holds none.
    return path.as_uri() if isinstance(path, Path) else str(path)
