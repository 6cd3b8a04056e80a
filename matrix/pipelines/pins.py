"""The actions of generated workflows, by commit: a tag can be moved to other code."""

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Mapping

from matrix.pipelines.scalar import Passed, word


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action at one commit; the version is for people and for services that offer updates."""

    name: str
    version: str
    sha: str

    @property
    def reference(self) -> Passed:
        """As ``uses:`` takes it."""
        return Passed(f"{word(self.name)}@{word(self.sha)} # {word(self.version)}")


@functools.cache
def read_actions(dialect: str) -> Mapping[str, Action]:
    """Every action pinned for a dialect of GitHub, by the last part of its name."""
    data = importlib.resources.files("matrix") / "data" / "actions.json"
    loaded = json.loads(data.read_text(encoding="utf-8"))[dialect]
    return {short: Action(**entry) for short, entry in loaded.items()}
