"""
A directory that any web server, or ``file://``, can serve: bundles imported one after the other.

::

    files/                    wheels and their core metadata, added, never changed
    simple/                   pages of everything that was imported
    targets/<id>/simple/      pages of what suits one target
    records/                  the record of each import
    ledger.jsonl              which imports were finished

An import has two halves. The first only adds files that no page names: wheels, leaves first, then
every new page under ``.staging/``; those are proven there. The second half is renames alone, which
need no space: pages of projects, leaves first, then the root pages, then the ledger. An interrupt
or a full disk in the first half leaves what was served; in the second, every prefix of the
renames shows only wheels whose dependencies are shown. Run again, the import finishes.

One rename of a symbolic link would be a smaller step, but such a directory cannot be copied to
Windows, nor be served by every server.
"""

import dataclasses
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from matrix.destinations import ledger
from matrix.destinations.leaves import sort_leaves_first
from matrix.destinations.ledger import Entry, Ledger
from matrix.edge import files
from matrix.errors import NotProven, NotVerified, Problem
from matrix.record import schema
from matrix.record.schema import Record, RecordedWheel
from matrix.verify import contents, view
from matrix.verify.proofs import prove_target
from matrix.verify.verify import verify

STAGING: Final = ".staging"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The result of an import."""

    record: Record
    copied: tuple[str, ...]
    """Wheels that the destination did not have, in the order in which they came."""
    reused: int
    """Wheels that the destination had already."""
    pages: int
    """Pages that changed."""
    is_new: bool
    """False if this bundle was imported before, completely."""


def import_bundle(bundle: Path, destination: Path, say: Callable[[str], None]) -> Imported:
    """
    Verify ``bundle`` and add it to ``destination``; only one import may run at a time.

    Raises ``NotVerified`` for a bundle that is older than what was imported, or that has another
    wheel under a name that is there, and ``NotProven`` when the union would not install any more.
    """
    say(f"verifying {bundle}")
    report = verify(bundle)
    record, before = report.record, ledger.read(destination)
    entry = Entry.of(record, report.record_sha256)
    _check_sequence(entry, before)
    after = before.add(entry, record)
    wheels = ledger.merge_wheels(after.records)
    order = sort_leaves_first(record.wheels, bundle / "files")
    say(f"adding the wheels of {record.label}")
    copied = tuple(wheel.filename for wheel in order if _add(wheel, bundle, destination))
    texts = contents.render_all_pages(wheels.values(), _target_ids(after))
    texts[ledger.FILENAME] = ledger.dump(after.entries)
    staging = destination / STAGING
    try:
        changed = _stage(texts, destination, staging)
        files.copy(
            bundle / schema.FILENAME, destination / entry.record_path, sha256=entry.record_sha256
        )
        say("proving what will be served")
        _prove(after, destination, staging)
        _switch(_sort_pages(changed, order), destination, staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Imported(
        record=record,
        copied=copied,
        reused=len(order) - len(copied),
        pages=len(set(changed) - {ledger.FILENAME}),
        is_new=after is not before,
    )


def _check_sequence(entry: Entry, before: Ledger) -> None:
    newest = before.newest(entry.name)
    if newest is None or newest == entry or entry.sequence > newest.sequence:
        return
    place = f"{entry.name} {entry.version}"
    what = f"expected a sequence above {newest.sequence}, got {entry.sequence}"
    raise NotVerified(Problem(place=place, what=f"{what}: {newest.version} was imported before"))


def _add(wheel: RecordedWheel, bundle: Path, destination: Path) -> bool:
    """Whether ``wheel`` had to be copied; its core metadata comes before it."""
    name = f"files/{wheel.filename}"
    _add_file(f"{name}.metadata", bundle, destination, sha256=wheel.metadata_sha256)
    return _add_file(name, bundle, destination, sha256=wheel.sha256)


def _add_file(name: str, bundle: Path, destination: Path, *, sha256: str) -> bool:
    path = destination / name
    if not path.exists():
        files.copy(bundle / name, path, sha256=sha256)
        return True
    if (present := files.digest(path)) != sha256:
        what = f"expected sha256 {sha256} at the destination, got {present}"
        raise NotVerified(Problem(place=name, what=what, hint="remove the damaged file there"))
    return False


def _target_ids(after: Ledger) -> list[str]:
    return sorted({target.id for record in after.records for target in record.targets})


def _stage(texts: Mapping[str, str], destination: Path, staging: Path) -> tuple[str, ...]:
    """Write every text that is not served already, and make room for it; return their paths."""
    # A killed import may have left the staging of another bundle.
    shutil.rmtree(staging, ignore_errors=True)
    changed = []
    for path in sorted(texts):
        data = texts[path].encode("utf-8")
        if _read_served(destination / path) != data:
            files.write(staging / path, data)
            _make_directory((destination / path).parent)
            changed.append(path)
    return tuple(changed)


def _read_served(path: Path) -> bytes | None:
    if not path.exists():
        return None
    with files.reading(path) as stream:
        return stream.read()


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.write_error(path, error) from error


def _prove(after: Ledger, destination: Path, staging: Path) -> None:
    """Prove the newest bundle of every name from what will be served after the switch."""
    open_wheel = view.make_opener(destination / "files")

    def read(path: str) -> view.View:
        return view.read(staging / path, destination / path, open_wheel=open_wheel)

    union = read("simple")
    own = {target: read(f"targets/{target}/simple") for target in _target_ids(after)}
    problems = [
        problem
        for record in after.current_records()
        for target in record.targets
        for problem in prove_target(
            record, target, {"target": own[target.id], "union": union}
        ).problems
    ]
    if problems:
        raise NotProven.of(problems)


def _sort_pages(paths: Iterable[str], order: Iterable[RecordedWheel]) -> list[str]:
    """Pages of projects, leaves first; then root pages; then the ledger."""
    rank = {wheel.project: number for number, wheel in enumerate(order)}

    def key(path: str) -> tuple[int, int, str]:
        parts = path.split("/")
        if len(parts) == 1:
            return (2, 0, path)
        # simple/<project>/index.html or targets/<id>/simple/<project>/index.html
        is_project = len(parts) in {3, 5}
        return (0, rank.get(parts[-2], 0), path) if is_project else (1, 0, path)

    return sorted(paths, key=key)


def _switch(paths: Iterable[str], destination: Path, staging: Path) -> None:
    for path in paths:
        try:
            (staging / path).replace(destination / path)
        except OSError as error:
            raise files.write_error(destination / path, error) from error
