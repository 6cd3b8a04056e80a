"""A ``podman`` before the real one on PATH, whose pulls do what the test says, in turn."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Final

_PROGRAM: Final = """\
#!{python} -I
import json, os, pathlib, subprocess, sys

arguments = sys.argv[1:]
script = pathlib.Path({script!r})
if arguments[:1] == ["pull"]:
    error, *later = json.loads(script.read_text(encoding="utf-8")) or [""]
    script.write_text(json.dumps(later), encoding="utf-8")
    with open({pulls!r}, "a", encoding="utf-8") as record:
        record.write(arguments[-1] + "\\n")
    if error:
        sys.exit("Error: initializing source docker://" + arguments[-1] + ": " + error)
    sys.exit(subprocess.run([{real!r}, "tag", {image!r}, arguments[-1]]).returncode)
os.execv({real!r}, [{real!r}, *arguments])
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FlakyPodman:
    """The program in ``directory``; after the scripted errors a pull finds the builder's image."""

    directory: Path

    @classmethod
    def made(cls, directory: Path, *, real: Path, image: str) -> "FlakyPodman":
        podman = cls(directory=directory)
        podman.fail()
        program = directory / "podman"
        text = _PROGRAM.format(
            python=sys.executable,
            script=str(podman._script),
            pulls=str(podman._pulls),
            real=str(real),
            image=image,
        )
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        return podman

    @property
    def _script(self) -> Path:
        return self.directory / "pull-errors.json"

    @property
    def _pulls(self) -> Path:
        return self.directory / "pulls"

    @property
    def pulls(self) -> list[str]:
        """The images that were pulled, in order."""
        return self._pulls.read_text(encoding="utf-8").splitlines() if self._pulls.exists() else []

    def fail(self, *errors: str) -> None:
        """Let the next pulls end with these errors."""
        self._script.write_text(json.dumps(errors), encoding="utf-8")
