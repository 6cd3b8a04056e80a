"""Import a bundle into a destination of any kind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from matrix.destinations.destination import Destination, Say
from matrix.destinations.leaves import sort_leaves_first
from matrix.destinations.ledger import list_owed
from matrix.destinations.lines import NO_STAMP, Import, Stamp
from matrix.errors import NotVerified, Problem, UsageError
from matrix.record.schema import RecordedWheel
from matrix.verify import view
from matrix.verify.verify import Report, verify


@dataclasses.dataclass(frozen=True)
class Imported:
    """The result of an import."""

    report: Report
    destination: str
    copied: tuple[str, ...]
    """Wheels that the destination did not have, in the order in which they were added."""
    reused: int
    """Wheels that the destination had already."""
    withdrawn: tuple[str, ...]
    """Wheels of the bundle that are not shown, because their releases were withdrawn."""
    pages: int
    """Pages that changed."""
    is_new: bool
    """False if this bundle was imported before, completely."""


def import_bundle(
    bundle: Path,
    destination: Destination,
    say: Say,
    *,
    stamp: Stamp = NO_STAMP,
    adopt: bool = False,
    sha256: str = "",
) -> Imported:
    """
    Verify ``bundle`` and add it to ``destination``; its record must have the digest ``sha256``, if
    given.

    Raises ``NotVerified`` for a bundle that is older than what was imported, or that has another
    wheel under a name that is there, and ``NotProven`` when the union would not install any more.
    """
    check_apart(bundle, destination)
    say(f"verifying {bundle}")
    report = verify(bundle, sha256=sha256)
    record = report.record
    with destination.lock(say):
        before = destination.read_ledger(stamp, adopt=adopt)
        after = before.add_import(Import.of(record, report.record_sha256), record)
        order = sort_leaves_first(record.wheels, view.make_opener(bundle / "files"))
        _check_files(order, destination)
        say(f"adding the wheels of {record.label}")
        shown = {wheel.filename for wheel in after.wheels}
        wheels = [wheel for wheel in order if wheel.filename in shown]
        copied = destination.put(bundle, record, wheels, after)
        say("proving what will be served")
        pages = destination.promote(before, after)
    return Imported(
        report=report,
        destination=destination.label,
        copied=copied,
        reused=len(shown & {wheel.filename for wheel in order}) - len(copied),
        withdrawn=tuple(wheel.filename for wheel in order if wheel.filename not in shown),
        pages=pages,
        is_new=after is not before,
    )


def check_apart(bundle: Path, destination: Destination) -> None:
    """Raise ``UsageError`` if ``destination`` would write into ``bundle``."""
    if destination.directory is None:
        return
    inner, outer = destination.directory.resolve(), bundle.resolve()
    if inner == outer or outer in inner.parents:
        what = f"expected a directory outside the bundle {bundle}, got {destination.directory}"
        raise UsageError(Problem(place="--to", what=what))


def _check_files(wheels: tuple[RecordedWheel, ...], destination: Destination) -> None:
    """Raise ``NotVerified`` if a file is there under a name of the bundle with other bytes."""
    sha256_by_name = dict(pair for wheel in wheels for pair in list_owed(wheel))
    problems = []
    for name, digest in destination.list_files(sha256_by_name.keys()).items():
        if digest != sha256_by_name[name]:
            what = f"expected sha256 {sha256_by_name[name]} at the destination, got {digest}"
            hint = "remove the damaged file there"
            problems.append(Problem(place=f"files/{name}", what=what, hint=hint))
    if problems:
        raise NotVerified.of(problems)
