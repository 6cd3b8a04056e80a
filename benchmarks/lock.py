"""
How long a lock takes: many projects, many targets, an index on loopback in a process of its own.

``python benchmarks/lock.py`` makes up indexes (``made_up_index``), runs the real command line on
manifests of 30 to 1,000 requirements and 1 to 24 targets, and prints a Markdown table: ``cold``
(empty cache, PEP 658), ``ranged`` (empty cache, metadata from inside the wheels), ``warm`` (cache,
no lock: the index answers that nothing changed), ``again`` (cache and lock), ``offline`` (cache, no
lock, no network), ``check`` (``lock --check``), and the peak of memory over all of them.
``--peers`` runs other tools on the same index in the same run: see ``peers``. Exit code 1 when the
judged size is over a budget.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import made_up_index, peers  # noqa: E402 - found from the line above

PROJECTS: Final = (30, 100, 300, 1000)
TARGETS: Final = (1, 4, 12, 24)
JUDGED: Final = (300, 12)
BUDGETS: Final = {
    "cold": 15.0, "ranged": 60.0, "warm": 3.0, "check": 0.3, "MB": 500.0,
}  # fmt: skip
COLUMNS: Final = (
    "cold",
    "ranged",
    "warm",
    "again",
    "offline",
    "check",
    "cold CPU",
    "warm CPU",
    "MB",
)

LINES: Final = (
    ("manylinux_2_28_x86_64", "3.12.4"), ("manylinux_2_28_x86_64", "3.9.18"),
    ("win_amd64", "3.12.4"), ("manylinux_2_17_x86_64", "2.7.18"),
    ("manylinux_2_28_x86_64", "3.10.14"), ("manylinux_2_28_x86_64", "3.11.9"),
    ("manylinux_2_28_x86_64", "3.13.0"), ("musllinux_1_2_x86_64", "3.12.4"),
    ("win_amd64", "3.11.9"), ("win_amd64", "3.13.0"), ("macosx_12_0_arm64", "3.12.4"),
    ("macosx_12_0_arm64", "3.13.0"), ("manylinux_2_28_aarch64", "3.12.4"),
    ("manylinux_2_28_aarch64", "3.11.9"), ("manylinux_2_28_aarch64", "3.13.0"),
    ("musllinux_1_2_x86_64", "3.11.9"), ("musllinux_1_2_x86_64", "3.13.0"),
    ("win32", "3.11.9"), ("win32", "3.12.4"), ("macosx_12_0_x86_64", "3.11.9"),
    ("macosx_12_0_x86_64", "3.12.4"), ("macosx_12_0_arm64", "3.11.9"),
    ("manylinux_2_28_x86_64", "3.8.18"), ("win_amd64", "3.10.14"),
)  # fmt: skip


def main() -> int:
    """Measure, print a table, and say which budgets were exceeded."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, nargs="+", default=PROJECTS)
    parser.add_argument("--targets", type=int, nargs="+", default=TARGETS)
    parser.add_argument("--store", type=Path, help="keep the made-up indexes here")
    parser.add_argument("--peers", action="store_true", help="also uv, pex3 and morgan, 30 x 3")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        store = asked.store or Path(name)
        if asked.peers:
            with_peers(store / "peers")
        print(f"| projects | targets | {' | '.join(COLUMNS)} |")
        print("|---:" * (len(COLUMNS) + 2) + "|")
        over = [
            f"{size} x {count} {column}: expected at most {budget}, got {row[column]:.2f}"
            for size in asked.projects
            for count in asked.targets
            for row in [measured(store / str(size), size, count)]
            for column, budget in BUDGETS.items()
            if (size, count) == JUDGED and row[column] > budget
        ]
    print("\n".join(over) or "\nno budget is exceeded")
    return 1 if over else 0


def measured(store: Path, size: int, targets: int) -> dict[str, float]:
    """One row of the table, printed as soon as it is known."""
    names = made_up_index.write(store, size)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        row = {}
        with serving(store, "--without-metadata") as index:
            manifest(directory, names, LINES[:targets], index)
            row["ranged"], *_ = run(directory, "lock", cache="ranged")
            ranged = _taken(directory)
        with serving(store) as index:
            manifest(directory, names, LINES[:targets], index)
            row["cold"], row["cold CPU"], peak = run(directory, "lock")
            cold = _taken(directory)
            row["warm"], row["warm CPU"], peak_warm = run(directory, "lock")
            warm = (directory / "packages.lock").read_bytes()
            row["again"], _, peak_again = run(directory, "lock")
            again = _taken(directory)
        row["offline"], *_ = run(directory, "lock", "--offline")
        offline = (directory / "packages.lock").read_bytes()
        row["check"], *_ = run(directory, "lock", "--check")
        row["MB"] = max(peak, peak_warm, peak_again)
        if len({cold, ranged, warm, again, offline}) != 1:
            raise SystemExit(f"{size} x {targets}: the same lock was expected from every way to it")
    print(
        f"| {size} | {targets} | " + " | ".join(_told(row[c]) for c in COLUMNS) + " |", flush=True
    )
    return row


def _told(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.2f}"  # noqa: PLR2004 - three digits


def _taken(directory: Path) -> bytes:
    path = directory / "packages.lock"
    content = path.read_bytes()
    path.unlink()
    return content


def manifest(
    directory: Path, names: Sequence[str], lines: Sequence[tuple[str, str]], index: str
) -> None:
    """``packages.yaml`` in ``directory``."""
    by_platform: dict[str, list[str]] = {}
    for platform, python in lines:
        by_platform.setdefault(platform, []).append(python)
    targets = "".join(
        f"  {platform.replace('_', '-')}: {{platform: {platform}, python: {pythons}}}\n"
        for platform, pythons in by_platform.items()
    )
    text = (
        f"bundle: benchmark\nnetwork: {{index: {index}simple/}}\ntargets:\n{targets}"
        "runners: [{match: '*', github: ubuntu-24.04, gitlab: [any]}]\npackages:\n"
    )
    (directory / "packages.yaml").write_text(text + "".join(f"  - {name}\n" for name in names))


def run(directory: Path, *arguments: str, cache: str = "cache") -> tuple[float, float, float]:
    """Seconds by the clock and of processors, and peak megabytes, of one command."""
    environment = {
        n: text for n, text in os.environ.items() if not n.startswith(("PIP_", "PYTHON"))
    }
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(ROOT / ".benchmark-cache")}
    command = [sys.executable, "-m", "matrix", *arguments, "--quiet", "--cache", cache]
    start = time.perf_counter()
    with (directory / "said").open("w+", encoding="utf-8") as said:
        child = subprocess.Popen(
            command, cwd=directory, env=environment, stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        # 4: some requirement has no solution on some target, as on a real index; the lock is there.
        if child.returncode and not (directory / "packages.lock").exists():
            raise SystemExit(said.read()[-2000:])
    took = time.perf_counter() - start
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


@contextmanager
def serving(store: Path, *options: str) -> Iterator[str]:
    """The address of an index, in a process of its own."""
    command = [sys.executable, "-m", "tests.agreement.serving", str(store), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.terminate()


def with_peers(store: Path) -> None:
    """The same requirements and targets with other tools, and with ours."""
    names = made_up_index.write(store, peers.SIZE)
    with tempfile.TemporaryDirectory() as name, serving(store) as index:
        directory = Path(name)
        manifest(directory, names, peers.LINES, index)
        rows: dict[str, Mapping[str, str]] = {}
        ours = {what: f"{run(directory, 'lock')[0]:.2f}" for what in ("cold", "again")}
        rows["lock"] = ours
        rows |= peers.measured(directory, names, index)
    print("| tool | cold s | again s | note |\n|---|---:|---:|---|")
    for tool, row in rows.items():
        print(
            f"| {tool} | {row.get('cold', '')} | {row.get('again', '')} | {row.get('note', '')} |"
        )
    print()


if __name__ == "__main__":
    sys.exit(main())
