"""
A directory that any web server, or ``file://``, can serve: bundles imported one after the other.

::

    files/                    wheels and their core metadata, added, never changed
    simple/                   pages of everything that was imported
    targets/<id>/simple/      pages of what suits one target
    bundles/                  the notes and requirements files of each bundle
    records/                  the record of each import
    ledger.jsonl              what was done here, one line each
    .lock                     held by the process that changes the directory

An import has two halves. The first only adds files that no page names: wheels, leaves first, then
every new page under a staging directory; those are proven there. The second half is a ``switch``.
First every page shows what it showed and what it will show: pages of projects, leaves first, then
the root pages. Then what it will not show goes, in the other order. The ledger comes last. An
interrupt or a full disk in the first half leaves what was served; in the second, every prefix of
the steps shows only wheels whose dependencies are shown, and the next run finishes it. Rolling back
and withdrawing are the same switch.

Pages of earlier states are not kept: ledger and records make the same bytes again. One rename of a
symbolic link would be a smaller step, but such a directory cannot be copied to Windows, nor be
served by every server.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.destinations import content, ledger_text, switch
from matrix.destinations.destination import Capabilities, Say
from matrix.destinations.import_lock import hold_lock
from matrix.destinations.leaves import sort_leaves_first
from matrix.destinations.ledger import FILENAME, Ledger, list_owed
from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.destinations.permissions import make_directory, make_readable
from matrix.destinations.switch import Change
from matrix.edge import files
from matrix.errors import NotProven, NotVerified, Problem
from matrix.record import layout, schema
from matrix.record.schema import Record, RecordedWheel
from matrix.verify import reading, view
from matrix.verify.proofs import prove_target

LOCK: Final = ".lock"
_FILES: Final = "files"
_OTHERS_READ: Final = 0o004
_BUNDLES: Final = "bundles"
_PARTS: Final = (f"{_FILES}/.*.part", f"{content.RECORDS}/.*.part", f"{_BUNDLES}/**/.*.part")


@dataclasses.dataclass(frozen=True)
class Static:
    """The directory ``directory``, which need not exist yet."""

    directory: Path

    @property
    def label(self) -> str:
        return str(self.directory)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            lock="a file lock of the operating system",
            promotion="pages change one by one, leaves first; at any moment each project installs",
            serves_target_views=True,
            rolls_back=True,
            withdraws=True,
            prunes=True,
        )

    @contextlib.contextmanager
    def lock(self, say: Say) -> Iterator[None]:
        make_directory(self.directory)
        with hold_lock(self.directory / LOCK, place=self.label):
            if not self.directory.stat().st_mode & _OTHERS_READ:
                say(f"warning: {self.directory} is not readable for other users")
            if switch.recover(self.directory, _PARTS):
                say(f"finished the import into {self.directory} that was interrupted")
            yield

    def read_ledger(self, stamp: Stamp = NO_STAMP, *, adopt: bool = False) -> Ledger:
        ledger = content.read_ledger(self.directory, stamp)
        unaccounted = content.find_unaccounted(self.directory, ledger)
        if unaccounted and not adopt:
            raise content.refuse_unaccounted(self.directory, unaccounted)
        return content.adopt(self.directory, ledger, unaccounted)

    def list_files(self, filenames: Collection[str]) -> Mapping[str, str]:
        paths = [self.directory / _FILES / name for name in sorted(filenames)]
        return {path.name: files.digest(path) for path in paths if path.exists()}

    def put(
        self, bundle: Path, record: Record, order: Sequence[RecordedWheel], after: Ledger
    ) -> tuple[str, ...]:
        del after  # what is put is not served yet
        make_directory(self.directory / _FILES)
        copied = tuple(wheel.filename for wheel in order if self._put_wheel(wheel, bundle))
        sha256_by_path = {file.path: file.sha256 for file in record.files}
        own = self.directory / _BUNDLES / f"{record.name}-{record.version}"
        requirements = (layout.locate_requirements(target.id) for target in record.targets)
        for path in (layout.NOTES, *requirements):
            make_directory((own / path).parent)
            files.copy(bundle / path, own / path, sha256=sha256_by_path[path])
            make_readable(own / path)
        return copied

    def _put_wheel(self, wheel: RecordedWheel, bundle: Path) -> bool:
        """Return whether ``wheel`` had to be copied; its core metadata comes before it."""
        is_new = False
        for name, sha256 in list_owed(wheel):
            path = self.directory / _FILES / name
            is_new = not path.exists()
            if is_new:
                files.copy(bundle / _FILES / name, path, sha256=sha256)
                make_readable(path)
        return is_new

    def promote(self, before: Ledger, after: Ledger, *, dry_run: bool = False) -> int:
        if problems := list(content.find_absent(self.directory, after)):
            raise NotVerified.of(problems)
        changes = self._list_changes(before, after)
        if changes:
            open_wheel = view.make_opener(self.directory / _FILES)
            with switch.stage(self.directory, changes) as staged:
                self._prove(after, open_wheel, staged.files)
                if not dry_run:
                    staged.run()
        return len({change.path for change in changes if _is_page(change.path)})

    def _list_changes(self, before: Ledger, after: Ledger) -> list[Change]:
        """Records; pages with what comes, leaves first; pages without what goes; the ledger."""
        joined = content.join_views(before.wheels_by_tree, after.wheels_by_tree)
        between = content.render_pages(joined)
        final = content.render_pages(after.wheels_by_tree)
        served = set(content.list_pages(self.directory)) - after.adopted_paths
        comes = [path for path, text in between.items() if self._read(path) != text.encode("utf-8")]
        goes = [path for path in served | between.keys() if final.get(path) != between.get(path)]
        records = {
            entry.record_path: schema.dump(after.record_by_sha256[entry.record_sha256])
            for entry in after.imports
        }
        key = self._make_key(before, after)
        return [
            *self._compare(records),
            *(Change(path, between[path].encode("utf-8")) for path in sorted(comes, key=key)),
            *(
                Change(path, final[path].encode("utf-8") if path in final else None)
                for path in sorted(goes, key=key, reverse=True)
            ),
            *self._compare({FILENAME: ledger_text.dump(after.lines)}),
        ]

    def _compare(self, text_by_path: Mapping[str, str]) -> Iterator[Change]:
        for path in sorted(text_by_path):
            content_bytes = text_by_path[path].encode("utf-8")
            if self._read(path) != content_bytes:
                yield Change(path, content_bytes)

    def _make_key(self, before: Ledger, after: Ledger) -> Callable[[str], tuple[bool, int, str]]:
        """Sort pages of projects, leaves first, then the root pages."""
        wheels = {wheel.filename: wheel for ledger in (before, after) for wheel in ledger.wheels}
        present = [wheel for name, wheel in wheels.items() if self._locate_sidecar(name).exists()]
        order = sort_leaves_first(present, view.make_opener(self.directory / _FILES))
        return content.make_page_key(order)

    def _locate_sidecar(self, filename: str) -> Path:
        return self.directory / _FILES / f"{filename}.metadata"

    def _read(self, path: str) -> bytes:
        if not (self.directory / path).exists():
            return b""
        return reading.read_bytes(self.directory / path, place=path)

    def _prove(self, ledger: Ledger, open_wheel: view.OpenWheel, *trees: Path) -> None:
        """Prove the newest bundle of each name from the pages of ``trees``, then from ours."""

        def read(path: str) -> view.View:
            tops = (*trees, self.directory)
            return view.read(*(top / path for top in tops), open_wheel=open_wheel)

        union = read("simple")
        view_by_target = {id_: read(f"targets/{id_}/simple") for id_ in ledger.target_ids}
        problems = [
            problem
            for record in ledger.newest_records
            for target in record.targets
            for problem in prove_target(
                record, target, {"target": view_by_target[target.id], "union": union}
            ).problems
        ]
        if problems:
            raise NotProven.of(problems)

    def verify(self) -> None:
        ledger = self.read_ledger()
        problems = [
            dataclasses.replace(problem, hint=_name_remedy(problem.place, ledger))
            for problem in content.find_damage(self.directory, ledger.wheels)
        ]
        for path, text in content.render_pages(ledger.wheels_by_tree).items():
            if self._read(path) != text.encode("utf-8"):
                what = "expected the page of what was imported, got another"
                problems.append(Problem(place=path, what=what))
        if problems:
            raise NotVerified.of(problems)
        if ledger.all_imports:
            self._prove(ledger, view.make_opener(self.directory / _FILES))

    def find_unneeded(self, ledger: Ledger) -> tuple[str, ...]:
        wheels = [wheel for record in ledger.kept_records for wheel in record.wheels]
        owed = {name for wheel in wheels for name, _ in list_owed(wheel)}
        present = {path.name for path in (self.directory / _FILES).glob("*")}
        return tuple(sorted(present - owed))

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            _remove(self.directory / _FILES / name)


def _name_remedy(place: str, ledger: Ledger) -> str:
    filename = place.removeprefix(f"{_FILES}/").removesuffix(".metadata")
    return f"remove it if it is there, then import {ledger.find_label(filename)} again"


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise files.write_error(path, error) from error


def _is_page(path: str) -> bool:
    return path.startswith(("simple/", "targets/"))
