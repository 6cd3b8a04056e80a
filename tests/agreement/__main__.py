"""
``python -m tests.agreement``: our closures beside those of real pips and uv.

For every requirement of a source and every CPython of this machine, alone. Sources are made-up
histories (``made-up``), a list on the configured index (``index``: ``popular.txt``), and a static
index on this disk, where pip is configured with one (``mirror``). What --cache does not hold is
asked. Writes results.json and docs/agreement.md; exit code 1 when nothing explains a difference.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from matrix.edge.files import write
from matrix.index import settings
from matrix.manifest.network import Network
from matrix.targets.target import Target
from tests.agreement import comparing, histories, picking, recording
from tests.agreement.asking import Asking, floor
from tests.agreement.checking import Checker
from tests.agreement.comparing import Count, Difference
from tests.agreement.document import document, dump
from tests.agreement.serving import Store

ROOT: Final = Path(__file__).resolve().parent.parent.parent
DOC: Final = ROOT / "docs" / "agreement.md"
RESULTS: Final = Path(__file__).with_name("results.json")
POPULAR: Final = Path(__file__).with_name("popular.txt")
FEW: Final = Path(__file__).with_name("requirements.txt")
SOURCES: Final = ("made-up", "index", "mirror")
MIRRORED: Final = 240
WORKERS: Final = 4


def interpreters() -> dict[str, Path]:
    """Full version to program, of the CPythons that pyenv has here; oldest first."""
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


def compared(
    source: str,
    asking: Asking,
    store: Store,
    requirements: Sequence[str],
    programs: Mapping[tuple[str, str], Path],
) -> tuple[comparing.Counts, list[Difference]]:
    """Everything about one source; ``programs`` by Python and tool."""
    pythons = list(dict.fromkeys(python for python, _ in programs))
    ours = asking.ours(requirements, pythons)
    with ThreadPoolExecutor(WORKERS) as pool:
        asked = {
            (python, tool): pool.submit(asking.theirs, tool, program, python, requirements)
            for (python, tool), program in programs.items()
        }
        theirs = {key: future.result() for key, future in asked.items()}
    counts: dict[tuple[str, str, str], Count] = {}
    found: list[Difference] = []
    for (python, tool), answers in theirs.items():
        checker = Checker(store, Target.parse(python, floor()))
        rows = list(zip(requirements, ours[python], answers, strict=True))
        different = [
            Difference(
                source=source,
                requirement=requirement,
                python=python,
                tool=tool,
                what=what,
                finding=checker.check(requirement, here, there),
            )
            for requirement, here, there in rows
            if (what := comparing.difference(here, there))
        ]
        found += _asked_back(different, asking, programs[python, tool])
        counts[source, python, tool] = Count.of(rows, different)
    return counts, found


def _asked_back(
    different: Iterable[Difference], asking: Asking, program: Path
) -> Iterator[Difference]:
    """The same, with a fault where the tool has an answer that is better than ours."""
    for each in different:
        questions = ["\t".join(question) for question in each.finding.questions]
        answers = asking.theirs(each.tool, program, each.python, questions)
        yield comparing.settled(each, answers)


def prepared(source: str, store: Path, requirements: Path) -> tuple[list[str], list[str]]:
    """What to ask of a source, and how to serve it; nothing to ask where it is not there."""
    environment = dict(os.environ)
    options = settings.read_pip_options(environment)
    match source:
        case "made-up":
            return histories.write(store), []
        case "index":
            lines = requirements.read_text(encoding="utf-8").splitlines()
            asked = [line for line in lines if line and not line.startswith("#")]
            return asked, [
                "--upstream",
                settings.choose_settings(Network(), options, environment=environment).url,
            ]
        case _:
            extra = settings.get_option(options, "extra-index-url").split()
            urls = [urlsplit(url) for url in extra if url.startswith("file:")]
            if not urls:
                return [], []
            return recording.from_directory(Path(unquote(urls[0].path)), store)[:MIRRORED], []


def chosen(only: Sequence[str], uv: Path | None, cache: Path) -> dict[tuple[str, str], Path]:
    """What answers, by Python and tool: pips first."""
    here = {
        python: program
        for python, program in interpreters().items()
        if not only or python.rpartition(".")[0] in only
    }
    for python in here:
        # One after the other: several interpreters share a pip.
        picking.unpacked_pip(python, cache)
    pips = {(python, "pip"): program for python, program in here.items()}
    # uv refuses 2.7, and 3.6 since 2025.
    modern = [python for python in here if uv and not python.startswith(("2.", "3.6."))]
    return pips | {(python, "uv"): uv for python in modern if uv}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--requirements", type=Path, help="for `index`, instead of popular.txt")
    parser.add_argument("--cache", type=Path, default=Path(".nox/agreement-cache"))
    parser.add_argument("--python", nargs="+", metavar="N.N", default=(), help="only these")
    parser.add_argument(
        "--partial",
        action="store_true",
        help="requirements.txt; leaves results.json, and explanations of what was not asked",
    )
    parser.add_argument("--out", type=Path, default=DOC, help="instead of docs/agreement.md")
    parser.add_argument("--uv", type=Path, default=shutil.which("uv"))
    asked = parser.parse_args()
    cache = asked.cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    requirements = asked.requirements or (FEW if asked.partial else POPULAR)
    programs = chosen(asked.python, asked.uv, cache)
    counts: dict[tuple[str, str, str], Count] = {}
    found: list[Difference] = []
    for source in asked.source:
        store = cache / source
        lines, options = prepared(source, store, requirements)
        if lines:
            with serving(store, *options) as address:
                asking = Asking(source, address, cache)
                kept = Store(store, has_metadata=True)
                more, different = compared(source, asking, kept, lines, programs)
            counts |= more
            found += different
    # What explains an interpreter or a tool that was not asked is not missed.
    missed = [] if asked.partial else [source for source, _, _ in counts]
    verdict = comparing.judge(found, comparing.explanations(), missed)
    if not verdict.problems:
        if not asked.partial:
            write(RESULTS, dump(counts, found))
        write(asked.out, document(counts, verdict))
    total = sum(count.compared for count in counts.values())
    print(f"{total} compared, {len(found)} different", *verdict.problems, sep="\n")  # noqa: T201 - it is asked for
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
