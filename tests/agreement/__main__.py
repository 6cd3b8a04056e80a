"""
``python -m tests.agreement``: our closures beside those of real pips and uv.

For every requirement of a source and every CPython of this machine, alone. Sources are made-up
histories (``made-up``), a list (``requirements.txt``, or ``popular.txt``) on the configured index
(``index``), and a static index on this disk, where pip is configured with one (``mirror``). Writes
docs/agreement.md; exit code 1 for a difference that nothing explains.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from matrix.index import configuration
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.configuration import Settings
from matrix.index.transport import Transport
from matrix.manifest.model import Network
from tests.agreement import comparing, histories, picking, recording
from tests.agreement.comparing import Difference
from tests.agreement.picking import Picks

ROOT: Final = Path(__file__).resolve().parent.parent.parent
DOC: Final = ROOT / "docs" / "agreement.md"
REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
SOURCES: Final = ("made-up", "index", "mirror")
MIRRORED: Final = 240
WORKERS: Final = 4
HEAD: Final = """\
# Agreement with pip and uv

Made by runs of `nox -s agreement`, one interpreter or source at a time where machines are small
(`-- --python 3.9 --partial --out FILE`); reasons stand in `tests/agreement/explanations.toml`.

Each requirement alone, on CPythons of the machine: the versions that we lock against those that
the pip of that interpreter installs (20.3.4 for 2.7, 21.3.1 for 3.6, the newest elsewhere) and that
`uv pip compile` writes for that full version. Wheels only on every side. `made-up` are projects
with histories that try every rule; `index` are 10 requirements (`tests/agreement/requirements.txt`)
or 230 popular ones (`popular.txt`) on the configured index; `mirror` is real metadata of a static
index, one or few releases a project.

"""


def interpreters() -> dict[str, Path]:
    """Full version to program, of the CPythons that pyenv or PATH has here; oldest first."""
    found = {}
    for program in sorted(Path.home().glob(".pyenv/versions/*/bin/python")):
        asked = "import platform; print(platform.python_version())"
        done = subprocess.run([program, "-c", asked], capture_output=True, text=True, check=False)
        if not done.returncode:
            found[done.stdout.strip()] = program
    return dict(sorted(found.items(), key=lambda item: [int(n) for n in item[0].split(".")]))


@contextmanager
def serving(store: Path, *options: str) -> Iterator[str]:
    """The address of a store's index, in a process of its own."""
    command = [sys.executable, "-m", "tests.agreement.serving", str(store), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.terminate()


class Comparison:
    """One source: its index, and answers that are kept between runs."""

    def __init__(self, source: str, address: str, cache: Path) -> None:
        self.source = source
        self._address = address
        self.cache = cache

    def ours(self, requirements: Sequence[str], pythons: Sequence[str]) -> dict[str, list[Picks]]:
        """By Python, in the requirements' order; never from a cache of answers."""
        targets = dict.fromkeys(pythons, floor())
        with tempfile.TemporaryDirectory() as name:
            transport = Transport(Settings(url=f"{self._address}simple/", ca_bundle=""))
            index = Index(transport, Cache(Path(name)))
            rows = [picking.ours(index, requirement, targets) for requirement in requirements]
            transport.close()
        return {python: [row[python] for row in rows] for python in pythons}

    def pip(self, python: str, program: Path, requirements: Sequence[str]) -> list[Picks]:
        pip = picking.unpacked_pip(python, self.cache)
        index = f"{self._address}bare/simple/"
        return self._kept(
            f"pip-{python}-{pip.name}",
            requirements,
            lambda missing: picking.pips(program, index, missing, pip),
        )

    def uv(self, python: str, program: Path, requirements: Sequence[str]) -> list[Picks]:
        name, cache = f"{platform.machine()}-manylinux_2_{_glibc()}", self.cache / "uv"
        index = f"{self._address}simple/"
        return self._kept(
            f"uv-{python}",
            requirements,
            lambda missing: (picking.uv(program, index, r, python, name, cache) for r in missing),
        )

    def _kept(
        self,
        what: str,
        requirements: Sequence[str],
        answers: Callable[[Sequence[str]], Iterable[Picks]],
    ) -> list[Picks]:
        """The answers of an earlier run, and those that it has not; kept as they come."""
        path = self.cache / f"{self.source}-{what}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        known: dict[str, Picks] = dict(rows)
        missing = [requirement for requirement in requirements if requirement not in known]
        with path.open("a", encoding="utf-8") as stream:
            for requirement, picks in zip(missing, answers(missing), strict=True):
                known[requirement] = picks
                stream.write(json.dumps([requirement, picks]) + "\n")
                stream.flush()
        return [known[requirement] for requirement in requirements]


def floor() -> str:
    """The platform tag of this machine: its own C library."""
    return f"manylinux_2_{_glibc()}_{platform.machine()}"


def _glibc() -> str:
    return platform.libc_ver()[1].partition(".")[2]


def compared(
    comparison: Comparison,
    requirements: Sequence[str],
    programs: Mapping[str, Path],
    uv: Path | None,
) -> tuple[comparing.Counts, list[Difference]]:
    """Everything about one source."""
    ours = comparison.ours(requirements, list(programs))
    tasks = {(python, "pip"): (comparison.pip, program) for python, program in programs.items()}
    if uv:
        # uv refuses 2.7, and 3.6 since 2025.
        modern = [python for python in programs if not python.startswith(("2.", "3.6."))]
        tasks |= {(python, "uv"): (comparison.uv, uv) for python in modern}
    for python in programs:
        # One after the other: several interpreters share a pip.
        picking.unpacked_pip(python, comparison.cache)
    with ThreadPoolExecutor(WORKERS) as pool:
        asked = {key: pool.submit(a, key[0], p, requirements) for key, (a, p) in tasks.items()}
        theirs = {key: future.result() for key, future in asked.items()}
    counts, found = {}, []
    for (python, tool), answers in theirs.items():
        rows = list(zip(requirements, ours[python], answers, strict=True))
        different = [
            Difference(
                source=comparison.source,
                requirement=requirement,
                python=python,
                tool=tool,
                what=what,
            )
            for requirement, here, there in rows
            if (what := comparing.difference(here, there))
        ]
        closures = sum(here is not None for _, here, _ in rows)
        counts[comparison.source, python, tool] = (len(rows), closures, len(different))
        found += different
    return counts, found


def prepared(source: str, store: Path, requirements: Path) -> tuple[list[str], list[str]]:
    """What to ask of a source, and how to serve it; nothing to ask where it is not there."""
    environment = dict(os.environ)
    options = configuration.pip_options(environment)
    match source:
        case "made-up":
            return histories.write(store), []
        case "index":
            lines = requirements.read_text(encoding="utf-8").splitlines()
            asked = [line for line in lines if line and not line.startswith("#")]
            return asked, ["--upstream", configuration.settings(Network(), options).url]
        case _:
            extra = configuration.option(options, "extra-index-url").split()
            urls = [urlsplit(url) for url in extra if url.startswith("file:")]
            if not urls:
                return [], []
            return recording.from_directory(Path(unquote(urls[0].path)), store)[:MIRRORED], []


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--requirements", type=Path, default=REQUIREMENTS, help="for `index`")
    parser.add_argument("--cache", type=Path, default=Path(".nox/agreement-cache"))
    parser.add_argument("--python", nargs="+", metavar="N.N", help="only these interpreters")
    parser.add_argument(
        "--partial", action="store_true", help="not every tool and interpreter is asked"
    )
    parser.add_argument("--out", type=Path, default=DOC)
    parser.add_argument("--uv", type=Path, default=shutil.which("uv"))
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    programs = {
        python: program
        for python, program in interpreters().items()
        if not asked.python or python.rpartition(".")[0] in asked.python
    }
    counts: dict[tuple[str, str, str], tuple[int, int, int]] = {}
    found: list[Difference] = []
    done: list[str] = []
    for source in asked.source:
        requirements, options = prepared(source, asked.cache / source, asked.requirements)
        if requirements:
            with serving(asked.cache / source, *options) as address:
                comparison = Comparison(source, address, asked.cache.absolute())
                more, different = compared(comparison, requirements, programs, asked.uv)
            counts, found, done = {**counts, **more}, found + different, [*done, source]
    # What explains an interpreter or a tool that was not asked is not missed.
    missed = [] if asked.partial else done
    verdict = comparing.judge(found, comparing.explanations(), missed)
    if not verdict.problems:
        asked.out.write_text(HEAD + comparing.table(counts, verdict), encoding="utf-8")
    total = sum(number for number, _, _ in counts.values())
    print(f"{total} compared, {len(found)} different", *verdict.problems, sep="\n")  # noqa: T201 - it is asked for
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
