"""
Break the product on purpose, one line at a time, and see that a test notices.

Each entry of ``mutants.toml`` names a file, its text before and after, and the tests that must
fail. It works on copies of the tree. A text that no longer stands there exactly once fails as
well, so that the list stays true when the code moves: write the entry again, do not delete it.

``python -m tests.mutants [NAME ...]`` runs the entries whose names contain one of the words.
"""

import concurrent.futures
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Final

TOP: Final = Path(__file__).parents[2]
LIST: Final = Path(__file__).with_name("mutants.toml")
SECONDS: Final = 600
"""A mutant that makes a test hang is noticed as well."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One line of the product, changed."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the tests of a mutant said."""

    mutant: Mutant
    outcome: str
    """``killed``, ``survived``, or why it could not be run."""
    seconds: float = 0.0


def read_mutants(path: Path = LIST) -> tuple[Mutant, ...]:
    """Every entry of the list, in its order."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return tuple(Mutant(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries)


def find_mismatch(mutant: Mutant, top: Path = TOP) -> str:
    """Why the entry does not fit the tree, or "" if it does."""
    path = top / mutant.file
    if not path.is_file():
        return f"{mutant.file} not found"
    count = path.read_text(encoding="utf-8").count(mutant.old)
    if count != 1:
        return f"expected the old text once in {mutant.file}, found it {count} times"
    missing = [test for test in mutant.tests if not (top / test.partition("::")[0]).is_file()]
    return f"{missing[0]} not found" if missing else ""


def run_tests(copy: Path, tests: Sequence[str], output: int | None = subprocess.DEVNULL) -> str:
    """``passed``, ``failed``, or the exit code of a pytest that ran no test."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, stdout=output, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "failed"
    return {0: "passed", 1: "failed"}.get(done.returncode, f"pytest exited {done.returncode}")


def judge(mutant: Mutant, copy: Path) -> Verdict:
    """Change one file of ``copy``, run the tests, and change it back."""
    if mismatch := find_mismatch(mutant, copy):
        return Verdict(mutant=mutant, outcome=mismatch)
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    start = time.monotonic()
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        result = run_tests(copy, mutant.tests)
    finally:
        path.write_text(text, encoding="utf-8")
    outcome = {"passed": "survived", "failed": "killed"}.get(result, result)
    return Verdict(mutant=mutant, outcome=outcome, seconds=time.monotonic() - start)


def judge_all(mutants: Sequence[Mutant], directory: Path) -> Iterator[Verdict]:
    """Yield verdicts in the order of ``mutants``, from one copy of the tree for each core."""
    copies: SimpleQueue[Path] = SimpleQueue()
    workers = min(os.cpu_count() or 1, len(mutants))
    for number in range(workers):
        copies.put(copy_tree(directory / str(number)))

    def run(mutant: Mutant) -> Verdict:
        copy = copies.get()
        try:
            return judge(mutant, copy)
        finally:
            copies.put(copy)

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield from pool.map(run, mutants)


def copy_tree(target: Path) -> Path:
    """A copy of what git knows of the tree, with its uncommitted changes."""
    listing = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        if (TOP / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, target / name)
    return target


def main(words: Sequence[str]) -> int:
    """Print one line for each mutant, and return 1 if a test is missing."""
    mutants = [m for m in read_mutants() if not words or any(word in m.name for word in words)]
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
        baseline = run_tests(
            copy_tree(Path(directory) / "baseline"),
            sorted({test for mutant in mutants for test in mutant.tests}),
            output=None,
        )
        if baseline != "passed":
            print(f"the tests fail without a mutant: {baseline}")
            return 1
        for verdict in judge_all(mutants, Path(directory)):
            verdicts.append(verdict)
            mutant = verdict.mutant
            print(f"{verdict.outcome:9} {verdict.seconds:5.1f}s  {mutant.name}  ({mutant.file})")
            sys.stdout.flush()
    alive = [verdict for verdict in verdicts if verdict.outcome != "killed"]
    print(f"{len(verdicts)} mutants, {len(verdicts) - len(alive)} killed")
    return 1 if alive or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
