"""A recorder in place of ``gh``: what the workflow asked GitHub to write, call by call."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Final

# Of a repository without releases, in which every commit is on the default branch.
_NO_RELEASE: Final = (
    ("release view", 1, "release not found"),
    ("release download", 1, "release not found"),
    ("api repos/acme/wheels/compare", 0, "identical\n"),
)
_PROGRAM: Final = """\
#!{python} -I
import json, os, pathlib, sys

arguments = sys.argv[1:]
paths = [word.rpartition("=@")[2] for word in arguments if word.endswith(".md")]
texts = {{path: pathlib.Path(path).read_text("utf-8", "replace") for path in paths}}
call = {{
    "arguments": arguments,
    "token": os.environ.get("GH_TOKEN", ""),
    "files": sorted(os.listdir()),
    "texts": texts,
    "stdin": "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read(),
}}
with open({calls!r}, "a", encoding="utf-8") as record:
    record.write(json.dumps(call) + "\\n")
answers = json.loads(pathlib.Path({answers!r}).read_text(encoding="utf-8"))
for words, status, output in answers:
    if " ".join(arguments).startswith(words):
        sys.stdout.write(output)
        sys.exit(status)
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of ``gh``, with the texts of the Markdown files that it names."""

    arguments: list[str]
    token: str
    files: list[str]
    texts: dict[str, str]
    stdin: str


@dataclasses.dataclass(frozen=True, slots=True)
class Gh:
    """The recorder: a program in ``directory / "bin"``."""

    directory: Path

    @classmethod
    def made(cls, directory: Path) -> "Gh":
        gh = cls(directory)
        gh.bin.mkdir(parents=True)
        gh.answer(*_NO_RELEASE)
        program = gh.bin / "gh"
        program.write_text(
            _PROGRAM.format(python=sys.executable, calls=str(gh._calls), answers=str(gh._answers)),
            encoding="utf-8",
        )
        program.chmod(0o755)
        return gh

    @property
    def bin(self) -> Path:
        return self.directory / "bin"

    @property
    def _calls(self) -> Path:
        return self.directory / "calls.jsonl"

    @property
    def _answers(self) -> Path:
        return self.directory / "answers.json"

    @property
    def calls(self) -> list[Call]:
        if not self._calls.exists():
            return []
        lines = self._calls.read_text(encoding="utf-8").splitlines()
        return [Call(**json.loads(line)) for line in lines]

    def answer(self, *answers: tuple[str, int, str]) -> None:
        """Answer calls that begin with these words by a status and an output; others succeed."""
        self._answers.write_text(json.dumps(answers), encoding="utf-8")
