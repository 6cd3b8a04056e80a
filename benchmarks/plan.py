"""
How long a plan of a large, locked manifest takes, and whether a cell costs more when there are
many.

``python benchmarks/plan.py [N ...]`` makes manifests of N requirements on 12 targets with a seeded
mix (60 % pure, 25 % with wheels for every platform, 15 % that must be built somewhere), and runs
the real command line on them in processes of its own: medians of five, and the largest peak of
memory. The exit code is 1 when a budget is exceeded at 1,000 requirements.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from matrix.resolve.lock import SCHEMA  # noqa: E402 - the checkout is found a line above

SIZES: Final = (100, 300, 1000, 3000)
RUNS: Final = 5
JUDGED: Final = 1000
BUDGETS: Final = {"plan s": 2.0, "plan MB": 300.0, "check s": 0.5, "child s": 2.0}
STEPS: Final = {"plan": ("plan s", "plan MB"), "check": ("check s",), "child": ("child s",)}

MANIFEST: Final = """\
bundle: benchmark
targets:
  prod: {platform: manylinux_2_28_x86_64, python: [3.9.18, 3.10.14, 3.11.9, 3.12.4, 3.13.0]}
  legacy: {platform: manylinux_2_17_x86_64, python: [2.7.18]}
  alpine: {platform: musllinux_1_2_x86_64, python: [3.12.4]}
  desktop: {platform: win_amd64, python: [3.11.9, 3.12.4, 3.13.0]}
  laptop: {platform: macosx_12_0_arm64, python: [3.12.4, 3.13.0]}
gitlab: {artifact-megabytes: 999999}
runners:
  - {match: "*linux*_x86_64", github: ubuntu-24.04, gitlab: [linux]}
  - {match: "win_*", github: windows-2022, gitlab: [windows]}
  - {match: "macosx_*", github: macos-15, gitlab: [macos]}
packages:
"""
PLATFORMS: Final = {
    "manylinux_2_28_x86_64": ("cp39", "cp310", "cp311", "cp312", "cp313"),
    "manylinux_2_17_x86_64": ("cp27",),
    "musllinux_1_2_x86_64": ("cp312",),
    "win_amd64": ("cp311", "cp312", "cp313"),
    "macosx_12_0_arm64": ("cp312", "cp313"),
}
FULL: Final = {
    "cp27": "2.7.18", "cp39": "3.9.18", "cp310": "3.10.14", "cp311": "3.11.9", "cp312": "3.12.4",
    "cp313": "3.13.0",
}  # fmt: skip
TARGETS: Final = {
    f"{python}-{platform}": (python, platform)
    for platform, pythons in PLATFORMS.items()
    for python in pythons
}
BACKEND: Final[dict[str, Any]] = {
    "project": "setuptools",
    "version": "80.9.0",
    "filename": "setuptools-80.9.0-py3-none-any.whl",
    "sha256": "5" * 64,
    "size": 1_200_000,
}
NEEDLESS: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
# What is timed of the third step is the rendering alone; reading the plan is `plan`'s business.
CHILD: Final = """
import sys, time
from pathlib import Path
from matrix.manifest.reading import load
from matrix.pipelines.providers import PROVIDERS
from matrix.plan import planfile
manifest = load(Path("packages.yaml"))
plan = planfile.parse(Path("plan.json").read_text(), source="")
start = time.perf_counter()
PROVIDERS["gitlab"].render_child(manifest, plan)
print(time.perf_counter() - start)
"""


def main(sizes: Sequence[int]) -> int:
    """Measure, print a table, and say which budgets were exceeded."""
    columns = [column for step in STEPS.values() for column in step]
    print(f"{'projects':>8} {'cells':>7} {'jobs':>5} ", *(f"{c:>8}" for c in columns), "  us/cell")
    rows = [measured(size) for size in sizes]
    first, last = rows[0], rows[-1]
    slope = (last["plan s"] - first["plan s"]) / max(1, last["cells"] - first["cells"]) * 1e6
    print(f"slope of `plan` from {sizes[0]} to {sizes[-1]} projects: {slope:.0f} us a cell")
    over = [
        f"{name}: expected at most {budget}, got {row[name]:.2f}"
        for size, row in zip(sizes, rows, strict=True)
        if size == JUDGED
        for name, budget in BUDGETS.items()
        if row[name] > budget
    ]
    print("\n".join(over) or "every budget is kept")
    return 1 if over else 0


def measured(size: int) -> dict[str, float]:
    """One row of the table, printed as soon as it is known."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write(directory, size)
        run(directory, "generate")
        run(directory, "plan", "--out", ".")
        python(directory, "-c", CHILD)
        plan = json.loads((directory / "plan.json").read_text())
        plans = [run(directory, "plan", "--json") for _ in range(RUNS)]
        checks = [run(directory, "generate", "--check") for _ in range(RUNS)]
        children = [float(python(directory, "-c", CHILD)[0]) for _ in range(RUNS)]
    row = {
        "cells": float(len(plan["cells"])),
        "jobs": float(len(plan["jobs"])),
        "plan s": statistics.median(seconds for seconds, _ in plans),
        "plan MB": max(peak for _, peak in plans),
        "check s": statistics.median(seconds for seconds, _ in checks),
        "child s": statistics.median(children),
    }
    columns = [row[column] for step in STEPS.values() for column in step]
    cost = row["plan s"] / row["cells"] * 1e6
    print(
        f"{size:>8} {row['cells']:>7.0f} {row['jobs']:>5.0f} ",
        *(f"{value:>8.2f}" for value in columns),
        f"  {cost:>7.0f}",
        flush=True,
    )
    return row


def run(directory: Path, *arguments: str) -> tuple[float, float]:
    """Seconds and peak megabytes of one command."""
    start = time.perf_counter()
    _, peak = python(directory, "-m", "matrix", *arguments, "--quiet")
    return time.perf_counter() - start, peak


def python(directory: Path, *arguments: str) -> tuple[str, float]:
    """What a Python process printed, and its own peak of memory in megabytes."""
    environment = {name: text for name, text in os.environ.items() if name not in NEEDLESS}
    # As installed: compiled once, and not at every start.
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(directory / "compiled")}
    with (directory / "printed").open("w+", encoding="utf-8") as printed:
        command = [sys.executable, *arguments]
        child = subprocess.Popen(command, cwd=directory, env=environment, stdout=printed)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
        printed.seek(0)
        return printed.read(), usage.ru_maxrss / 1024


def write(directory: Path, size: int) -> None:
    """A manifest of ``size`` requirements and its lock."""
    chance = random.Random(size)  # noqa: S311 - the same mix every time, not a secret
    names = [f"project-{number:04}" for number in range(size)]
    requires = dict(zip(names, dependencies(chance, names), strict=True))
    files = {name: list(locked(chance, name)) for name in names}
    (directory / "packages.yaml").write_text(MANIFEST + "".join(f"  - {n}\n" for n in names))
    sections: dict[str, list[dict[str, Any]]] = {
        "targets": [
            {"id": name, "python": FULL[python], "platform": platform}
            for name, (python, platform) in sorted(TARGETS.items())
        ],
        "files": [{**row, "requires": requires[name]} for name in names for row in files[name]],
        "solutions": [
            {
                "root": name,
                "requirements": [name],
                "targets": sorted(TARGETS),
                "pins": {each: f"1.{int(each[-4:])}" for each in closure(name, requires)},
            }
            for name in names
        ],
        "impossible": [],
        "splits": [],
        "builds": [build(row) for name in names for row in files[name] if is_sdist(row)],
        "build_files": [BACKEND],
    }
    text = json.dumps({"schema": SCHEMA, "policy": "", **sections})
    (directory / "packages.lock").write_text(text)


def dependencies(chance: random.Random, names: Sequence[str]) -> Iterator[list[str]]:
    """
    Requirements of each project: three levels, so that a closure does not grow with the manifest.

    Most lead to a few that everybody needs, as on a real index.
    """
    hubs, middle = names[: max(2, len(names) // 20)], names[: max(4, len(names) // 3)]
    for name in names:
        known = [] if name in hubs else hubs if name in middle else middle
        count = min(len(known), chance.choice((0, 1, 1, 2, 3, 5)))
        yield sorted(chance.sample(known, count))


def closure(name: str, requires: dict[str, list[str]]) -> list[str]:
    """A project and everything that it brings, sorted."""
    reached, todo = {name}, [name]
    while todo:
        new = set(requires[todo.pop()]) - reached
        reached |= new
        todo += new
    return sorted(reached)


def locked(chance: random.Random, name: str) -> Iterator[dict[str, Any]]:
    """The files of one project: pure, a wheel for each platform, or built on some targets."""
    version, stem, kind = f"1.{int(name[-4:])}", name.replace("-", "_"), chance.random()
    if kind < 0.6:  # noqa: PLR2004 - the mix that the docstring states
        yield entry(chance, name, f"{stem}-{version}-py2.py3-none-any.whl", sorted(TARGETS))
        return
    built = set() if kind < 0.85 else set(chance.sample(sorted(TARGETS), chance.randint(1, 12)))  # noqa: PLR2004 - the same
    for target, (python, platform) in sorted(TARGETS.items()):
        if target not in built:
            abi = "cp27mu" if python == "cp27" else python
            yield entry(chance, name, f"{stem}-{version}-{python}-{abi}-{platform}.whl", [target])
    if built:
        yield entry(chance, name, f"{stem}-{version}.tar.gz", sorted(built))


def is_sdist(row: dict[str, Any]) -> bool:
    """Whether a row of the lock is built from."""
    return str(row["filename"]).endswith(".tar.gz")


def build(row: dict[str, Any]) -> dict[str, Any]:
    """What the lock says of building an sdist: that it needs one backend."""
    return {
        "sdist": row["filename"],
        "targets": row["targets"],
        "declared": ["setuptools"],
        "constraints": [],
        "tested": [],
        "build": [BACKEND["filename"]],
        "test": [],
        "is_pure": False,
        "reason": "",
    }


def entry(
    chance: random.Random, name: str, filename: str, targets: Sequence[str]
) -> dict[str, Any]:
    """A row of the lock."""
    return {
        "project": name,
        "version": f"1.{int(name[-4:])}",
        "filename": filename,
        "sha256": f"{chance.getrandbits(256):064x}",
        "size": chance.randint(10_000, 3_000_000),
        "targets": targets,
        "uploaded": "",
    }


if __name__ == "__main__":
    sys.exit(main([int(size) for size in sys.argv[1:]] or SIZES))
