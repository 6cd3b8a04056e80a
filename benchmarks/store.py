"""
How long a look-up in the store takes, and whether a wheel costs more when there are many.

``python benchmarks/store.py [N ...]`` looks up N wheels (by default 900, 1,800, 3,600 and 7,200) in
one index of GitHub's artifacts, from a server on loopback, and in a shared directory: medians of
three. The exit code is 1 when a look-up of 3,600 wheels exceeds its budget.
"""

import functools
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from matrix.store import entries  # noqa: E402 - the checkout is found a line above
from matrix.store.entries import Entry, StoreIndex  # noqa: E402 - the same
from matrix.store.github_api import GitHubApi  # noqa: E402 - the same
from matrix.store.github_artifacts import GitHubArtifacts  # noqa: E402 - the same
from matrix.store.github_runs import GitHubRuns  # noqa: E402 - the same
from matrix.store.lookup import Store, Wanted  # noqa: E402 - the same
from matrix.store.shared_directory import SharedDirectory  # noqa: E402 - the same
from tests.github_api import WORKFLOW, GitHubServer, Run  # noqa: E402 - the same
from tests.stored import entry, index, make_wheels  # noqa: E402 - the same

SIZES: Final = (900, 1800, 3600, 7200)
TARGETS: Final = 12
RUNS: Final = 3
JUDGED: Final = 3600
BUDGET: Final = 3.0


def make_rows(wheel: Path, count: int) -> list[Entry]:
    """Rows of that many wheels, 12 targets a project; their bytes are those of one wheel."""
    return [
        entry(
            wheel,
            f"cp3{number % TARGETS}-manylinux_2_28_x86_64",
            content_key=digest(f"content {number}"),
            test_key=digest(f"test {number}"),
            project=f"p{number // TARGETS}",
            filename=f"p{number // TARGETS}-1.0-cp3{number % TARGETS}-none-any.whl",
        )
        for number in range(count)
    ]


def digest(text: str) -> str:
    """The digest of a text, as a key."""
    return hashlib.sha256(text.encode()).hexdigest()


def list_cells(rows: Sequence[Entry]) -> list[Wanted]:
    """What a plan would want for ``rows``."""
    return [
        Wanted(
            content_key=row.content_key,
            test_key=row.test_key,
            target=row.target,
            project=row.project,
            version=row.version,
        )
        for row in rows
    ]


@contextmanager
def open_artifacts(document: StoreIndex, scratch: Path) -> Iterator[Callable[[], Store]]:
    """Serve an index, and open the store of it as often as called."""
    with GitHubServer.running() as github:
        github.add_run(Run(id=7))
        github.upload(7, "store-index", {entries.FILENAME: entries.dump(document).encode()})

        def open_one() -> Store:
            api = GitHubApi.open(github.environment(7))
            runs = GitHubRuns(api, branch="main", run="", workflow=WORKFLOW)
            return GitHubArtifacts(api, runs, scratch=scratch)

        yield open_one


def measure(open_store: Callable[[], Store], cells: Sequence[Wanted]) -> float:
    """The median of the seconds of a look-up that finds every cell."""
    seconds = []
    for _ in range(RUNS):
        store = open_store()
        started = time.perf_counter()
        answer = store.find(cells)
        seconds.append(time.perf_counter() - started)
        store.close()
        if len(answer.wheel_by_wanted) != len(cells):
            raise SystemExit(f"expected {len(cells)} wheels, got {len(answer.wheel_by_wanted)}")
    return statistics.median(seconds)


def main(sizes: Sequence[int]) -> int:
    """Measure, print a table, and say whether the budget was exceeded."""
    print("wheels  artifacts s  directory s")
    is_slow = False
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            (wheel,) = make_wheels(directory, "p0")
            rows = make_rows(wheel, size)
            cells, document = list_cells(rows), index(*rows)
            with open_artifacts(document, directory) as open_one:
                artifacts = measure(open_one, cells)
            (directory / "shared").mkdir()
            open_shared = functools.partial(SharedDirectory, directory / "shared")
            open_shared().put(document, dict.fromkeys(rows, wheel))
            local = measure(open_shared, cells)
        print(f"{size:6}  {artifacts:11.2f}  {local:11.2f}")
        is_slow |= size == JUDGED and max(artifacts, local) > BUDGET
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main([*map(int, sys.argv[1:])] or SIZES))
