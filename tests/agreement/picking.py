"""
What each tool would install for one requirement: project to version, or None where it refuses.

pip is imported once for each interpreter and asked in that process, because starting it takes
longer than most answers; the pip is the newest that both resolves and runs there.
"""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from packaging.utils import canonicalize_name, parse_wheel_filename

from matrix.edge.progress import Loudness, Reporter
from matrix.index.client import Index
from matrix.manifest.reading import read
from matrix.resolve.resolving import resolve

Picks = Mapping[str, str] | None
NoAnswer = Literal["late", "crashed"]
"""It was stopped while it searched, or ended with a mistake of its own."""
Answer = Picks | NoAnswer

PIPS: Final = {"2.7": "20.3.4", "3.6": "21.3.1", "3.7": "24.0", "3.8": "25.0.1"}
NEWEST_PIP: Final = "25.3"
"""For every other interpreter."""

SECONDS: Final = 60
"""Of the processor, for one answer: pip 20.3 can try every combination of hundreds of releases."""

# For every Python since 2.7. A line in: a requirement, or several with tabs between; a line out:
# what was picked, as JSON.
RUNNER: Final = """\
from __future__ import print_function
import functools, json, os, shutil, signal, sys, tempfile
index, reports, seconds = sys.argv[1], sys.argv[2] == "reports", float(sys.argv[3])
memories = []
if sys.version_info[0] == 2:  # pip 20.3 keeps what it read of an index, but not on 2.7
    from pip._internal.utils import compat
    def kept(maxsize=None):
        def keeping(function):
            memory = {}
            memories.append(memory)
            @functools.wraps(function)
            def answer(*given, **named):
                asked = given, tuple(sorted(named.items()))
                if asked not in memory:
                    memory[asked] = function(*given, **named)
                return memory[asked]
            return answer
        return keeping
    compat.lru_cache = kept
from pip._internal.cli.main import main
class Late(BaseException):
    pass
late = []
def stop(number, frame):
    late.append(True)
    raise Late
signal.signal(signal.SIGPROF, stop)
def picked(requirement):
    directory = tempfile.mkdtemp()
    report = os.path.join(directory, "report.json")
    options = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "-qqq"]
    if sys.version_info[0] == 2:  # where pip 20.3 has the resolver, and asks the old one first
        options += ["--no-python-version-warning", "--use-feature", "2020-resolver"]
    how = ["--only-binary", ":all:", "--index-url", index]
    if reports:
        how = ["install", "--dry-run", "--ignore-installed", "--report", report] + how
    else:
        how = ["download", "-d", directory] + how
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, 1)  # again: hasattr() of 2.7 catches all
        failed = main(options + how + requirement.split("\\t"))
        signal.setitimer(signal.ITIMER_PROF, 0)
        if late:
            return "late"
        if failed:
            return None if failed == 1 else "crashed"
        if not reports:
            return os.listdir(directory)
        with open(report) as stream:
            found = json.load(stream)["install"]
        return [item["download_info"]["url"].rpartition("/")[2] for item in found]
    except Late:
        return "late"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        shutil.rmtree(directory)
        del late[:]
        for memory in memories:
            memory.clear()
for line in iter(sys.stdin.readline, ""):
    answer = json.dumps(picked(line.strip()))
    print("picked " + answer)
    sys.stdout.flush()
"""


def ours(index: Index, requirement: str, targets: Mapping[str, str]) -> dict[str, Picks]:
    """By full Python version; ``targets`` maps these to platform tags."""
    groups = "".join(
        f"  t{python.replace('.', '-')}: {{platform: {platform}, python: ['{python}']}}\n"
        for python, platform in targets.items()
    )
    runners = "runners: [{match: '*', github: ubuntu-24.04}]\n"
    quoted = json.dumps(requirement)
    wanted = read(f"bundle: agreement\ntargets:\n{groups}{runners}packages: [{quoted}]\n")
    quiet = Reporter.on_stderr(Loudness.QUIET)
    lock = resolve(wanted, index, pins={}, reporter=quiet)
    by_id = {target.id: str(target.python) for target in wanted.all_targets}
    found: dict[str, Picks] = dict.fromkeys(targets)
    for solution in lock.solutions:
        for target in solution.targets:
            found[by_id[target]] = {name: str(version) for name, version in solution.pins}
    return found


def pips(
    python: Path, index: str, requirements: Sequence[str], pip: Path | None
) -> Iterator[Answer]:
    """What the pip of ``python`` (or the unpacked one) picks for each requirement, in order."""
    reports = subprocess.run(
        [python, "-m", "pip", "install", "--help"],
        env=_environment(pip),
        capture_output=True,
        text=True,
        check=False,
    )
    how = "reports" if "--report" in reports.stdout else "downloads"
    with subprocess.Popen(
        [python, "-c", RUNNER, index, how, str(SECONDS)],
        env=_environment(pip),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for requirement in requirements:
            child.stdin.write(f"{requirement}\n")
            child.stdin.flush()
            found = _answer(child.stdout)
            yield found if isinstance(found, str) else _of_filenames(found)
        child.stdin.close()


def _answer(lines: Iterable[str]) -> list[str] | NoAnswer | None:
    # pip writes a line of its own to stdout now and then.
    for line in lines:
        if line.startswith("picked "):
            found: list[str] | NoAnswer | None = json.loads(line.removeprefix("picked "))
            return found
    raise RuntimeError("pip ended before it answered")


def _of_filenames(names: Sequence[str] | None) -> Picks:
    if names is None:
        return None
    return {p: str(v) for p, v, _, _ in map(parse_wheel_filename, sorted(names))}


def _environment(pip: Path | None) -> dict[str, str]:
    more = {"PYTHONPATH": str(pip)} if pip else {}
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PIP_CONFIG_FILE": "/dev/null", **more}


def unpacked_pip(python: str, cache: Path) -> Path:
    """The pip for a Python version, as a directory to import from; fetched with this one's pip."""
    version = PIPS.get(".".join(python.split(".")[:2]), NEWEST_PIP)
    place = cache / f"pip-{version}"
    if not place.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        # It is run by another Python than the one that fetches it.
        command += ["--ignore-requires-python", "--dest", str(cache), f"pip=={version}"]
        subprocess.run(command, check=True)
        (wheel,) = cache.glob(f"pip-{version}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
    return place


_PIN: Final = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)")


def uv(
    program: Path, index: str, requirement: str, python: str, platform: str, cache: Path
) -> Picks:
    """What ``uv pip compile`` picks for a Python and a platform that need not be here."""
    command: list[Any] = [program, "pip", "compile", "-", "--quiet", "--no-config", "--no-build"]
    command += ["--no-header", "--no-annotate", "--no-python-downloads", "--python", sys.executable]
    command += ["--default-index", index, "--cache-dir", cache, "--python-version", python]
    command += ["--python-platform", platform]
    done = subprocess.run(
        command,
        input=requirement.replace("\t", "\n"),
        capture_output=True,
        text=True,
        check=False,
        env=_environment(None),
    )
    if done.returncode:
        if "No solution found" not in done.stderr and "not found" not in done.stderr:
            raise RuntimeError(done.stderr)
        return None
    return {canonicalize_name(name): version for name, version in _PIN.findall(done.stdout)}
