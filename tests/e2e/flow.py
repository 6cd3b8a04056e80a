"""
The repository's own manifest on this machine, and the command line as a user starts it.

Images cannot be pulled everywhere, so the Linux targets move to the platform of the image that
these tests make: same requirements, same recipes, real interpreters' versions.
"""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from matrix.edge.programs import Finished, run
from matrix.plan.model import State

from .images import BUILDER, CLOSED, PLATFORM, Images

ROOT: Final = Path(__file__).resolve().parent.parent.parent
_LIST: Final = (
    "for python in /opt/python/*/bin/python; do "
    "$python -c 'import platform, sys; sys.stdout.write(platform.python_version())'; "
    'echo " $python"; done'
)
_BUILT: Final = frozenset({"netifaces"})
# The narrow build of 2.7, a link to the wide one: nobody's target.
_NARROW: Final = "cp27-cp27m"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A CPython of the closed image."""

    version: str
    path: str

    @property
    def tag(self) -> str:
        return self.path.split("/")[3].partition("-")[0]


def closed_interpreters(images: Images) -> tuple[Interpreter, ...]:
    """What production servers run: the interpreters of the closed image."""
    listed = images.podman.run(CLOSED, ["sh", "-c", _LIST], timeout=60).output.splitlines()
    found = (line.split() for line in listed)
    return tuple(
        Interpreter(version=version, path=path)
        for version, path in found
        if _NARROW not in path.split("/")
    )


def local_manifest(interpreters: Sequence[Interpreter], *, projects: Sequence[str] = ()) -> str:
    """The repository's manifest for Linux as it is here; ``projects`` narrows the requirements."""
    manifest = yaml.safe_load((ROOT / "packages.yaml").read_text(encoding="utf-8"))
    manifest["targets"] = {
        "here": {"platform": PLATFORM, "python": [each.version for each in interpreters]}
    }
    runner = manifest["runners"][0]
    del runner["gitlab"]["image"]
    manifest["runners"] = [{**runner, "engine": "podman", "images": {PLATFORM: BUILDER}}]
    names = [_name(entry) for entry in manifest["packages"]]
    manifest["packages"] = [
        # The few of a small manifest are there to be built, even where the index has a wheel.
        {"requirement": name, "source": "build"} if projects and name in _BUILT else name
        for name in names
        if not projects or name in projects
    ]
    return yaml.safe_dump(manifest, sort_keys=False)


def _name(entry: str | Mapping[str, Any]) -> str:
    return entry if isinstance(entry, str) else str(entry["requirement"])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """``python -m matrix``, started in a directory of its own."""

    directory: Path
    environment: Mapping[str, str]

    def __call__(self, *arguments: str, timeout: float = 120) -> Finished:
        """Run a verb, whatever its exit code; both streams together."""
        command = [sys.executable, "-P", "-m", "matrix", *arguments]
        environment = {**self.environment, "PYTHONPATH": str(ROOT)}
        return run(command, environment=environment, directory=self.directory, timeout=timeout)

    def json(self, *arguments: str, timeout: float = 120) -> dict[str, Any]:
        """The JSON that a verb prints; it must succeed."""
        finished = self(*arguments, "--json", "--quiet", timeout=timeout)
        assert finished.succeeded, finished.output
        loaded: dict[str, Any] = json.loads(finished.output)
        return loaded


def count(plan: Mapping[str, Any], state: State) -> int:
    """How many cells of a plan have ``state``."""
    return sum(cell["state"] == state for cell in plan["cells"])
