"""
The directory that a pypiserver serves: wheels lie flat in it, and its pages are made from them.

A file is visible as soon as it has its name. So everything is proven before the first is copied,
files come leaves first, and go in the other order. The ledger, the records and the core metadata
lie below ``.wheelyard/``, which pypiserver passes over.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.destinations import content, ledger_text, server_view
from matrix.destinations.destination import Capabilities, Say
from matrix.destinations.import_lock import hold_lock
from matrix.destinations.leaves import sort_leaves_first
from matrix.destinations.ledger import FILENAME, Ledger
from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.destinations.permissions import make_directory, make_readable
from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.edge import files
from matrix.errors import NotVerified, Problem
from matrix.record import schema
from matrix.record.schema import Record, RecordedWheel
from matrix.verify import view
from matrix.verify.view import Offer, View

OWN: Final = ".wheelyard"


@dataclasses.dataclass(frozen=True)
class PypiserverDirectory:
    """The directory ``directory`` of a pypiserver, which need not exist yet."""

    directory: Path

    @property
    def label(self) -> str:
        return str(self.directory)

    @property
    def own(self) -> Path:
        return self.directory / OWN

    def capabilities(self) -> Capabilities:
        return Capabilities(
            lock="a file lock of the operating system",
            promotion="files come one by one, leaves first; pages are the server's own",
            serves_target_views=False,
            rolls_back=True,
            withdraws=True,
            prunes=True,
        )

    @contextlib.contextmanager
    def lock(self, say: Say) -> Iterator[None]:
        make_directory(self.own)
        with hold_lock(self.own / "lock", place=self.label):
            for part in [*self.directory.glob(".*.part"), *self.own.glob("**/.*.part")]:
                if files.is_temporary(part.name):
                    with contextlib.suppress(OSError):
                        part.unlink()
            say("pypiserver shows no Requires-Python: pip of Python 2.7 may take a wrong wheel")
            yield

    def read_ledger(self, stamp: Stamp = NO_STAMP, *, adopt: bool = False) -> Ledger:
        del adopt  # what others put there is no content of ours
        return content.read_ledger(self.own, stamp)

    def list_files(self, filenames: Collection[str]) -> Mapping[str, str]:
        paths = [self.directory / name for name in sorted(filenames)]
        return {path.name: files.digest(path) for path in paths if path.is_file()}

    def put(
        self, bundle: Path, record: Record, order: Sequence[RecordedWheel], after: Ledger
    ) -> tuple[str, ...]:
        del record
        make_directory(self.own / "files")
        for each in order:
            name = f"{each.filename}.metadata"
            files.copy(
                bundle / "files" / name, self.own / "files" / name, sha256=each.metadata_sha256
            )
        self._prove(after)
        missing = [each for each in order if not (self.directory / each.filename).is_file()]
        for each in missing:
            path = self.directory / each.filename
            files.copy(bundle / "files" / each.filename, path, sha256=each.sha256)
            make_readable(path)
        return tuple(each.filename for each in missing)

    def promote(self, before: Ledger, after: Ledger, *, dry_run: bool = False) -> int:
        shown = {each.filename for each in after.wheels}
        absent = [name for name in sorted(shown) if not (self.directory / name).is_file()]
        if absent:
            raise NotVerified.of(_name_absent(name, after) for name in absent)
        self._prove(after)
        wheels = {each.filename: each for record in after.kept_records for each in record.wheels}
        wheels |= {each.filename: each for each in before.wheels}
        present = [each for each in wheels.values() if (self.directory / each.filename).is_file()]
        order = sort_leaves_first(present, view.make_opener(self.own / "files"))
        gone = [each for each in reversed(order) if each.filename not in shown]
        comes = {each.filename for each in before.wheels} ^ shown
        if not dry_run:
            for entry in after.imports:
                text = schema.dump(after.record_by_sha256[entry.record_sha256])
                files.write(self.own / entry.record_path, text)
            if after.lines != before.lines:
                files.write(self.own / FILENAME, ledger_text.dump(after.lines))
            for each in gone:
                (self.directory / each.filename).unlink(missing_ok=True)
        return len({wheels[name].project for name in comes if name in wheels})

    def _prove(self, ledger: Ledger) -> None:
        """Prove from our wheels and those of others."""
        ours = {
            each.filename for record in ledger.record_by_sha256.values() for each in record.wheels
        }
        open_wheel = view.make_opener(self.own / "files")
        offers = [open_wheel(each.filename) for each in ledger.wheels]
        for path in sorted(self.directory.glob("*.whl")):
            if path.name not in ours:
                with contextlib.suppress(InvalidWheel):
                    opened = wheel.read(path)
                    name = wheel.parse_filename(path.name)
                    offers.append(Offer(name=name, metadata=opened.metadata))
        server_view.prove_union(ledger, View.of(offers))

    def verify(self) -> None:
        ledger = self.read_ledger()
        problems = []
        for each in ledger.wheels:
            path = self.directory / each.filename
            if not path.is_file():
                problems.append(_name_absent(each.filename, ledger))
            elif (digest := files.digest(path)) != each.sha256:
                what = f"expected sha256 {each.sha256}, got {digest}"
                hint = f"remove it, then import {ledger.find_label(each.filename)} again"
                problems.append(Problem(place=each.filename, what=what, hint=hint))
        if problems:
            raise NotVerified.of(problems)
        self._prove(ledger)

    def find_unneeded(self, ledger: Ledger) -> tuple[str, ...]:
        names = {f"{each.filename}.metadata" for each in ledger.wheels}
        present = {path.name for path in (self.own / "files").glob("*.metadata")}
        return tuple(sorted(present - names))

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            (self.own / "files" / name).unlink(missing_ok=True)


def _name_absent(filename: str, ledger: Ledger) -> Problem:
    label = ledger.find_label(filename)
    what = f"expected a file, got none; {label} brings it"
    return Problem(place=filename, what=what, hint=f"import {label} again, or withdraw the release")
