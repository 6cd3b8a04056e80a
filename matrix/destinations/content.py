"""What lies at a static destination, judged against its ledger before anything is changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from matrix.destinations import ledger_text
from matrix.destinations.ledger import FILENAME, Ledger, list_owed
from matrix.destinations.lines import NO_STAMP, Adoption, Import, Stamp
from matrix.edge import files
from matrix.errors import NotVerified, Problem
from matrix.record import pages, schema
from matrix.record.schema import Record, RecordedWheel
from matrix.verify import contents, reading

RECORDS: Final = "records"
WheelsByTree = Mapping[str, "Collection[RecordedWheel]"]
"""The wheels of each view, by the directory of its pages."""


def read_ledger(top: Path, stamp: Stamp = NO_STAMP) -> Ledger:
    """The ledger of ``top`` with its records; an empty one where there is none."""
    if not (top / FILENAME).exists():
        return Ledger(stamp=stamp)
    lines = ledger_text.parse(reading.read_bytes(top / FILENAME, place=FILENAME))
    imports = [line for line in lines if isinstance(line, Import)]
    records = {entry.record_sha256: _read_record(top, entry) for entry in imports}
    return Ledger(lines, records, stamp)


def _read_record(top: Path, entry: Import) -> Record:
    path = entry.record_path
    data = reading.read_bytes(top / path, place=path)
    reading.compare_digest(data, entry.record_sha256, place=path)
    return reading.parse(data, schema.parse, place=path)


def render_pages(wheels_by_tree: WheelsByTree) -> dict[str, str]:
    """The pages of the views, by path."""
    texts = {}
    for tree, wheels in wheels_by_tree.items():
        is_target = tree.startswith("targets/")
        prefix = contents.TARGET_PREFIX if is_target else contents.UNION_PREFIX
        rendered = pages.render_pages(wheels, files_prefix=prefix)
        texts.update({f"{tree}/{path}": text for path, text in rendered.items()})
    return texts


def join_views(before: WheelsByTree, after: WheelsByTree) -> dict[str, Collection[RecordedWheel]]:
    """What each view shows while it changes: everything of both."""
    return {
        tree: {
            wheel.filename: wheel for wheel in (*before.get(tree, ()), *after.get(tree, ()))
        }.values()
        for tree in sorted({*before, *after})
    }


def list_rendered(wheels_by_tree: WheelsByTree) -> frozenset[str]:
    """The paths of ``render_pages``, without their text."""
    return frozenset(
        f"{directory}/{name}"
        for tree, wheels in wheels_by_tree.items()
        for directory in {tree, *(f"{tree}/{wheel.project}" for wheel in wheels)}
        for name in ("index.html", "index.json")
    )


def list_pages(top: Path) -> Iterator[str]:
    """The paths of all files that clients may take for pages."""
    trees = [top / "simple", *sorted(top.glob("targets/*/simple"))]
    for tree in trees:
        for directory, _, names in os.walk(tree):
            for name in names:
                yield (Path(directory) / name).relative_to(top).as_posix()


def find_unaccounted(top: Path, ledger: Ledger) -> tuple[str, ...]:
    """The pages and records that no line of ``ledger`` accounts for, sorted."""
    records = {f"{RECORDS}/{path.name}" for path in top.glob(f"{RECORDS}/*.json")}
    accounted = {entry.record_path for entry in ledger.all_imports}
    accounted |= list_rendered(ledger.wheels_by_tree) | ledger.adopted_paths
    return tuple(sorted({*records, *list_pages(top)} - accounted))


def refuse_unaccounted(top: Path, paths: tuple[str, ...]) -> NotVerified:
    """What to raise for content that is not ours."""
    count = f"{len(paths)} pages or records" if len(paths) > 1 else "a page or record"
    what = f"holds {count} that no import in {FILENAME} accounts for: {paths[0]}"
    hint = "choose another directory, or --adopt: records join the ledger, pages stay unlisted"
    return NotVerified(Problem(place=str(top), what=what, hint=hint))


def adopt(top: Path, ledger: Ledger, paths: Iterable[str]) -> Ledger:
    """
    Return ``ledger`` with what ``paths`` hold: records as imports, pages as they are.

    Raises ``NotVerified`` for a record whose wheels are not all there.
    """
    adopted: list[tuple[Import, Record]] = []
    foreign_pages = []
    for path in paths:
        if path.startswith(f"{RECORDS}/"):
            data = reading.read_bytes(top / path, place=path)
            record = reading.parse(data, schema.parse, place=path)
            entry = Import.of(record, hashlib.sha256(data).hexdigest())
            _check_adoptable(top, entry, record, path)
            adopted.append((entry, record))
        else:
            foreign_pages.append(path)
    for entry, record in sorted(adopted, key=lambda pair: (pair[0].name, pair[0].sequence)):
        ledger = ledger.add_import(entry, record)
    foreign = set(foreign_pages) - list_rendered(ledger.wheels_by_tree)
    return ledger.add(Adoption(tuple(sorted(foreign)))) if foreign else ledger


def _check_adoptable(top: Path, entry: Import, record: Record, path: str) -> None:
    hint = f"remove {path}, then import that bundle again"
    if entry.record_path != path:
        what = f"expected the record {entry.record_path}"
        raise NotVerified(Problem(place=path, what=what, hint=hint))
    if problems := list(find_damage(top, record.wheels)):
        raise NotVerified.of(Problem(place=p.place, what=p.what, hint=hint) for p in problems)


def find_damage(top: Path, wheels: Iterable[RecordedWheel]) -> Iterator[Problem]:
    """A problem for every file of ``wheels`` that ``top`` lacks, or has with other bytes."""
    for wheel in wheels:
        for name, sha256 in list_owed(wheel):
            path = top / "files" / name
            if not path.is_file():
                yield Problem(place=f"files/{name}", what="expected a file, got none")
            elif (digest := files.digest(path)) != sha256:
                what = f"expected sha256 {sha256}, got {digest}"
                yield Problem(place=f"files/{name}", what=what)


def find_absent(top: Path, ledger: Ledger) -> Iterator[Problem]:
    """A problem for every file that pages name and ``top`` lacks, or has with another size."""
    for wheel in ledger.wheels:
        for name, size in ((f"{wheel.filename}.metadata", None), (wheel.filename, wheel.size)):
            path = top / "files" / name
            actual = path.stat().st_size if path.is_file() else None
            if actual is None or size not in {None, actual}:
                expected = "a file" if size is None else f"a file of {size} bytes"
                got = "none" if actual is None else f"one of {actual}"
                label = ledger.find_label(wheel.filename)
                what = f"expected {expected}, got {got}; {label} brings it"
                hint = f"import {label} again, or withdraw {wheel.project} {wheel.version}"
                yield Problem(place=f"files/{name}", what=what, hint=hint)


def make_page_key(order: Iterable[RecordedWheel]) -> Callable[[str], tuple[bool, int, str]]:
    """A key that sorts pages of projects as ``order`` has their wheels, then the root pages."""
    rank_by_project = {wheel.project: number for number, wheel in enumerate(order)}

    def key(path: str) -> tuple[bool, int, str]:
        parts = path.split("/")
        # simple/<project>/index.html or targets/<id>/simple/<project>/index.html
        is_root = len(parts) not in {3, 5}
        return (is_root, 0 if is_root else rank_by_project.get(parts[-2], 0), path)

    return key
