"""The directory that stands for GitHub's artifact store, as ``actions/upload.py`` writes it."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One upload."""

    id: int
    name: str
    run: str
    attempt: str
    created_at: str
    retention_days: int
    files: Path


@dataclasses.dataclass(frozen=True, slots=True)
class Artifacts:
    """What the jobs of one run have uploaded, in all its attempts."""

    store: Path
    run: str

    @property
    def all(self) -> tuple[Artifact, ...]:
        """In the order of their ids."""
        return tuple(each for each in list_artifacts(self.store) if each.run == self.run)

    @property
    def names(self) -> list[str]:
        return sorted({artifact.name for artifact in self.all})

    def path(self, name: str) -> Path:
        """The files of an artifact; the newest, where attempts have the same name."""
        found = [artifact for artifact in self.all if artifact.name == name]
        assert found, f"no artifact {name} among {self.names}"
        return found[-1].files


def list_artifacts(store: Path) -> tuple[Artifact, ...]:
    """Every artifact of every run, in the order of their ids."""
    read = (
        (path, json.loads(path.read_text(encoding="utf-8")))
        for path in store.glob("*/artifact.json")
    )
    return tuple(
        sorted((_parse(path, facts) for path, facts in read), key=lambda artifact: artifact.id)
    )


def _parse(path: Path, facts: Mapping[str, Any]) -> Artifact:
    return Artifact(files=path.parent / "files", **facts)
