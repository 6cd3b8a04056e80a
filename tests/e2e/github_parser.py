"""The npm package that GitHub publishes of its own workflow parser."""

import dataclasses
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from matrix.edge.programs import run
from matrix.errors import NotEquipped, Problem

from .gitlab import install

PACKAGE: Final = "@actions/workflow-parser@0.3.61"
_PROGRAM: Final = Path(__file__).with_suffix(".mjs")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHubParser:
    """An installation of the package."""

    modules: Path
    environment: Mapping[str, str]

    @classmethod
    def installed(cls, environment: Mapping[str, str], *, directory: Path) -> Self:
        """Find it below ``directory``, or have npm put it there."""
        for program in ("node", "npm"):
            if shutil.which(program, path=environment.get("PATH")) is None:
                what = f"expected {program} on PATH, got nothing of that name"
                raise NotEquipped(Problem(place="GitHub's parser", what=what, hint=".ci/equip"))
        place = directory / PACKAGE.replace("/", "-")
        if not place.is_dir():
            install((PACKAGE,), place, environment=environment)
        return cls(modules=place / "node_modules", environment=environment)

    def complain(self, workflows: Sequence[Path]) -> list[str]:
        """What GitHub's parser has against ``workflows``."""
        command = ["node", str(_PROGRAM), str(self.modules), *map(str, workflows)]
        finished = run(command, environment=self.environment, timeout=60)
        assert finished.succeeded, finished.output
        complaints: list[str] = json.loads(finished.output)
        return complaints
