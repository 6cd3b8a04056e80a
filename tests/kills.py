"""
Imports that are killed, with pips that install all the while: ``python -m tests.kills [POINTS]``.

Bundle after bundle goes into one directory. Each import is killed at another of its file
operations; then every client installs once more from what was left, before a second run finishes
the import. The session ``kills`` kills at every second operation; the tests at one.
"""

import contextlib
import dataclasses
import functools
import http.server
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from .bundles import LINUX, make_bundle, requirement
from .destinations import find_dangling
from .servers import run_server
from .wheels import make_wheel

# Counts what changes files, and kills its own process at one of them: no signal is that exact.
KILLED = """\
import os, signal, sys
from pathlib import Path
from matrix.destinations.imports import import_bundle
from matrix.destinations.kinds import parse_destination

point, count = int(sys.argv[3]), 0

def counting(operation):
    def count_and_do(*arguments, **options):
        global count
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return operation(*arguments, **options)
    return count_and_do

for name in ("replace", "rename", "unlink", "rmdir", "mkdir", "chmod"):
    setattr(Path, name, counting(getattr(Path, name)))
os.fsync = counting(os.fsync)
import_bundle(Path(sys.argv[1]), parse_destination(sys.argv[2]), lambda text: None)
print(count)
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run of the kill test has seen."""

    kills: int
    installs: int
    failures: tuple[str, ...]


def make_numbered_bundle(directory: Path, number: int) -> Path:
    """Bundle ``number``: app needs the dep of its own number, and a project that is new."""
    new = f"new{number}"
    wheels = [
        make_wheel(directory / "w", "app", f"{number}.0", requires=[f"dep>={number}", new]),
        make_wheel(directory / "w", "dep", f"{number}.0"),
        make_wheel(directory / "w", new, "1.0"),
    ]
    return make_bundle(directory / f"b{number}", wheels, [requirement("app")], sequence=number)


def run_import(
    bundle: Path, destination: Path, point: int = 0
) -> "subprocess.CompletedProcess[str]":
    """Import in a process that kills itself at the file operation ``point``, if it comes to it."""
    command = [sys.executable, "-c", KILLED, str(bundle), str(destination), str(point)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Client(threading.Thread):
    """A pip that installs app again and again; versions must never go back."""

    def __init__(self, index: str, directory: Path) -> None:
        super().__init__(daemon=True)
        self._index, self._directory = index, directory
        self._stopping, self._installed = threading.Event(), threading.Condition()
        self.started = self.finished = 0
        self.failures: list[str] = []

    def run(self) -> None:
        newest = 0
        while not self._stopping.is_set():
            self.started += 1
            version = self._install(self._directory / str(self.started))
            if version < newest:
                self.failures.append(f"{self._index}: app {version} after {newest}")
            newest = max(version, newest)
            with self._installed:
                self.finished = self.started
                self._installed.notify_all()

    def _install(self, target: Path) -> int:
        options = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--quiet"]
        command = [sys.executable, "-m", "pip", "install", *options, "--index-url", self._index]
        installed = subprocess.run(
            [*command, "--no-compile", "--target", str(target), "app"],
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode:
            self.failures.append(f"{self._index}: {installed.stderr}")
            return 0
        version = next(target.glob("app-*.dist-info")).name.split("-")[1].partition(".")[0]
        return int(version)

    def wait_for_a_whole_install(self) -> None:
        """Return when an install that has yet to start has finished."""
        with self._installed:
            goal = self.started + 1
            self._installed.wait_for(lambda: self.finished >= goal or not self.is_alive(), 300)

    def stop(self) -> None:
        self._stopping.set()
        self.join()


@contextlib.contextmanager
def serve(directory: Path) -> Iterator[str]:
    """Yield the address of a web server for ``directory``."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(directory))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with run_server(server):
        yield f"http://127.0.0.1:{server.server_port}"


def count_operations(directory: Path) -> int:
    """How many file operations an import of the second bundle has."""
    destination = directory / "counted"
    run_import(make_numbered_bundle(directory / "c", 1), destination)
    return int(run_import(make_numbered_bundle(directory / "c", 2), destination).stdout)


def kill_imports(directory: Path, points: Sequence[int], *, clients: int) -> Outcome:
    """Kill one import at each of ``points`` while ``clients`` install, and finish it."""
    destination = directory / "served"
    run_import(make_numbered_bundle(directory, 1), destination)
    failures: list[str] = []
    kills = 0
    with serve(destination) as address:
        trees = ("simple", f"targets/{LINUX.id}/simple")
        files, web = (
            [f"{top}/{tree}/" for tree in trees] for top in (destination.as_uri(), address)
        )
        indexes = [files[0], web[1], files[1], web[0]]
        pips = [
            Client(index, directory / f"client{number}")
            for number, index in enumerate(indexes[:clients])
        ]
        for client in pips:
            client.start()
        try:
            for number, point in enumerate(points, start=2):
                print(f"killing at operation {point}", file=sys.stderr, flush=True)
                bundle = make_numbered_bundle(directory, number)
                killed = run_import(bundle, destination, point)
                kills += killed.returncode < 0
                failures += [f"point {point}: {text}" for text in find_dangling(destination)]
                for client in pips:
                    client.wait_for_a_whole_install()
                finished = run_import(bundle, destination)
                if finished.returncode:
                    failures.append(f"point {point}, second run: {finished.stderr}")
                page = json.loads((destination / "simple/app/index.json").read_text())
                if f"{number}.0" not in page["versions"]:
                    failures.append(f"point {point}: the second run has not finished the import")
        finally:
            for client in pips:
                client.stop()
    failures += [failure for client in pips for failure in client.failures]
    installs = sum(client.finished for client in pips)
    return Outcome(kills=kills, installs=installs, failures=tuple(failures))


def main(arguments: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory() as name:
        operations = count_operations(Path(name))
        points = range(1, operations + 1, 2)
        if arguments:
            # Spread over the whole import: its last operations are those that switch the pages.
            points = points[:: max(1, len(points) // int(arguments[0]))]
        outcome = kill_imports(Path(name), points, clients=4)
    print(f"{operations} file operations, {outcome.kills} kills, {outcome.installs} installs")
    for failure in outcome.failures:
        print(failure)
    print(f"{len(outcome.failures)} failures")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
