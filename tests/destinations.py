"""Imports into static destinations, for the tests of destinations."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from matrix.destinations import undo
from matrix.destinations.imports import Imported
from matrix.destinations.imports import import_bundle as import_into
from matrix.destinations.static import Static
from matrix.destinations.undo import Undone
from matrix.distributions import core_metadata

from .bundles import make_bundle, requirement
from .wheels import make_wheel


def import_bundle(
    bundle: Path, directory: Path, say: Callable[[str], None], *, adopt: bool = False
) -> Imported:
    return import_into(bundle, Static(directory), say, adopt=adopt)


def roll_back(directory: Path, name: str = "", *, dry_run: bool = False) -> Undone:
    return undo.roll_back(Static(directory), name, quiet, dry_run=dry_run)


def withdraw(directory: Path, project: str, version: str, reason: str = "") -> Undone:
    return undo.withdraw(Static(directory), (project, version), reason, quiet)


def prune(directory: Path, *, keep: int | None = None, dry_run: bool = False) -> Undone:
    return undo.prune(Static(directory), quiet, keep=keep, dry_run=dry_run)


def quiet(text: str) -> None:
    del text


def snapshot(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def served(directory: Path) -> dict[str, bytes]:
    """What an installer can see: pages, not wheels that no page names."""
    return {
        path: data
        for path, data in snapshot(directory).items()
        if path.startswith(("simple/", "targets/"))
    }


def second(directory: Path, **changes: object) -> Path:
    """The bundle after ``sound``: a newer app with a new need."""
    wheels = [
        make_wheel(directory / "w2", "app", "2.0", requires=["zeta", "dep"]),
        make_wheel(directory / "w2", "zeta", "1.0"),
        make_wheel(directory / "w2", "dep", "1.5"),
    ]
    return make_bundle(directory / "b2", wheels, [requirement("app")], sequence=2, **changes)  # type: ignore[arg-type]


def find_dangling(directory: Path) -> Iterator[str]:
    """Every requirement of a wheel that pages show for which they show no release."""
    for tree in (directory / "simple", *directory.glob("targets/*/simple")):
        versions_by_project = {
            page.parent.name: json.loads(page.read_text())["versions"]
            for page in tree.glob("*/index.json")
        }
        if (root := tree / "index.json").exists():
            for project in json.loads(root.read_text())["projects"]:
                if project["name"] not in versions_by_project:
                    yield f"{root} lists {project['name']}, which has no page"
        for page in tree.glob("*/index.json"):
            for file in json.loads(page.read_text())["files"]:
                sidecar = directory / "files" / f"{file['filename']}.metadata"
                for needed in core_metadata.parse(sidecar.read_bytes()).requires_dist:
                    required = Requirement(str(needed))
                    if not any(
                        map(required.specifier.contains, versions_by_project.get(required.name, []))
                    ):
                        yield f"{file['filename']} needs {required}"


class Interrupter:
    """Interrupts the switch of an import after a number of steps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
        self.has_interrupted = False
        replace, unlink = Path.replace, Path.unlink
        remaining = iter(range(steps))

        def count() -> None:
            if next(remaining, None) is None:
                self.has_interrupted = True
                raise KeyboardInterrupt

        def replace_or_stop(path: Path, target: Path) -> Path:
            if ".switch" in path.parts and not path.name.endswith(".part"):
                count()
            return replace(path, target)

        def unlink_or_stop(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT002
            if "simple" in path.parts:
                count()
            unlink(path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "replace", replace_or_stop)
        monkeypatch.setattr(Path, "unlink", unlink_or_stop)
