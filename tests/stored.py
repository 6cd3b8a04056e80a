"""Entries of stores for tests: a wheel in a line."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matrix.store.entries import Entry, StoreIndex
from matrix.store.lookup import Wanted

from .wheels import make_wheel

LINUX = "cp312-manylinux_2_28_x86_64"


def digest(text: str) -> str:
    """A digest that stands for the inputs ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()


def wanted(project: str, target: str = LINUX, *, inputs: str = "1") -> Wanted:
    """A cell that would be built from ``inputs``."""
    return Wanted(
        content_key=digest(f"{project} {target} {inputs}"),
        test_key=digest(f"test of {project} {target} {inputs}"),
        target=target,
        project=project,
        version="1.0",
    )


def entry(wheel: Path, target: str = LINUX, *, inputs: str = "1", **more: Any) -> Entry:  # noqa: ANN401 - any field
    """The row of a wheel that was built from ``inputs``."""
    project = wheel.name.partition("-")[0].replace("_", "-")
    cell = wanted(project, target, inputs=inputs)
    content = wheel.read_bytes()
    row = Entry(
        content_key=cell.content_key,
        test_key=cell.test_key,
        target=target,
        project=cell.project,  # type: ignore[arg-type]  # a test's names are normalized
        version="1.0",
        filename=wheel.name,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        seconds=60,
        unlocked="",
        run="7",
        artifact="wheels-linux.1",
        path=wheel.name,
    )
    return dataclasses.replace(row, **more)


def index(*entries: Entry, run: str = "7") -> StoreIndex:
    """A ``store.json`` of a run."""
    return StoreIndex(
        provider="github",
        repository="acme/wheels",
        run=run,
        attempt=1,
        event="push",
        ref="refs/heads/main",
        commit="c" * 40,
        generator="tests",
        wheels=tuple(entries),
    )


def make_wheels(directory: Path, *projects: str, content: str = "") -> Sequence[Path]:
    """A wheel for one platform of each project."""
    return [
        make_wheel(
            directory,
            project,
            "1.0",
            tag="cp312-cp312-manylinux_2_17_x86_64",
            members={f"{project}.py": f"# {content}\n"},
        )
        for project in projects
    ]
