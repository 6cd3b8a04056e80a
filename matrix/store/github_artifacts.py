"""
Kind ``artifacts``: the artifacts of the repository's own runs on GitHub.

A run that builds keeps its wheels in artifacts of its jobs, and one artifact ``store-index`` that
lists them. Planning reads the newest indexes of runs that may be trusted, at most 20, so that it
stays far below the thousand requests an hour of all jobs together. An index repeats the rows of
what its run has reused, so that the newest few tell of what older runs built.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matrix.edge import limits
from matrix.edge.quantities import count
from matrix.errors import MatrixError, Problem
from matrix.pipelines import release
from matrix.store import entries
from matrix.store.entries import Entry, StoreIndex
from matrix.store.github_api import GitHubApi
from matrix.store.github_archives import GitHubArchives
from matrix.store.github_runs import GitHubRuns
from matrix.store.github_trust import Reader
from matrix.store.lookup import Damaged, Lookup, StoredWheel, Wanted, create_problem
from matrix.store.matching import Matcher, describe_entry

INDEX: Final = "store-index"
KIND: Final = "artifacts"
MOST_INDEXES: Final = 20
_PAGES: Final = 5
_QUEUE: Final = "gh-readonly-queue"


class GitHubArtifacts:
    """The store of a repository, read by one of its runs."""

    takes_files = False

    def __init__(
        self,
        api: GitHubApi,
        runs: GitHubRuns,
        *,
        scratch: Path,
        prefix: str = release.DEFAULT,
    ) -> None:
        self._prefix = prefix
        self._api = api
        self._runs = runs
        self._archives = GitHubArchives(api, scratch=scratch)

    @property
    def name(self) -> str:
        """What messages call it."""
        return "the artifacts of earlier runs"

    def close(self) -> None:
        """Close the connections, and remove what was downloaded."""
        self._api.close()
        self._archives.close()

    def find(self, wanted: Sequence[Wanted]) -> Lookup:
        """The wheels of the newest runs that may be trusted."""
        matcher = Matcher(wanted)
        skipped: Counter[str] = Counter()
        problems: list[Problem] = []
        number = 0
        reader = self._runs.find_reader() if wanted else Reader(workflow="")
        for row in self._list_indexes(reader, skipped) if wanted else ():
            run = str(row["workflow_run"]["id"])
            if reason := self._runs.judge(run, reader):
                skipped[reason] += 1
                continue
            number += 1
            try:
                self._add(self._read_index(row), run, reader, matcher)
            except MatrixError as error:
                what = f"the index of run {run}: {error.problems[0].what}"
                problems.append(create_problem("damaged", what))
            if matcher.is_complete or number == MOST_INDEXES:
                break
        first = f"{len(matcher.entry_by_wanted)} of {len(wanted)} wheels are in {self.name}"
        lines = [f"{first}; index read from {count(number, 'run')}"]
        lines += [f"{times} not read: {reason}" for reason, times in sorted(skipped.items())]
        return Lookup(
            wheel_by_wanted={
                cell: _describe(entry) for cell, entry in matcher.entry_by_wanted.items()
            },
            past=matcher.past,
            problems=(*problems, *matcher.problems),
            lines=tuple(lines),
        )

    def fetch(self, wheel: StoredWheel, path: Path) -> None:
        """Take a wheel out of its artifact."""
        try:
            run, artifact, member = json.loads(wheel.location.removeprefix(f"{KIND} "))
        except (TypeError, ValueError) as error:
            raise Damaged("damaged", f"{wheel.location!r} is no place of an artifact") from error
        number = self._archives.find(str(run), str(artifact))
        self._archives.write_member(number, str(member), path, size=wheel.size, sha256=wheel.sha256)

    def put(self, index: StoreIndex, path_by_entry: Mapping[Entry, Path]) -> Sequence[Problem]:
        """Keep nothing: the jobs of the workflow upload what they have built."""
        del index, path_by_entry
        return ()

    def _add(self, index: StoreIndex, own: str, reader: Reader, matcher: Matcher) -> None:
        """Add the rows of an index; a row of another run counts where that run is trusted, too."""

        def refuse(entry: Entry) -> str:
            reason = "" if entry.run == own else self._runs.judge(entry.run, reader)
            return f"run {entry.run} is not trusted: {reason}" if reason else ""

        matcher.add(index.wheels, refuse=refuse)

    def _list_indexes(self, reader: Reader, skipped: Counter[str]) -> Iterator[Mapping[str, Any]]:
        """
        The index artifacts that could be of use, the newest first, one a run.

        The list says whose commits a run has, so that the runs of forks and of other requests, of
        which there may be hundreds, cost no request. It decides nothing: the run's own facts do.
        """
        seen = {self._runs.own}
        rows = self._api.list_rows(
            "/actions/artifacts",
            key="artifacts",
            wanted="the store's indexes",
            pages=_PAGES,
            name=INDEX,
        )
        for row in rows:
            run = row.get("workflow_run") or {}
            if reason := self._pass_over(row, run, reader):
                skipped[reason] += 1
            elif str(run.get("id")) not in seen:
                seen.add(str(run.get("id")))
                yield row

    def _pass_over(self, row: Mapping[str, Any], run: Mapping[str, Any], reader: Reader) -> str:
        """Why an index is not worth a request; empty when it is."""
        if row.get("expired"):
            return "it has expired"
        if run.get("repository_id") != run.get("head_repository_id"):
            return "it is of a fork"
        branch, main = str(run.get("head_branch") or ""), self._runs.branch
        is_of_use = branch in {main, reader.request_branch} or branch.startswith(
            (f"{_QUEUE}/{main}/", self._prefix)
        )
        return "" if is_of_use else "it is of another branch"

    def _read_index(self, row: Mapping[str, Any]) -> StoreIndex:
        limit = limits.cap("store index bytes")
        try:
            content = self._archives.read_member(int(row["id"]), entries.FILENAME, limit=limit)
        except Damaged as error:
            raise MatrixError(Problem(place=INDEX, what=str(error))) from error
        return entries.parse(content, source=entries.FILENAME)


def _describe(entry: Entry) -> StoredWheel:
    return describe_entry(
        entry,
        run=f"run {entry.run}",
        location=f"{KIND} {json.dumps([entry.run, entry.artifact, entry.path])}",
    )
