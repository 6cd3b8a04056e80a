"""
How long a lock takes: many projects, many targets, an index on loopback in a process of its own.

``python benchmarks/lock.py`` makes up indexes (``made_up_index``), runs the real command line on
manifests of 30 to 1,000 requirements and 1 to 24 targets, and prints a Markdown table: ``cold``
(empty cache, PEP 658), ``ranged`` (empty cache, metadata from inside the wheels), ``warm`` (cache,
no lock: the index answers that nothing changed), ``again`` (cache and lock), ``offline`` (cache, no
lock, no network), ``check`` (``lock --check``), and the peak of memory over all of them.
``--scaling`` leaves out what does not grow differently, and says what one more target costs.
``--peers`` runs other tools on the same index in the same run: see ``peers``. Exit code 1 when the
judged size, or one more target, is over a budget.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import made_up_index, peers  # noqa: E402 - found from the line above
from tests.agreement.__main__ import serving  # noqa: E402 - the same

PROJECTS: Final = (30, 100, 300, 1000)
TARGETS: Final = (1, 4, 12, 24)
JUDGED: Final = (300, 12)
BUDGETS: Final = {
    "cold": 15.0, "ranged": 60.0, "warm": 3.0, "check": 0.3, "MB": 500.0,
}  # fmt: skip
ONE_MORE: Final = 0.1
"""Of what the first target costs."""
COLUMNS: Final = (
    "cold", "ranged", "warm", "again", "offline", "check",
    "cold CPU", "warm CPU", "check CPU", "MB",
)  # fmt: skip
SCALING: Final = ("cold", "cold CPU", "warm", "warm CPU", "check", "check CPU", "MB")

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
    parser.add_argument("--scaling", action="store_true", help="cold, warm and check only")
    parser.add_argument("--peers", action="store_true", help="also uv, pex3 and morgan, 30 x 3")
    asked = parser.parse_args()
    columns = SCALING if asked.scaling else COLUMNS
    with tempfile.TemporaryDirectory() as name:
        store = asked.store or Path(name)
        if asked.peers:
            with_peers(store / "peers")
        # Modules are compiled once, and not in what is measured.
        names = made_up_index.write(store / "1", 1)
        with_one_cache(store / "1", Path(name), names, LINES[:1], ("cold",))
        print(f"| projects | targets | {' | '.join(columns)} |")
        print("|---:" * (len(columns) + 2) + "|", flush=True)
        rows = {
            (size, count): measured(store / str(size), size, count, columns)
            for size in asked.projects
            for count in asked.targets
        }
    over = [
        f"{size} x {count} {column}: expected at most {budget}, got {row[column]:.2f}"
        for (size, count), row in rows.items()
        for column, budget in BUDGETS.items()
        if (size, count) == JUDGED and column in row and row[column] > budget
    ]
    over += one_more(rows)
    print("\n".join(over) or "\nno budget is exceeded")
    return 1 if over else 0


def one_more(rows: Mapping[tuple[int, int], Mapping[str, float]]) -> Iterator[str]:
    """What one more target costs, in processor time; yields where that is over the budget."""
    counts = sorted({count for _, count in rows})
    first, last = counts[0], counts[-1]
    if first == last:
        return
    print("\n| projects | targets | cold: one more | warm: one more |\n|---:|---|---:|---:|")
    for size in dict.fromkeys(size for size, _ in rows):
        shares = {
            column: (rows[size, last][column] / rows[size, first][column] - 1) / (last - first)
            for column in ("cold CPU", "warm CPU")
        }
        told = " | ".join(f"{share:.1%}" for share in shares.values())
        print(f"| {size} | {first} to {last} | {told} |")
        for column, share in shares.items():
            if share > ONE_MORE:
                yield f"{size} {column}: expected at most {ONE_MORE:.0%} a target, got {share:.1%}"


def measured(store: Path, size: int, targets: int, columns: Sequence[str]) -> dict[str, float]:
    """One row of the table, printed as soon as it is known."""
    names = made_up_index.write(store, size)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        lines = LINES[:targets]
        row, made = with_one_cache(store, directory, names, lines, columns)
        if "ranged" in columns:
            with serving(store, "--without-metadata") as index:
                manifest(directory, names, lines, index)
                (directory / "packages.lock").unlink()
                row["ranged"], *_ = run(directory, "lock", cache="ranged")
            made.add((directory / "packages.lock").read_bytes())
        if len(made) != 1:
            raise SystemExit(f"{size} x {targets}: the same lock was expected from every way to it")
    print(
        f"| {size} | {targets} | " + " | ".join(_told(row[c]) for c in columns) + " |", flush=True
    )
    return row


def with_one_cache(
    store: Path,
    directory: Path,
    names: Sequence[str],
    lines: Sequence[tuple[str, str]],
    columns: Sequence[str],
) -> tuple[dict[str, float], set[bytes]]:
    """What is measured with one cache, and the locks that were made meanwhile."""
    row, made, peaks = dict[str, float](), set[bytes](), list[float]()

    def locked(column: str, *options: str) -> None:
        if column in columns:
            if column != "again":
                (directory / "packages.lock").unlink(missing_ok=True)
            row[column], row[f"{column} CPU"], peak = run(directory, "lock", *options)
            made.add((directory / "packages.lock").read_bytes())
            peaks.append(peak)

    with serving(store) as index:
        manifest(directory, names, lines, index)
        for column in ("cold", "warm", "again"):
            locked(column)
    locked("offline", "--offline")
    row["check"], row["check CPU"], _ = min(run(directory, "lock", "--check") for _ in range(5))
    row["MB"] = max(peaks)
    return row, made


def _told(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.2f}"  # noqa: PLR2004 - three digits


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
