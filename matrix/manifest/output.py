"""Where the generated pipelines stand in a repository, and what they are called there."""

import dataclasses
from typing import Final

from matrix.manifest.describing import NAME, Bounds, key
from matrix.manifest.describing import line as _line

_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
WORKFLOW: Final = Bounds(
    pattern=rf"{_PART}\.ya?ml", expected="a file name such as 'wheels-lab.yml'"
)
PIPELINE: Final = Bounds(
    pattern=rf"(\.?{_PART}/)*\.?{_PART}\.ya?ml",
    expected="a path from the top of the repository, such as 'ci/wheels-lab.yml'",
)
DIRECTORY: Final = Bounds(
    pattern=rf"{_PART}(/{_PART})*",
    expected="a path from the top of the repository, such as 'ci/wheels'",
)
TAG: Final = Bounds(
    pattern=r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?-",
    expected="lower-case letters, digits and hyphens, with a hyphen at the end",
)
_PLACES: Final = ("wheels.yml", ".gitlab-ci.yml")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """
    Names for a second pipeline of a repository, or for one beside a project's own.

    >>> Output().github, Output(directory="ci/wheels").depth
    ('wheels.yml', 2)
    """

    directory: str = key(
        "The manifest's directory in the repository; the top when left out.",
        default="",
        bounds=DIRECTORY,
    )
    github: str = key(
        "File name of the workflow in .github/workflows.", default=_PLACES[0], bounds=WORKFLOW
    )
    gitlab: str = key(
        "Path of GitLab's pipeline from the top of the repository; another than .gitlab-ci.yml "
        "is started by `trigger` of a pipeline of yours.",
        default=_PLACES[1],
        bounds=PIPELINE,
    )
    name: str = key(
        "Name of the pipeline, of its required check and of its groups of runs.",
        default="wheels",
        bounds=NAME,
    )
    tags: str = key(
        "How tags of releases start; the version follows.", default="bundle-", bounds=TAG
    )
    reusable: bool = key(
        "Whether workflows of yours call it; then it starts by itself for nothing else.",
        default=False,
    )
    line: int = _line()

    @property
    def has_usual_places(self) -> bool:
        """Whether its files are those that a repository with one manifest has."""
        return (self.github, self.gitlab) == _PLACES

    @property
    def depth(self) -> int:
        """How many directories lead from the top of the repository to the manifest."""
        return len(self.directory.split("/")) if self.directory else 0
