"""
From wheels and plan to the bundle's directory.

Everything is written under a temporary name beside the destination, proven there, recorded, and
renamed at the end: a bundle that has its name is complete, and an interrupt leaves none.
"""

import dataclasses
import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from matrix.bundle.collecting import Collected
from matrix.bundle.proving import prove_targets
from matrix.distributions import wheel as wheels
from matrix.distributions.wheel import InvalidWheel, Wheel
from matrix.edge import files
from matrix.edge.progress import Reporter
from matrix.errors import NotVerified, NotWritten, Problem, UsageError
from matrix.plan.handover import NO_NOTE, BuildNote
from matrix.plan.model import Cell, Plan, State
from matrix.record import canonical, checksums, environment, layout, pages, proof, schema
from matrix.record.schema import (
    Exclusion,
    FetchedRequirement,
    Missing,
    Origin,
    Record,
    RecordedFile,
    RecordedRequirement,
    RecordedTarget,
    RecordedWheel,
    Source,
)
from matrix.targets.target import Target
from matrix.verify import consistency

_ORIGINS: Final[Mapping[State, Origin]] = {
    State.BUILD: "built",
    State.PUBLISHED: "published",
    State.REUSED: "reused",
}


Describe = Callable[[Record, "tuple[Placed, ...]"], Mapping[str, str]]
"""From the record and the wheels to the texts beside them, by path: notes, page and SBOM."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What distinguishes this bundle from others; ``created`` is ISO 8601."""

    version: str
    sequence: int
    created: str
    generator: str
    source: Source = schema.NO_SOURCE


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A wheel with the cells that it answers."""

    path: Path
    wheel: Wheel
    cells: tuple[Cell, ...]
    note: BuildNote = NO_NOTE


def seal(
    plan: Plan,
    collected: Collected,
    fetched: Iterable[Path],
    *,
    identity: Identity,
    describe: Describe,
    program: bytes | None = None,
    out: Path,
    reporter: Reporter,
) -> Path:
    """
    Write the bundle below ``out`` and return its directory; ``program`` is ``wheelyard.pyz``.

    Raises ``NotProven`` when a requirement would not install from it, and ``NotWritten`` when a
    bundle of that name exists.
    """
    _check_identity(identity)
    final = out / f"{plan.bundle}-{identity.version}"
    if final.exists():
        what = "already exists"
        raise NotWritten(Problem(place=str(final), what=what, hint="--version ANOTHER"))
    temporary = out / f".{final.name}.part"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        tools = {layout.PROGRAM: program} if program is not None else {}
        _write(plan, collected, fetched, identity, describe, tools, temporary, reporter)
        temporary.replace(final)
    except OSError as error:
        raise files.write_error(final, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return final


def _check_identity(identity: Identity) -> None:
    """Refuse before anything is written what a record cannot hold; both become parts of paths."""
    if not schema.is_version(identity.version):
        what = f"expected letters, digits, dots and hyphens, got {identity.version!r}"
        raise UsageError(Problem(place="--version", what=what))
    if not 0 <= identity.sequence <= canonical.MAX_NUMBER:
        what = f"expected a number from 0 to {canonical.MAX_NUMBER}, got {identity.sequence}"
        raise UsageError(Problem(place="--sequence", what=what))


def _write(
    plan: Plan,
    collected: Collected,
    fetched: Iterable[Path],
    identity: Identity,
    describe: Describe,
    tools: Mapping[str, bytes],
    directory: Path,
    reporter: Reporter,
) -> None:
    placed = place_wheels(plan, collected, fetched)
    for item in reporter.each(placed, total=len(placed), what="wheels copied"):
        destination = directory / "files" / item.wheel.filename
        files.copy(item.path, destination, sha256=item.wheel.sha256)
    draft = make_record(plan, collected, placed, identity)
    texts = _encode({**_render_texts(draft), **describe(draft, placed)}) | dict(tools)
    reporter.say("proving every requirement on every target, from both views")
    for target, proven in prove_targets(draft, [item.wheel for item in placed]).items():
        texts[layout.locate_proof(target)] = proof.dump(proven).encode()
    checked = _list_files(draft, texts, placed)
    texts[layout.CHECKSUMS] = checksums.render_checksums(checked).encode()
    complete = _list_files(draft, texts, placed)
    if problems := list(consistency.find_problems(complete)):
        raise NotVerified.of(problems)
    for path, text in sorted(texts.items()):
        files.write(directory / path, text)
    for item in placed:
        files.write(
            directory / layout.locate_metadata(item.wheel.filename), item.wheel.metadata_bytes
        )
    files.write(directory / schema.FILENAME, schema.dump(complete))


def _encode(texts: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in texts.items()}


def _list_files(draft: Record, texts: Mapping[str, bytes], placed: Iterable[Placed]) -> Record:
    recorded = [_record_text(path, text) for path, text in texts.items()]
    recorded += [_record_sidecar(item.wheel) for item in placed]
    return dataclasses.replace(draft, files=tuple(sorted(recorded)))


def place_wheels(plan: Plan, collected: Collected, fetched: Iterable[Path]) -> tuple[Placed, ...]:
    """Every wheel of the bundle with its cells, sorted by filename."""
    placed = [
        Placed(path=built.path, wheel=built.wheel, cells=built.cells, note=built.note)
        for built in collected.wheels
    ]
    cells: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        if cell.state in {State.PUBLISHED, State.REUSED}:
            cells.setdefault(cell.filename, []).append(cell)
    for path in fetched:
        try:
            opened = wheels.read(path)
        except InvalidWheel as error:
            raise NotVerified(Problem(place=path.name, what=str(error))) from error
        placed.append(Placed(path=path, wheel=opened, cells=tuple(cells[opened.filename])))
    return tuple(sorted(placed, key=lambda item: item.wheel.filename))


def make_record(
    plan: Plan, collected: Collected, placed: Iterable[Placed], identity: Identity
) -> Record:
    """The record, without its list of the files that are not wheels."""
    return Record(
        name=plan.bundle,
        version=identity.version,
        sequence=identity.sequence,
        created=identity.created,
        generator=identity.generator,
        source=identity.source,
        targets=tuple(
            _record_target(t.id, Target.parse(t.python, t.platform)) for t in plan.targets
        ),
        wishes=tuple(
            RecordedRequirement(
                root=requirement.name,
                requirements=requirement.requirements,
                targets=requirement.targets,
                excluded=tuple(
                    Exclusion(target=t, reason=r) for t, r in sorted(requirement.excluded)
                ),
            )
            for requirement in plan.requirements
        ),
        wheels=tuple(_record_wheel(item) for item in placed),
        missing=tuple(
            sorted(
                Missing(project=c.project, version=c.version, target=c.target, reason=reason)
                for c, reason in collected.allowed_missing
            )
        ),
        files=(),
    )


def _record_target(name: str, target: Target) -> RecordedTarget:
    return RecordedTarget(
        id=name,
        python_full_version=target.python.full,
        platform=str(target.platform),
        marker_environment=target.marker_environment(),
        tags=tuple(str(tag) for tag in target.tags()),
    )


def _record_wheel(item: Placed) -> RecordedWheel:
    cells = sorted(item.cells, key=lambda cell: cell.target)
    origin = _ORIGINS[cells[0].state]
    return RecordedWheel(
        filename=item.wheel.filename,
        sha256=item.wheel.sha256,
        size=item.wheel.size,
        project=item.wheel.project,
        version=str(item.wheel.version),
        requires_python=str(item.wheel.metadata.requires_python),
        metadata_sha256=hashlib.sha256(item.wheel.metadata_bytes).hexdigest(),
        targets=tuple(cell.target for cell in cells),
        origin=origin,
        content_keys=() if origin == "published" else tuple(c.content_key for c in cells),
        test_keys=() if origin == "published" else tuple(c.test_key for c in cells),
        build_seconds=item.note.seconds or sum(cell.build_seconds for cell in cells),
        unlocked="; ".join(sorted({cell.unlocked for cell in cells if cell.unlocked})),
        fetched=tuple(
            FetchedRequirement(filename=file.filename, sha256=file.sha256)
            for file in item.note.fetched
        ),
    )


def _render_texts(draft: Record) -> dict[str, str]:
    """Pages, environments and requirements, by path."""
    texts = _under("simple", pages.render_pages(draft.wheels, files_prefix="../../"))
    for target in draft.targets:
        home = f"targets/{target.id}"
        shown = [wheel for wheel in draft.wheels if target.id in wheel.targets]
        texts |= _under(f"{home}/simple", pages.render_pages(shown, files_prefix="../../../../"))
        texts[layout.locate_environment(target.id)] = environment.dump(target)
        texts[layout.locate_requirements(target.id)] = checksums.render_requirements(shown)
    return texts


def _under(home: str, texts: Mapping[str, str]) -> dict[str, str]:
    return {f"{home}/{path}": text for path, text in texts.items()}


def _record_text(path: str, content: bytes) -> RecordedFile:
    return RecordedFile(path=path, size=len(content), sha256=_sha256(content))


def _record_sidecar(opened: Wheel) -> RecordedFile:
    return RecordedFile(
        path=layout.locate_metadata(opened.filename),
        size=len(opened.metadata_bytes),
        sha256=hashlib.sha256(opened.metadata_bytes).hexdigest(),
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
