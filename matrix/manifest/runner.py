"""The runners that build, as ``packages.yaml`` describes them."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from matrix.manifest.describing import key, mapping
from matrix.manifest.describing import line as _line


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHubRunner:
    """How GitHub finds a runner."""

    labels: tuple[str, ...] = key(
        "Label, or list of labels that must all match.", default=(), shorthand=True
    )
    group: str = key("Runner group; with labels, those of the group that have them.", default="")

    @property
    def words(self) -> tuple[str, ...]:
        """Group and labels in words; empty when GitHub cannot find the runner."""
        return (*((f"group {self.group}",) if self.group else ()), *self.labels)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitLabRunner:
    """How GitLab finds a runner."""

    tags: tuple[str, ...] = key("Runner tags; all must match.", default=(), shorthand=True)
    image: str = key(
        "Container image of the job, for runners whose executor starts one.", default=""
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runners that build for some platforms; the first whose pattern matches is taken."""

    match: str = key("Pattern (*, ?) over platform tags.")
    github: GitHubRunner = key("Labels and runner group.", default=GitHubRunner())
    gitlab: GitLabRunner = key("Tags and image.", default=GitLabRunner())
    engine: Literal["podman", "docker"] = key("Container engine of Linux builds.", default="docker")
    images: Mapping[str, str] = mapping(
        "Platform tag to container image, instead of the lane's own image."
    )
    line: int = _line()

    @property
    def labels_by_provider(self) -> Mapping[str, tuple[str, ...]]:
        """How each CI service finds the runner, for messages; empty where it has no such runner."""
        image = (self.gitlab.image,) if self.gitlab.image else ()
        return {"github": self.github.words, "gitlab": self.gitlab.tags or image}
