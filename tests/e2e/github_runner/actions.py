"""What the actions of our workflows do, as far as a job can see it."""

import dataclasses
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matrix.edge.programs import run

from .artifacts import ActionFailed, Artifacts


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What lies around every job of a run; ``python`` is the directory of setup-python's."""

    repository: Path
    artifacts: Artifacts
    environment: Mapping[str, str]
    python: Path


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One step that uses an action; returns go through ``path``, which later steps have on PATH."""

    given: Mapping[str, str]
    workspace: Path
    sha: str
    permissions: Mapping[str, str]
    around: Surroundings
    path: list[Path]


def checkout(use: Use) -> None:
    """The commit of the run, or ``ref``, without history unless asked for."""
    if use.permissions.get("contents", "none") == "none":
        raise ActionFailed("the token may not read the repository: `contents: read` is missing")
    place = use.workspace / use.given.get("path", ".")
    if place == use.workspace:
        _empty(place)
    place.mkdir(parents=True, exist_ok=True)
    depth = use.given.get("fetch-depth", "1")
    ref = use.given.get("ref") or use.sha
    for arguments in (
        ("init", "--quiet"),
        ("fetch", "--quiet", *((f"--depth={depth}",) if depth != "0" else ()),
         use.around.repository.as_uri(), ref),
        ("checkout", "--quiet", "FETCH_HEAD"),
    ):  # fmt: skip
        command = ["git", "-c", "advice.detachedHead=false", *arguments]
        finished = run(command, environment=use.around.environment, directory=place, timeout=120)
        if not finished.succeeded:
            raise ActionFailed(finished.output)


def _empty(place: Path) -> None:
    shutil.rmtree(place)
    place.mkdir()


def setup_python(use: Use) -> None:
    """A Python of the tool cache, first on PATH; here there is one, whatever version is asked."""
    if "python-version" not in use.given:
        raise ActionFailed("no python-version")
    use.path.insert(0, use.around.python)


def upload(use: Use) -> None:
    use.around.artifacts.upload(use.workspace, use.given)


def download(use: Use) -> None:
    use.around.artifacts.download(use.workspace, use.given)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an action does, and the inputs that it knows."""

    run: Callable[[Use], None]
    inputs: frozenset[str]


SHA_LENGTH: Final = 40
_UPLOAD: Final = ("if-no-files-found", "include-hidden-files", "name", "overwrite", "path",
                  "retention-days", "compression-level")  # fmt: skip
ACTIONS: Final[Mapping[str, Action]] = {
    name: Action(run=does, inputs=frozenset(inputs))
    for name, does, inputs in (
        ("actions/checkout", checkout, ("fetch-depth", "path", "persist-credentials", "ref")),
        ("actions/setup-python", setup_python, ("python-version",)),
        ("actions/upload-artifact", upload, _UPLOAD),
        ("actions/download-artifact", download, ("merge-multiple", "name", "path", "pattern")),
    )
}


def use(reference: str, used: Use) -> None:
    """Do what ``reference`` (``owner/name@sha``) does."""
    name, _, pin = reference.partition("@")
    if name not in ACTIONS:
        raise ActionFailed(f"not known here: {reference}")
    if len(pin) != SHA_LENGTH:
        raise ActionFailed(f"not pinned to a commit: {reference}")
    if unknown := used.given.keys() - ACTIONS[name].inputs:
        raise ActionFailed(f"unexpected input(s) {sorted(unknown)} for {name}")
    ACTIONS[name].run(used)
