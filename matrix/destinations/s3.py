"""
A prefix in an S3-compatible store, laid out as a static directory.

A store has no directories: each page is written under ``.../index.html``, which a website endpoint
serves, and under the key with the slash, which clients ask the plain endpoint for. An object is
replaced at once. Wheels come first, then pages with what comes, leaves first, then pages without
what goes, and the ledger last, on the condition that it is still the one that was read.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.destinations import content, ledger_text
from matrix.destinations.access import Access
from matrix.destinations.destination import Capabilities, Say
from matrix.destinations.leaves import sort_leaves_first
from matrix.destinations.ledger import FILENAME, Ledger, list_owed
from matrix.destinations.lines import NO_STAMP, Import, Stamp
from matrix.destinations.s3_bucket import HTML, JSON, Bucket, Conflict, open_bucket
from matrix.destinations.server_view import prove_views
from matrix.edge import files
from matrix.errors import NotVerified, NotWritten, Problem
from matrix.record import schema
from matrix.record.schema import Record, RecordedWheel
from matrix.verify import view

LOCK: Final = "lock"
_HINT: Final = "run the command again: it goes on where it ended"


class S3:
    """The objects below ``prefix`` of a bucket."""

    def __init__(self, name: str, prefix: str, access: Access) -> None:
        self.label = f"s3:{name}/{prefix}".rstrip("/")
        self.directory = None
        self._name, self._prefix = name, prefix
        self._access = access
        self._etag = ""

    def capabilities(self) -> Capabilities:
        return Capabilities(
            lock="an object that one import alone can make; a killed one leaves it (--break-lock)",
            promotion="pages change one by one, leaves first; at any moment each project installs",
            serves_target_views=True,
            rolls_back=True,
            withdraws=True,
            prunes=True,
        )

    @functools.cached_property
    def _bucket(self) -> Bucket:
        return open_bucket(self._name, self._prefix)

    @functools.cached_property
    def _scratch(self) -> Path:
        """A directory that is laid out as a static destination: ledger, records, sidecars."""
        name = tempfile.mkdtemp(prefix="wheelyard-s3.")
        weakref.finalize(self, shutil.rmtree, name, ignore_errors=True)
        return Path(name)

    @contextlib.contextmanager
    def lock(self, say: Say) -> Iterator[None]:
        if self._access.breaks_lock:
            self._bucket.remove(LOCK)
            say(f"removed the lock of {self.label}")
        holder = f"{self._access.stamp.who} since {self._access.stamp.when}"
        try:
            self._bucket.write(LOCK, holder.encode("utf-8"), "text/plain", expect="")
        except Conflict as error:
            present = self._bucket.read(LOCK)
            who = present[0].decode("utf-8", "replace") if present else "one that has just ended"
            what = f"another import is writing here: {who}"
            hint = "wait until it has ended; if it was killed, --break-lock removes its lock"
            raise NotWritten(Problem(place=self.label, what=what, hint=hint)) from error
        try:
            yield
        finally:
            self._bucket.remove(LOCK)

    def read_ledger(self, stamp: Stamp = NO_STAMP, *, adopt: bool = False) -> Ledger:
        del adopt  # the prefix belongs to this program
        ledger = self._bucket.read(FILENAME)
        self._etag = ledger[1] if ledger else ""
        if ledger is None:
            return Ledger(stamp=stamp)
        files.write(self._scratch / FILENAME, ledger[0])
        for line in ledger_text.parse(ledger[0]):
            if isinstance(line, Import) and not (self._scratch / line.record_path).exists():
                self._fetch(line.record_path)
        return content.read_ledger(self._scratch, stamp)

    def _fetch(self, key: str) -> None:
        present = self._bucket.read(key)
        if present is None:
            place = f"{self.label}/{key}"
            raise NotVerified(Problem(place=place, what="expected an object, got none"))
        files.write(self._scratch / key, present[0])

    def list_files(self, filenames: Collection[str]) -> Mapping[str, str]:
        present = {key for key, _, _ in self._bucket.list_objects("files/")}
        return {
            name: self._bucket.read_digest(f"files/{name}")
            for name in sorted(filenames)
            if f"files/{name}" in present
        }

    def put(
        self, bundle: Path, record: Record, order: Sequence[RecordedWheel], after: Ledger
    ) -> tuple[str, ...]:
        del record, after
        present = {key for key, _, _ in self._bucket.list_objects("files/")}
        added = []
        for wheel in order:
            for name, _ in list_owed(wheel):
                if f"files/{name}" not in present:
                    with contextlib.suppress(Conflict):  # the promotion compares what is there
                        self._bucket.upload(f"files/{name}", bundle / "files" / name)
            if f"files/{wheel.filename}" not in present:
                added.append(wheel.filename)
        return tuple(added)

    def promote(self, before: Ledger, after: Ledger, *, dry_run: bool = False) -> int:
        self._require_files(after)
        self._prove(after)
        joined = content.join_views(before.wheels_by_tree, after.wheels_by_tree)
        between = content.render_pages(joined)
        final = content.render_pages(after.wheels_by_tree)
        etag_by_key = {
            key: etag
            for tree in ("simple/", "targets/")
            for key, etag, _ in self._bucket.list_objects(tree)
        }
        comes = [path for path in between if etag_by_key.get(path) != _compute_etag(between[path])]
        stale = {path for path in etag_by_key if path.endswith(("/index.html", "/index.json"))}
        goes = [p for p in stale | between.keys() if final.get(p) != between.get(p)]
        if not dry_run:
            key = self._make_key(before, after)
            for entry in after.imports:
                text = schema.dump(after.record_by_sha256[entry.record_sha256])
                self._bucket.write(entry.record_path, text.encode("utf-8"), "application/json")
            for path in sorted(comes, key=key):
                self._write_page(path, between[path])
            for path in sorted(goes, key=key, reverse=True):
                self._write_page(path, final.get(path))
            self._write_ledger(before, after)
        return len({*comes, *goes})

    def _write_page(self, path: str, text: str | None) -> None:
        """Write or remove a page, an HTML page under the key with the slash too."""
        directory = path.removesuffix("index.html")
        keys = [path] if directory == path else [directory, path]
        for key in keys:
            if text is None:
                self._bucket.remove(key)
            else:
                kind = JSON if path.endswith(".json") else HTML
                self._bucket.write(key, text.encode("utf-8"), kind)

    def _write_ledger(self, before: Ledger, after: Ledger) -> None:
        if after.lines == before.lines:
            return
        text = ledger_text.dump(after.lines).encode("utf-8")
        try:
            self._bucket.write(FILENAME, text, "application/json", expect=self._etag)
        except Conflict as error:
            what = "expected the ledger that was read, got one that another import has changed"
            problem = Problem(place=f"{self.label}/{FILENAME}", what=what, hint=_HINT)
            raise NotWritten(problem) from error

    def _make_key(self, before: Ledger, after: Ledger) -> Callable[[str], tuple[bool, int, str]]:
        wheels = {wheel.filename: wheel for ledger in (before, after) for wheel in ledger.wheels}
        order = sort_leaves_first(wheels.values(), self._make_opener(wheels))
        return content.make_page_key(order)

    def _make_opener(self, filenames: Collection[str]) -> view.OpenWheel:
        for name in filenames:
            key = f"files/{name}.metadata"
            if not (self._scratch / key).exists():
                self._fetch(key)
        return view.make_opener(self._scratch / "files")

    def _require_files(self, ledger: Ledger) -> None:
        """Raise ``NotVerified`` unless every file that pages name is there with its size."""
        size_by_key = {key: size for key, _, size in self._bucket.list_objects("files/")}
        problems = []
        for wheel in ledger.wheels:
            size = size_by_key.get(f"files/{wheel.filename}")
            if size != wheel.size or f"files/{wheel.filename}.metadata" not in size_by_key:
                label = ledger.find_label(wheel.filename)
                what = f"expected a file of {wheel.size} bytes and its metadata; {label} brings it"
                hint = f"import {label} again, or withdraw {wheel.project} {wheel.version}"
                problems.append(Problem(place=f"files/{wheel.filename}", what=what, hint=hint))
        if problems:
            raise NotVerified.of(problems)

    def _prove(self, ledger: Ledger) -> None:
        open_wheel = self._make_opener([wheel.filename for wheel in ledger.wheels])
        prove_views(ledger, open_wheel)

    def verify(self) -> None:
        ledger = self.read_ledger()
        self._require_files(ledger)
        problems = []
        for wheel in ledger.wheels:
            for name, sha256 in list_owed(wheel):
                digest = self._bucket.read_digest(f"files/{name}")
                if digest != sha256:
                    what = f"expected sha256 {sha256}, got {digest}"
                    hint = f"remove it, then import {ledger.find_label(wheel.filename)} again"
                    problems.append(Problem(place=f"files/{name}", what=what, hint=hint))
        for path, text in content.render_pages(ledger.wheels_by_tree).items():
            page = self._bucket.read(path)
            if page is None or page[0] != text.encode("utf-8"):
                what = "expected the page of what was imported, got another"
                problems.append(Problem(place=path, what=what, hint=_HINT))
        if problems:
            raise NotVerified.of(problems)
        self._prove(ledger)

    def find_unneeded(self, ledger: Ledger) -> tuple[str, ...]:
        wheels = [wheel for record in ledger.kept_records for wheel in record.wheels]
        owed = {name for wheel in wheels for name, _ in list_owed(wheel)}
        present = {key.removeprefix("files/") for key, _, _ in self._bucket.list_objects("files/")}
        return tuple(sorted(present - owed))

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            self._bucket.remove(f"files/{name}")


def _compute_etag(text: str) -> str:
    # The ETag of an object that was put in one piece is its MD5; any other is written again.
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest()
