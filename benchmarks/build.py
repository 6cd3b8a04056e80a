"""
What a build costs beside the build, and what a run costs in which nothing changed.

``python benchmarks/build.py`` measures, each as the median of five:

* `wheelyard build` of one wheel with a cibuildwheel that takes no time: everything is ours, the
  interpreter's start and the container engine's answers included (podman, when it is here with
  the image of the end-to-end tests; else a program that answers at once);
* unpacking a large sdist, and the memory that it takes;
* `plan` and `build --local` for 300 projects of which a previous bundle has every wheel.

The exit code is 1 when a budget is exceeded.
"""

import dataclasses
import io
import json
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import plan as plans  # noqa: E402 - the checkout is found a line above
from matrix.plan import planfile  # noqa: E402
from matrix.plan.model import Cell, Plan, State  # noqa: E402
from matrix.record.schema import Record  # noqa: E402
from matrix.targets.target import Target  # noqa: E402
from tests import bundles  # noqa: E402
from tests.index_server import IndexServer  # noqa: E402
from tests.wheels import make_sdist, make_wheel  # noqa: E402

IMAGE: Final = "localhost/wheelyard/builder:local"
PROJECTS: Final = 300
MEGABYTES: Final = 200
RUNS: Final = 5
BUDGETS: Final = {"overhead s": 1.0, "unpack MB": 150.0, "nothing new s": 5.0}
TAG: Final = "cp312-cp312-manylinux_2_17_x86_64"
MANIFEST: Final = """\
bundle: benchmark
targets: {{here: {{platform: manylinux_2_17_x86_64, python: [3.12.1]}}}}
runners:
  - match: "*"
    github: ubuntu-24.04
    engine: podman
    images: {{manylinux_2_17_x86_64: "{image}"}}
network: {{index: "{index}"}}
packages: [toy]
"""
# Answers for the version that it is asked for, and hands out a wheel that is there already.
CIBUILDWHEEL: Final = """\
#!/bin/sh
if [ "$2" = -c ]; then echo {lane}; exit; fi
while [ $# -gt 1 ]; do [ "$1" = --output-dir ] && out=$2; shift; done
mkdir -p "$out" && cp {wheel} "$out"
"""
UNPACK: Final = """
import resource, sys
from pathlib import Path
from matrix.distributions import sdist
sdist.unpack(Path(sys.argv[1]), Path(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> int:
    """Measure, print, and say which budgets were exceeded."""
    measured: dict[str, float] = {}
    for step in (overhead, unpacking, nothing_new):
        with tempfile.TemporaryDirectory() as name:
            measured |= step(Path(name))
    for name, value in measured.items():
        print(f"{name:>16} {value:>8.2f}")
    over = [
        f"{name}: expected at most {budget}, got {measured[name]:.2f}"
        for name, budget in BUDGETS.items()
        if measured[name] > budget
    ]
    print("\n".join(over) or "every budget is kept")
    return 1 if over else 0


def overhead(directory: Path) -> dict[str, float]:
    """Seconds of one build without what cibuildwheel takes."""
    with IndexServer.running(directory / "index") as index:
        members = {"setup.py": "ext_modules", "toy.c": "int toy;\n" * 1000}
        index.add(make_sdist(index.directory, "toy", "1.0", members=members))
        environment = {**os.environ, "PATH": f"{engine(directory)}:{os.environ['PATH']}"}
        text = MANIFEST.format(image=IMAGE, index=index.url)
        (directory / "packages.yaml").write_text(text, encoding="utf-8")
        run(directory, environment, "lock")
        run(directory, environment, "plan", "--out", ".")
        plan = planfile.parse((directory / "plan.json").read_text(encoding="utf-8"), source="")
        lane(directory, plan)
        build = ("build", "toy", "--plan", "plan.json", "--out", "wheels")
        run(directory, environment, *build)
        before = os.times()
        seconds = [run(directory, environment, *build) for _ in range(RUNS)]
        after = os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return {"overhead s": statistics.median(seconds), "of which CPU s": spent / RUNS}


def engine(directory: Path) -> Path:
    """A directory for PATH with podman in it: the real one if it has the image."""
    binaries = directory / "bin"
    binaries.mkdir()
    podman = shutil.which("podman")
    asked = [str(podman), "image", "inspect", IMAGE]
    if podman and subprocess.run(asked, check=False, capture_output=True).returncode == 0:
        print(f"the engine is {podman}")
        (binaries / "podman").symlink_to(podman)
    else:
        print("the engine is none: a program that answers at once")
        (binaries / "podman").write_text("#!/bin/sh\n")
        (binaries / "podman").chmod(0o755)
    return binaries


def lane(directory: Path, plan: Plan) -> None:
    """A lane whose cibuildwheel takes no time."""
    (job_class,) = plan.job_classes
    made = make_wheel(directory / "made", "toy", "1.0", tag=TAG)
    python = directory / "cache" / "build" / f"cibuildwheel-{job_class.lane}" / "bin" / "python"
    python.parent.mkdir(parents=True)
    text = CIBUILDWHEEL.format(lane=job_class.lane, wheel=shlex.quote(str(made)))
    python.write_text(text)
    python.chmod(0o755)


def unpacking(directory: Path) -> dict[str, float]:
    """Seconds and megabytes of memory to unpack an sdist of many megabytes."""
    sdist = directory / "large-1.0.tar.gz"
    chunk = random.Random(1).randbytes(1 << 20)  # noqa: S311 - the same bytes every time
    with tarfile.open(sdist, "w:gz", compresslevel=1) as archive:
        for number in range(MEGABYTES):
            member = tarfile.TarInfo(f"large-1.0/{number}.bin")
            member.size = len(chunk)
            archive.addfile(member, io.BytesIO(chunk))
    start = time.perf_counter()
    command = [sys.executable, "-c", UNPACK, str(sdist), str(directory / "out")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    seconds = time.perf_counter() - start
    return {"unpack s": seconds, "unpack MB": float(done.stdout)}


def nothing_new(directory: Path) -> dict[str, float]:
    """Seconds of a plan and a build when the previous bundle has every wheel."""
    plans.write(directory, PROJECTS)
    environment = dict(os.environ)
    run(directory, environment, "generate")
    run(directory, environment, "plan", "--out", ".")
    plan = planfile.parse((directory / "plan.json").read_text(encoding="utf-8"), source="")
    previous(directory, plan)
    steps = (
        ("plan", "--previous", "previous", "--out", "."),
        ("build", "--local", "--plan", "plan.json", "--previous", "previous"),
    )
    seconds = [sum(run(directory, environment, *step) for step in steps) for _ in range(RUNS)]
    left = json.loads((directory / "plan.json").read_text(encoding="utf-8"))["jobs"]
    if left:
        sys.exit(f"expected nothing to build, got {len(left)} jobs")
    return {"nothing new s": statistics.median(seconds)}


def previous(directory: Path, plan: Plan) -> None:
    """A bundle that has built everything that ``plan`` would build."""
    cells = {
        built(directory / "built", cell): cell for cell in plan.cells if cell.state is State.BUILD
    }
    by_id = {target.id: Target.parse(target.python, target.platform) for target in plan.targets}
    targets = tuple(by_id[name] for name in sorted(by_id))
    first = min(cells.values())
    keys = {path.name: cell.content_key for path, cell in cells.items()}

    def with_keys(record: Record) -> Record:
        wheels = tuple(
            dataclasses.replace(one, origin="built", content_keys=(keys[one.filename],))
            for one in record.wheels
        )
        return dataclasses.replace(record, wheels=wheels)

    wishes = [bundles.requirement(first.project, by_id[first.target])]
    bundles.make_bundle(
        directory / "previous",
        [*cells],
        wishes,
        targets=targets,
        name=plan.bundle,
        spoil=with_keys,
    )


def built(directory: Path, cell: Cell) -> Path:
    """The wheel of a cell."""
    python, _, platform = cell.target.partition("-")
    abi = "cp27mu" if python == "cp27" else python
    return make_wheel(directory, cell.project, cell.version, tag=f"{python}-{abi}-{platform}")


def run(directory: Path, environment: dict[str, str], *arguments: str) -> float:
    """Seconds of one command of ours."""
    compiled = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(directory / "compiled")}
    kept = {name: text for name, text in environment.items() if name not in plans.NEEDLESS}
    command = [sys.executable, "-m", "matrix", *arguments, "--cache", str(directory / "cache")]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--quiet"],
        cwd=directory,
        env=kept | compiled,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{shlex.join(arguments)}: {done.stderr[:2000]}")
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
