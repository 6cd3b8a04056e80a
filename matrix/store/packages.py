"""
Kind ``packages``: wheels in the package registry of a GitLab project.

Wheels lie by digest, so that two jobs never write two contents under one name::

    wheelyard-wheels      SHA256         netifaces-0.11.0-...whl
    wheelyard-store       PIPELINE.JOB   store.json, store.json.sig   a protected run
    wheelyard-request-12  PIPELINE.JOB   store.json                   merge request 12

Of protected runs an index counts that is signed (``signed_index`` says why GitLab's facts are not
enough there). Of a merge request an index counts that only pipelines of this merge request
uploaded, as GitLab says, and only for its own later pipelines.
"""

import dataclasses
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.errors import DigestMismatch, MatrixError, Problem
from matrix.store import entries, signed_index
from matrix.store.entries import FILENAME, Entry, StoreIndex
from matrix.store.lookup import (
    Damaged,
    Lookup,
    StoredWheel,
    Wanted,
    create_problem,
    read_durations,
)
from matrix.store.matching import describe_entry
from matrix.store.package_registry import PackageFile, PackageRegistry

WHEELS: Final = "wheelyard-wheels"
SIGNED: Final = "wheelyard-store"
_REQUEST: Final = "wheelyard-request-{}"
MOST_INDEXES: Final = 20
"""How many runs a look-up reads; an index has the rows that its run reused, too."""
_SOURCES: Final = frozenset({"merge_request_event", "parent_pipeline"})
_NO_KEY: Final = (
    "gitlab.store-key is not set, so wheels of the default branch are not reused; docs/store.md "
    "says how to make a key"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PackagesRun:
    """The run that asks: its project, and the number of its merge request, if it is of one."""

    project: str
    run: str
    """PIPELINE.JOB, which no other job has."""
    request: str = ""
    is_protected: bool = False


class Packages:
    """The store in the registry; ``seed`` signs, where the job has it."""

    takes_files = True
    name = "the package registry"

    def __init__(
        self, registry: PackageRegistry, run: PackagesRun, *, key: str, seed: bytes | None
    ) -> None:
        self._registry = registry
        self._run = run
        self._key = key
        self._seed = seed

    @property
    def registry(self) -> PackageRegistry:
        """The registry, where released bundles lie, too."""
        return self._registry

    def close(self) -> None:
        """Close the connections."""
        self._registry.close()

    def find(self, wanted: Sequence[Wanted]) -> Lookup:
        """The wheels of protected runs, then those of the run's own merge request."""
        problems: list[Problem] = []
        indexes = [*self._read_signed(problems), *self._read_own(problems)]
        rows = [row for index in indexes for row in index.wheels]
        # The first counts: signed before own, new before old.
        entry_by_key = {(row.keys, row.target): row for row in reversed(rows)}
        wheel_by_wanted: dict[Wanted, StoredWheel] = {}
        for each in wanted:
            entry = entry_by_key.get((each.keys, each.target))
            if entry is None:
                continue
            if (entry.project, entry.version) == (each.project, each.version):
                wheel_by_wanted[each] = _describe(entry)
            else:
                what = f"{entry.filename} for {entry.target} lies under the key of {each.project}"
                problems.append(create_problem("forged", what))
        lines = (f"{len(wheel_by_wanted)} of {len(wanted)} wheels are in {self.name}",)
        return Lookup(
            wheel_by_wanted=wheel_by_wanted,
            past=read_durations(rows),
            problems=tuple(problems),
            lines=lines if self._key else (*lines, _NO_KEY),
        )

    def fetch(self, wheel: StoredWheel, path: Path) -> None:
        """Download a wheel to ``path``, its digest checked."""
        filename = name_file(wheel.filename)
        try:
            is_there = self._registry.fetch(
                WHEELS, wheel.sha256, filename, path, sha256=wheel.sha256
            )
        except DigestMismatch as error:
            raise Damaged("damaged", error.problems[0].what) from error
        if not is_there:
            raise Damaged("expired", "the registry has the entry without the wheel")

    def put(self, index: StoreIndex, path_by_entry: Mapping[Entry, Path]) -> Sequence[Problem]:
        """
        Upload what the registry does not have, then the index that names it.

        A protected run without the secret uploads wheels alone; a later job signs for them.
        """
        if not self._run.request and not (self._run.is_protected and self._key):
            what = _NO_KEY if self._run.is_protected else "wheels of an unprotected branch"
            return [create_problem("not-kept", what)]
        for digest, path in sorted({(entry.sha256, path) for entry, path in path_by_entry.items()}):
            filename = name_file(path.name)
            if not self._has(digest, filename):
                self._registry.put(WHEELS, digest, filename, path)
        content = entries.dump(index).encode()
        if self._run.request:
            self._registry.put(self._own_name, self._run.run, FILENAME, content)
        elif self._seed is not None:
            signature = signed_index.sign_index(content, project=self._run.project, seed=self._seed)
            # First, so that an index without a signature is nothing that an interrupt leaves.
            self._registry.put(SIGNED, self._run.run, FILENAME + signed_index.SUFFIX, signature)
            self._registry.put(SIGNED, self._run.run, FILENAME, content)
        return []

    @property
    def _own_name(self) -> str:
        return _REQUEST.format(self._run.request)

    def _has(self, digest: str, filename: str) -> bool:
        """Whether a download of the wheel gives these bytes."""
        for package in self._registry.list_packages(WHEELS, version=digest, most=1):
            newest = _find_newest(self._registry.list_files(package), filename)
            return newest is not None and newest.sha256 == digest
        return False

    def _read_signed(self, problems: list[Problem]) -> Iterator[StoreIndex]:
        if not self._key:
            return
        for package in self._registry.list_packages(SIGNED, most=MOST_INDEXES):
            content = self._registry.get(SIGNED, package.version, FILENAME)
            if content is None:
                continue
            name = FILENAME + signed_index.SUFFIX
            signature = self._registry.get(SIGNED, package.version, name) or b""
            if signed_index.is_signed(content, signature, project=self._run.project, key=self._key):
                yield from _parse(content, package.version, problems)
                continue
            what = f"the index of run {package.version} is not signed with gitlab.store-key"
            problems.append(create_problem("forged", what))

    def _read_own(self, problems: list[Problem]) -> Iterator[StoreIndex]:
        if not self._run.request:
            return
        for package in self._registry.list_packages(self._own_name, most=MOST_INDEXES):
            file = _find_newest(self._registry.list_files(package), FILENAME)
            if file is None:
                continue
            if not self._is_own(file):
                what = (
                    f"the index of run {package.version} is not of merge request "
                    f"{self._run.request} alone"
                )
                problems.append(create_problem("forged", what))
                continue
            content = self._registry.get(self._own_name, package.version, FILENAME)
            if content is None or hashlib.sha256(content).hexdigest() != file.sha256:
                what = f"the index of run {package.version} changed while it was read"
                problems.append(create_problem("damaged", what))
                continue
            yield from _parse(content, package.version, problems)

    def _is_own(self, file: PackageFile) -> bool:
        ref = re.compile(rf"refs/merge-requests/{self._run.request}/(head|merge|train)")
        return bool(file.pipelines) and all(
            str(each.project) == self._run.project
            and ref.fullmatch(each.ref)
            and each.source in _SOURCES
            for each in file.pipelines
        )


def name_file(filename: str) -> str:
    """
    The name of a wheel in the registry, which has no ``!`` in names.

    >>> name_file("pip-1!2-py3-none-any.whl")
    'pip-1_2-py3-none-any.whl'
    """
    return filename.replace("!", "_")


def _describe(entry: Entry) -> StoredWheel:
    return describe_entry(entry, run=f"pipeline {entry.run}", location=f"packages/{entry.sha256}")


def _find_newest(files: Sequence[PackageFile], name: str) -> PackageFile | None:
    """The file that a download of ``name`` gives."""
    return next((file for file in reversed(files) if file.name == name), None)


def _parse(content: bytes, version: str, problems: list[Problem]) -> Iterator[StoreIndex]:
    try:
        yield entries.parse(content, source=f"{FILENAME} of run {version}")
    except MatrixError as error:
        problems.append(create_problem("damaged", str(error.problems[0])))
