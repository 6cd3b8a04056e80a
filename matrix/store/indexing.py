"""The ``store.json`` of a run: what it built, and what it reused."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.distributions.wheel import Wheel
from matrix.pipelines.run_facts import RunFacts
from matrix.plan.handover import read_note
from matrix.plan.model import Cell, Plan, State
from matrix.store.entries import Entry, StoreIndex
from matrix.store.github_artifacts import KIND as ARTIFACTS

PACKAGES: Final = "packages/"
"""The beginning of the locations of GitLab's registry."""
Built = tuple[Cell, Path, Wheel, str, str]
"""A cell, the path of its wheel, the wheel, the artifact that holds it, and the path in there."""


def create_entries(built: Iterable[Built], *, run: str) -> Mapping[Entry, Path]:
    """The rows of wheels that a run built, with their paths on this machine."""
    rows = list(built)
    cells_by_path = Counter(path for _, path, _, _, _ in rows)
    return {
        Entry(
            content_key=cell.content_key,
            test_key=cell.test_key,
            target=cell.target,
            project=canonicalize_name(cell.project),
            version=cell.version,
            filename=wheel.filename,
            sha256=wheel.sha256,
            size=wheel.size,
            seconds=_divide(read_note(path).seconds, cells_by_path[path]),
            unlocked=cell.unlocked,
            run=run,
            artifact=artifact,
            path=inner,
        ): path
        for cell, path, wheel, artifact, inner in rows
    }


def list_reused(plan: Plan) -> Iterator[Entry]:
    """The rows of the wheels that a plan reuses, so that later runs need no older index."""
    for cell in plan.cells:
        if cell.state is State.REUSED and (place := _parse_place(cell)):
            run, artifact, path = place
            yield Entry(
                content_key=cell.content_key,
                test_key=cell.test_key,
                target=cell.target,
                project=canonicalize_name(cell.project),
                version=cell.version,
                filename=cell.filename,
                sha256=cell.sha256,
                size=cell.size,
                seconds=cell.build_seconds,
                unlocked=cell.unlocked,
                run=run,
                artifact=artifact,
                path=path,
            )


def create_index(entries: Iterable[Entry], facts: RunFacts | None, *, generator: str) -> StoreIndex:
    """The index of a run; outside of a CI service its facts are empty."""
    return StoreIndex(
        provider=facts.provider if facts else "",
        repository=facts.repository if facts else "",
        run=facts.run if facts else "",
        attempt=facts.attempt if facts else 1,
        event=facts.event if facts else "",
        ref=facts.ref if facts else "",
        commit=facts.commit if facts else "",
        generator=generator,
        wheels=tuple(sorted(set(entries))),
    )


def _parse_place(cell: Cell) -> tuple[str, str, str] | None:
    """Run, artifact and path of a reused wheel; None where its store is asked by other means."""
    kind, _, rest = cell.location.partition(" ")
    if kind == ARTIFACTS:
        run, artifact, path = json.loads(rest)
        return str(run), str(artifact), str(path)
    if cell.location.startswith(PACKAGES):
        return cell.run.rpartition(" ")[2], "", cell.filename
    return None


def _divide(seconds: int, cells: int) -> int:
    return max(1, seconds // cells) if seconds else 0
