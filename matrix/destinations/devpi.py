"""
An index of a devpi-server that clients install from, and that inherits what was imported.

``USER/INDEX`` is what clients name. Every change of its ledger is a generation, an index
``USER/INDEX-gN`` that refuses other bytes under a name: it holds the wheels that are new and a file
with the ledger, and inherits the rest from an earlier generation. One PATCH of the bases of
``USER/INDEX`` serves another generation, at once. Where nothing earlier can be inherited, because a
release goes, a new generation is filled by copies on the server.

What others uploaded to ``USER/INDEX``, and its other bases, are read and proven with, and never
changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import os
import platform
import re
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.destinations import content, forms, server_view
from matrix.destinations.access import Access
from matrix.destinations.destination import Capabilities, Say
from matrix.destinations.devpi_api import Devpi, Stage
from matrix.destinations.devpi_state import PROJECT, load_state, make_state_name, pack_state
from matrix.destinations.ledger import Ledger
from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.destinations.simple_page import PageFile
from matrix.edge import files
from matrix.errors import IndexUnavailable, NotVerified, NotWritten, Problem
from matrix.record import schema
from matrix.record.schema import Record, RecordedWheel

_DEEPEST: Final = 20
"""Generations that inherit from each other; every one makes pages slower."""
_HINT: Final = "run the command again: it goes on where it ended"


class DevpiIndex:
    """The index ``name`` (``USER/INDEX``) of the devpi-server at ``url``."""

    def __init__(self, url: str, name: str, access: Access) -> None:
        self.label = f"{url}/{name}"
        self.directory = None
        self._name = name
        self._user = name.partition("/")[0]
        self._access = access
        self._api = Devpi(url, access)
        self._pending = ""
        self._say: Say = _ignore
        self._number = re.compile(rf"{re.escape(name)}-g([0-9]{{1,9}})")

    def capabilities(self) -> Capabilities:
        return Capabilities(
            lock="an index that only one import can make; a killed import leaves it (--break-lock)",
            promotion="all pages at once, by one change of the index's bases",
            serves_target_views=False,
            rolls_back=True,
            withdraws=True,
            prunes=True,
        )

    @functools.cached_property
    def _scratch(self) -> Path:
        """A directory that is laid out as a static destination: ledger, records, sidecars."""
        name = tempfile.mkdtemp(prefix="wheelyard-devpi.")
        weakref.finalize(self, shutil.rmtree, name, ignore_errors=True)
        return Path(name)

    @contextlib.contextmanager
    def lock(self, say: Say) -> Iterator[None]:
        self._say = say
        lock = f"{self._name}-lock"
        if self._access.breaks_lock:
            self._api.remove_stage(lock)
            say(f"removed the lock {lock}")
        since = f" since {self._access.stamp.when}" if self._access.stamp.when else ""
        title = f"process {os.getpid()} on {platform.node()}{since}"
        if not self._api.make_stage(lock, bases=(), title=title, volatile=True):
            holder = self._api.find_stage(lock)
            who = holder.title if holder is not None else "an import that has just ended"
            what = f"another import is writing here: {who}"
            hint = "wait until it has ended; if it was killed, --break-lock removes its lock"
            raise NotWritten(Problem(place=self.label, what=what, hint=hint))
        try:
            yield
        finally:
            self._api.remove_stage(lock)

    def read_ledger(self, stamp: Stamp = NO_STAMP, *, adopt: bool = False) -> Ledger:
        del adopt  # what others put on the server is no content of ours
        head = self._find_head()
        if not head:
            return Ledger(stamp=stamp)
        state = self._find_state(head)
        if state is None:
            what = f"expected {make_state_name(self._get_number(head))} in {head}, got none"
            hint = f"serve an earlier generation by the bases of {self._name}"
            raise NotVerified(Problem(place=self.label, what=what, hint=hint))
        path = self._scratch / "state.zip"
        self._api.download(state, path)
        digest = files.digest(path)
        if digest != state.sha256:
            what = f"expected sha256 {state.sha256}, got {digest}"
            raise NotVerified(Problem(place=f"{self.label}: {state.filename}", what=what))
        load_state(path, self._scratch)
        return content.read_ledger(self._scratch, stamp)

    def _find_state(self, generation: str) -> PageFile | None:
        name = make_state_name(self._get_number(generation))
        files_of_ours = self._api.fetch_files(generation, PROJECT)
        return next((file for file in files_of_ours if file.filename == name), None)

    def list_files(self, filenames: Collection[str]) -> Mapping[str, str]:
        if self._api.find_stage(self._name) is None:
            return {}
        wheels = {name for name in filenames if name.endswith(".whl")}
        projects = {name.partition("-")[0] for name in wheels}
        shown = self._fetch_shown(self._name, projects)
        return {name: shown[name].sha256 for name in sorted(wheels & shown.keys())}

    def _fetch_shown(self, index: str, projects: Collection[str]) -> dict[str, PageFile]:
        normal = sorted({re.sub(r"[-_.]+", "-", project).lower() for project in projects})
        return {
            file.filename: file
            for project in normal
            for file in self._api.fetch_files(index, project)
        }

    def put(
        self, bundle: Path, record: Record, order: Sequence[RecordedWheel], after: Ledger
    ) -> tuple[str, ...]:
        del after  # what is put is not served yet
        sidecars = self._scratch / "files"
        sidecars.mkdir(parents=True, exist_ok=True)
        for wheel in order:
            name = f"{wheel.filename}.metadata"
            files.copy(bundle / "files" / name, sidecars / name, sha256=wheel.metadata_sha256)
        parent = self._find_head()
        shown = self._fetch_shown(parent, {w.project for w in order}) if parent else {}
        missing = [wheel for wheel in order if wheel.filename not in shown]
        if missing:
            too_deep = len(self._list_chain(parent)) >= _DEEPEST
            digest = hashlib.sha256(schema.dump(record).encode("utf-8")).hexdigest()
            title = f"{self._name}: {record.label}, record sha256 {digest}"
            self._pending = self._make_generation("" if too_deep else parent, title)
        for wheel in missing:
            metadata = (sidecars / f"{wheel.filename}.metadata").read_bytes()
            body = forms.make_upload(wheel, bundle / "files" / wheel.filename, metadata)
            self._api.upload(self._pending, body)
        return tuple(wheel.filename for wheel in missing)

    def promote(self, before: Ledger, after: Ledger, *, dry_run: bool = False) -> int:
        if after.lines == before.lines and not self._pending:
            return 0
        notes = self._prove(after)
        for note in notes:
            self._say(f"warning: {note}")
        projects = {wheel.project for wheel in (*before.wheels, *after.wheels)}
        if dry_run:
            return len(projects)
        generation = self._pending or self._choose_generation(after)
        self._fill(generation, after)
        number = self._get_number(generation)
        state = pack_state(self._scratch, after, make_state_name(number))
        body = forms.make_file_upload(PROJECT, str(number), state, files.digest(state))
        self._api.upload(generation, body)
        shown = self._fetch_shown(generation, {wheel.project for wheel in after.wheels})
        server_view.require_pages(after.wheels, shown, _HINT)
        if extra := sorted(shown.keys() - {wheel.filename for wheel in after.wheels}):
            what = f"expected the wheels of the ledger alone, got {extra[0]}"
            raise NotVerified(Problem(place=f"{self.label}: {generation}", what=what))
        self._switch(generation)
        self._pending = ""
        return len(projects)

    def _prove(self, ledger: Ledger) -> tuple[str, ...]:
        served = server_view.read_served(
            self._api.server, ledger, self._scratch / "files", self._fetch_foreign
        )
        server_view.prove_union(ledger, served.view)
        return served.notes

    def _fetch_foreign(self, project: str) -> Iterator[PageFile]:
        """The files of a project that no generation of ours holds."""
        if self._has_foreign:
            for file in self._api.fetch_files(self._name, project):
                if not self._is_ours(self._api.read_index(file)):
                    yield file

    @functools.cached_property
    def _has_foreign(self) -> bool:
        """Whether anything but our generations can be seen; a mirror as base is refused."""
        stage = self._api.find_stage(self._name, with_projects=True)
        if stage is None:
            return False
        pending = [base for base in stage.bases if not self._is_ours(base)]
        bases = set(pending)
        while pending:
            base = self._api.find_stage(pending.pop())
            if base is not None and base.type == "mirror":
                what = f"expected bases that are no mirrors, got {base.name}"
                hint = "a mirror shows releases that no import has proven; take it out of the bases"
                raise NotVerified(Problem(place=self.label, what=what, hint=hint))
            pending += [name for name in (base.bases if base else ()) if name not in bases]
            bases |= set(pending)
        return bool(bases) or bool(stage.projects)

    def _is_ours(self, index: str) -> bool:
        return self._number.fullmatch(index) is not None

    def _get_number(self, generation: str) -> int:
        match = self._number.fullmatch(generation)
        return int(match.group(1)) if match else 0

    def _find_head(self) -> str:
        stage = self._api.find_stage(self._name)
        bases = stage.bases if stage is not None else ()
        return next((base for base in bases if self._is_ours(base)), "")

    def _list_generations(self) -> tuple[Stage, ...]:
        stages = (s for s in self._api.list_stages(self._user) if self._is_ours(s.name))
        return tuple(sorted(stages, key=lambda stage: self._get_number(stage.name)))

    def _list_chain(self, head: str) -> list[str]:
        stage_by_name = {stage.name: stage for stage in self._list_generations()}
        chain: list[str] = []
        while head in stage_by_name and head not in chain:
            chain.append(head)
            head = next((base for base in stage_by_name[head].bases if self._is_ours(base)), "")
        return chain

    def _make_generation(self, parent: str, title: str) -> str:
        """The number after the highest; what a killed import left of the same is taken up again."""
        generations = self._list_generations()
        chain = self._list_chain(self._find_head())
        bases = (parent,) if parent else ()
        for stage in generations:
            newest = self._get_number(chain[0]) if chain else 0
            if self._get_number(stage.name) > newest and stage.name not in chain:
                is_complete = bool(self._find_state(stage.name))
                if (stage.title, stage.bases) == (title, bases) and not is_complete:
                    self._say(f"going on with {stage.name}, which was interrupted")
                    return stage.name
                self._say(f"removing {stage.name}, which was never served")
                self._remove_generation(stage.name)
        numbers = [self._get_number(stage.name) for stage in self._list_generations()]
        name = f"{self._name}-g{max(numbers, default=0) + 1}"
        if not self._api.make_stage(name, bases=bases, title=title, volatile=False):
            raise NotWritten(Problem(place=self.label, what=f"{name} exists", hint=_HINT))
        return name

    def _choose_generation(self, after: Ledger) -> str:
        """A new generation upon the newest one that shows nothing but what ``after`` shows."""
        wanted = {wheel.filename for wheel in after.wheels}
        title = f"{self._name}: {after.lines[-1].action} at {after.stamp.when}"
        for parent in self._list_chain(self._find_head()):
            projects = self._api.list_projects(parent) - {PROJECT}
            if self._fetch_shown(parent, projects).keys() <= wanted:
                return self._make_generation(parent, title)
        return self._make_generation("", title)

    def _fill(self, generation: str, after: Ledger) -> None:
        """Copy what ``generation`` lacks from the older ones, on the server."""
        projects = {wheel.project for wheel in after.wheels}
        shown = self._fetch_shown(generation, projects)
        missing = [wheel for wheel in after.wheels if wheel.filename not in shown]
        sources: dict[str, PageFile] = {}
        if missing:
            lacking = {wheel.project for wheel in missing}
            for stage in self._list_generations():
                if stage.name != generation:
                    sources.update(self._fetch_shown(stage.name, lacking))
        pushed = set()
        for wheel in missing:
            if wheel.filename not in sources:
                label = after.find_label(wheel.filename)
                what = f"expected the file on the server, got none; {label} brings it"
                hint = f"import {label} again, or withdraw {wheel.project} {wheel.version}"
                raise NotVerified(Problem(place=wheel.filename, what=what, hint=hint))
            source = self._api.read_index(sources[wheel.filename])
            if (source, wheel.project, wheel.version) not in pushed:
                pushed.add((source, wheel.project, wheel.version))
                self._api.push(source, wheel, generation)

    def _switch(self, generation: str) -> None:
        stage = self._api.find_stage(self._name)
        if stage is None:
            self._api.make_stage(self._name, bases=(generation,), title="", volatile=False)
        else:
            others = [base for base in stage.bases if not self._is_ours(base)]
            self._api.change_stage(self._name, [f"bases={','.join([generation, *others])}"])
        waited = 0.0
        while self._find_head() != generation:
            if waited >= self._access.limit:
                what = f"expected {generation} in the bases within {self._access.limit:.0f} s"
                raise IndexUnavailable(Problem(place=self.label, what=what, hint=_HINT))
            self._access.sleep(0.2)
            waited += 0.2

    def verify(self) -> None:
        ledger = self.read_ledger()
        shown = self._fetch_shown(self._name, {wheel.project for wheel in ledger.wheels})
        problems = list(server_view.compare_pages(ledger.wheels, shown))
        for wheel in ledger.wheels:
            if wheel.filename in shown:
                self._api.download(shown[wheel.filename], self._scratch / "download")
                digest = files.digest(self._scratch / "download")
                if digest != wheel.sha256:
                    what = f"expected sha256 {wheel.sha256}, got {digest}"
                    problems.append(Problem(place=wheel.filename, what=what))
        if problems:
            raise NotVerified.of(
                dataclasses.replace(p, hint=f"import {ledger.find_label(p.place)} again")
                for p in problems
            )
        self._prove(ledger)

    def find_unneeded(self, ledger: Ledger) -> tuple[str, ...]:
        del ledger
        chain = self._list_chain(self._find_head())
        return tuple(stage.name for stage in self._list_generations() if stage.name not in chain)

    def remove(self, names: Sequence[str]) -> None:
        chain = self._list_chain(self._find_head())
        # The newest first: devpi changes no index whose bases are gone.
        for name in sorted(names, key=self._get_number, reverse=True):
            if name not in chain:
                self._remove_generation(name)

    def _remove_generation(self, name: str) -> None:
        # devpi removes only what may change.
        self._api.change_stage(name, ["volatile=True"])
        self._api.remove_stage(name)


def _ignore(text: str) -> None:
    del text
