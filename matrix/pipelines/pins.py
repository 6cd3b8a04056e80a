"""The actions of generated workflows, by commit: a tag can be moved to other code."""

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Mapping

from matrix.manifest.services import ActionName, GitHub
from matrix.pipelines.scalar import Passed, word


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action at one commit; the version is for people and for services that offer updates."""

    name: str
    version: str
    sha: str

    @classmethod
    def parse(cls, text: str) -> "Action":
        """
        Invert ``str()``; a comment without a version is none.

        >>> str(Action.parse("actions/checkout@0123 # v7.0.1"))
        'actions/checkout@0123 # v7.0.1'
        """
        reference, _, version = text.partition(" # ")
        name, _, sha = reference.partition("@")
        return cls(name=name, version=version, sha=sha)

    def __str__(self) -> str:
        comment = f" # {self.version}" if self.version else ""
        return f"{self.name}@{self.sha}{comment}"

    @property
    def reference(self) -> Passed:
        """As ``uses:`` takes it."""
        comment = f" # {word(self.version)}" if self.version else ""
        return Passed(f"{word(self.name)}@{word(self.sha)}{comment}")


def choose_actions(github: GitHub) -> Mapping[ActionName, Action]:
    """The actions of a workflow: those pinned for its dialect, except for the manifest's own."""
    own = {short: Action.parse(text) for short, text in github.actions.items()}
    return {**read_actions(github.dialect), **own}


@functools.cache
def read_actions(dialect: str) -> Mapping[ActionName, Action]:
    """Every action pinned for a dialect of GitHub, by the last part of its name."""
    data = importlib.resources.files("matrix") / "data" / "actions.json"
    loaded: dict[ActionName, dict[str, str]] = json.loads(data.read_text(encoding="utf-8"))[dialect]
    return {short: Action(**entry) for short, entry in loaded.items()}
