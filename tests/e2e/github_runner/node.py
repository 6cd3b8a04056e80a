"""The npm packages that GitHub publishes of its own parser and evaluator."""

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from matrix.edge.programs import run
from matrix.errors import NotEquipped, Problem

from ..gitlab import install
from .expressions import Expressions

PACKAGES: Final = ("@actions/expressions@0.3.61", "@actions/workflow-parser@0.3.61")
_HERE: Final = Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitHubPackages:
    """An installation of both packages."""

    modules: Path
    environment: Mapping[str, str]

    @classmethod
    def installed(cls, environment: Mapping[str, str], *, directory: Path) -> "GitHubPackages":
        """Find them below ``directory``, or have npm put them there."""
        for program in ("node", "npm"):
            if shutil.which(program, path=environment.get("PATH")) is None:
                what = f"expected {program} on PATH, got nothing of that name"
                raise NotEquipped(Problem(place="GitHub's parser", what=what, hint=".ci/equip"))
        place = directory / "+".join(package.replace("/", "-") for package in PACKAGES)
        if not place.is_dir():
            install(PACKAGES, place, environment=environment)
        return cls(modules=place / "node_modules", environment=environment)

    def complaints(self, workflows: Sequence[Path]) -> list[str]:
        """What GitHub's parser has against ``workflows``."""
        command = ["node", str(_HERE / "parse.mjs"), str(self.modules), *map(str, workflows)]
        finished = run(command, environment=self.environment, timeout=60)
        assert finished.succeeded, finished.output
        listed: list[str] = json.loads(finished.output)
        return listed

    @contextmanager
    def evaluating(self) -> Iterator[Expressions]:
        """Yield an evaluator that lives as long as the block."""
        node = shutil.which("node", path=self.environment.get("PATH"))
        assert node is not None
        process = subprocess.Popen(
            [node, str(_HERE / "evaluate.mjs"), str(self.modules)],
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        asked, answers = process.stdin, process.stdout
        assert asked is not None
        assert answers is not None

        def ask(request: Mapping[str, Any]) -> Mapping[str, Any]:
            asked.write(json.dumps(request) + "\n")
            asked.flush()
            answer: Mapping[str, Any] = json.loads(answers.readline())
            return answer

        try:
            yield Expressions(ask)
        finally:
            asked.close()
            process.wait(timeout=10)
            answers.close()
