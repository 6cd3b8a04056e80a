"""
A server that takes the legacy upload API, as twine uses it: Artifactory, Nexus, GitLab and others.

A file is visible as soon as it is uploaded, and the server keeps no ledger for us: everything is
proven before the first upload, files go leaves first, and the ledger lies in a local directory. A
status proves nothing: most of these servers ignore a wrong digest, take rubbish, or answer in the
same way for equal and for other bytes. So after each upload the digest on the page counts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.destinations import content, forms, ledger_text, server_view
from matrix.destinations.access import Access
from matrix.destinations.destination import Capabilities, Say
from matrix.destinations.http_server import Answer, Server, refuse
from matrix.destinations.import_lock import hold_lock
from matrix.destinations.ledger import FILENAME, Ledger
from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.destinations.permissions import make_directory
from matrix.destinations.simple_page import PageFile, fetch_page
from matrix.destinations.upload_families import Family
from matrix.edge import files
from matrix.edge.quantities import count, megabytes
from matrix.errors import IndexUnavailable, NotVerified, Problem
from matrix.record import schema
from matrix.record.schema import Record, RecordedWheel

_POLL: Final = 0.5
_SAFE: Final = "run the command again: it goes on where it ended"
_BUILD_TAG: Final = "give the newer build a build tag: `build:` of its recipe in packages.yaml"


class UploadServer:
    """The index at ``url``, of a server of a known ``family``."""

    def __init__(self, url: str, family: Family, access: Access) -> None:
        self.label = url
        self.directory = None
        self._family = family
        self._access = access
        self._server = Server(url, access)
        self._say: Say = _ignore
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", url.partition("://")[2]).strip("-")
        self._own = access.ledgers / name

    def capabilities(self) -> Capabilities:
        return Capabilities(
            lock="none on the server; imports from the same directory of ledgers wait for no other",
            promotion="file by file, leaves first: each is visible when it is uploaded",
            serves_target_views=False,
            rolls_back=False,
            withdraws=False,
            prunes=False,
        )

    @contextlib.contextmanager
    def lock(self, say: Say) -> Iterator[None]:
        self._say = say
        make_directory(self._own)
        say(f"the ledger of {self.label} is in {self._own}; this server has no lock for imports")
        with hold_lock(self._own / ".lock", place=self.label):
            yield

    def read_ledger(self, stamp: Stamp = NO_STAMP, *, adopt: bool = False) -> Ledger:
        del adopt  # what others put on the server is no content of ours
        return content.read_ledger(self._own, stamp)

    def list_files(self, filenames: Collection[str]) -> Mapping[str, str]:
        wheels = {name for name in filenames if name.endswith(".whl")}
        shown = self._fetch_shown({name.partition("-")[0] for name in wheels})
        return {name: self._read_digest(shown[name]) for name in sorted(wheels & shown.keys())}

    def _fetch(self, project: str) -> tuple[PageFile, ...]:
        normal = re.sub(r"[-_.]+", "-", project).lower()
        return fetch_page(self._server, f"{self.label}{self._family.simple}/{normal}/")

    def _fetch_shown(self, projects: Collection[str]) -> dict[str, PageFile]:
        return {file.filename: file for each in sorted(projects) for file in self._fetch(each)}

    def _read_digest(self, file: PageFile) -> str:
        """The digest on the page, or else of the bytes."""
        if file.sha256:
            return file.sha256
        answer = self._server.get(file.url)
        if not answer.is_success:
            raise IndexUnavailable(Problem(place=file.url, what=answer.describe()))
        return hashlib.sha256(answer.content).hexdigest()

    def put(
        self, bundle: Path, record: Record, order: Sequence[RecordedWheel], after: Ledger
    ) -> tuple[str, ...]:
        del record
        sidecars = self._own / "files"
        make_directory(sidecars)
        for wheel in order:
            name = f"{wheel.filename}.metadata"
            files.copy(bundle / "files" / name, sidecars / name, sha256=wheel.metadata_sha256)
        self._prove(after)
        shown = self._fetch_shown({wheel.project for wheel in order})
        missing = [wheel for wheel in order if wheel.filename not in shown]
        for number, wheel in enumerate(missing):
            arrived = f"{number} of {count(len(missing), 'file')} arrived"
            self._upload(wheel, bundle / "files" / wheel.filename, arrived)
        return tuple(wheel.filename for wheel in missing)

    def _upload(self, wheel: RecordedWheel, path: Path, arrived: str) -> None:
        metadata = (self._own / "files" / f"{wheel.filename}.metadata").read_bytes()
        body = forms.make_upload(wheel, path, metadata)
        url = f"{self.label}{self._family.upload}"
        answer = self._server.request("POST", url, body=body, headers={"Accept": "*/*"})
        file = self._wait(wheel, answer)
        if file is None and answer.is_success:
            what = f"{answer.describe()}, but the page does not show {wheel.filename}; {arrived}"
            hint = f"check the address; expected {self._family.form}"
            raise IndexUnavailable(Problem(place=self._name_page(wheel), what=what, hint=hint))
        if file is None:
            size = f"{wheel.filename} ({megabytes(wheel.size)})"
            raise refuse(answer, f"{size} not uploaded, {arrived}")
        digest = self._read_digest(file)
        if digest != wheel.sha256:
            what = f"expected sha256 {wheel.sha256} on the page, got {digest}; {arrived}"
            raise NotVerified(Problem(place=wheel.filename, what=what, hint=_BUILD_TAG))
        if wheel.requires_python and not file.requires_python:
            self._say(
                f"warning: the page of {wheel.project} shows no Requires-Python "
                f"({wheel.requires_python}): old installers may take a wrong release"
            )

    def _wait(self, wheel: RecordedWheel, answer: Answer) -> PageFile | None:
        """The file on its page, within the limit if the server said that it took it."""
        waited = 0.0
        while True:
            for file in self._fetch(wheel.project):
                if file.filename == wheel.filename:
                    return file
            if not answer.is_success or waited >= self._access.limit:
                return None
            self._access.sleep(_POLL)
            waited += _POLL

    def _name_page(self, wheel: RecordedWheel) -> str:
        return f"{self.label}{self._family.simple}/{wheel.project}/"

    def promote(self, before: Ledger, after: Ledger, *, dry_run: bool = False) -> int:
        shown = self._fetch_shown({wheel.project for wheel in after.wheels})
        server_view.require_pages(after.wheels, self._complete(shown), _SAFE)
        self._prove(after)
        new = {w.filename: w.project for w in after.wheels}
        for wheel in before.wheels:
            new.pop(wheel.filename, None)
        if after.lines != before.lines and not dry_run:
            for entry in after.imports:
                text = schema.dump(after.record_by_sha256[entry.record_sha256])
                files.write(self._own / entry.record_path, text)
            files.write(self._own / FILENAME, ledger_text.dump(after.lines))
        return len(set(new.values()))

    def _complete(self, shown: Mapping[str, PageFile]) -> dict[str, PageFile]:
        return {
            name: dataclasses.replace(file, sha256=self._read_digest(file))
            for name, file in shown.items()
        }

    def _prove(self, ledger: Ledger) -> None:
        served = server_view.read_served(self._server, ledger, self._own / "files", self._fetch)
        for note in served.notes:
            self._say(f"warning: {note}")
        server_view.prove_union(ledger, served.view)

    def verify(self) -> None:
        ledger = self.read_ledger()
        shown = self._fetch_shown({wheel.project for wheel in ledger.wheels})
        server_view.require_pages(ledger.wheels, self._complete(shown), _SAFE)
        for wheel in ledger.wheels:
            answer = self._server.get(shown[wheel.filename].url)
            digest = hashlib.sha256(answer.content).hexdigest()
            if digest != wheel.sha256:
                what = f"expected sha256 {wheel.sha256}, got {digest}"
                hint = f"remove it there ({self._family.removal}), then import again"
                raise NotVerified(Problem(place=wheel.filename, what=what, hint=hint))
        self._prove(ledger)

    def find_unneeded(self, ledger: Ledger) -> tuple[str, ...]:
        del ledger
        return ()

    def remove(self, names: Sequence[str]) -> None:
        del names


def _ignore(text: str) -> None:
    del text
