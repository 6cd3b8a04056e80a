"""Real package servers on loopback: devpi-server and pypiserver, each ended with its block."""

import base64
import dataclasses
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from matrix.destinations.access import Access
from matrix.destinations.lines import Stamp

PROGRAMS: Final = Path(sys.executable).parent
# Hashing a password takes seconds and 500 MB by default.
CHEAP: Final = (
    *("--argon2-memory-cost", "8", "--argon2-parallelism", "1", "--argon2-time-cost", "1"),
)
PASSWORD: Final = "s3cret-of-the-tests"  # noqa: S105 - of servers that end with their test
STAMP: Final = Stamp("ada@host.example", "2026-11-28T06:00:00+00:00")


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def run_program(command: Sequence[str | Path], log: Path, ready: str) -> Iterator[None]:
    """Run a server until the block ends; it is ready when ``ready`` answers."""
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text(errors="replace")
            try:
                urllib.request.urlopen(ready, timeout=5).close()  # noqa: S310 - loopback
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DevpiServer:
    """A devpi-server with the user ``company``; ``secret`` lets replicas join."""

    url: str
    directory: Path

    @property
    def access(self) -> Access:
        environment = {"WHEELYARD_USER": "company", "WHEELYARD_PASSWORD": PASSWORD}
        return Access(environment=environment, stamp=STAMP, limit=20)

    def call(self, method: str, path: str, fields: object = None, user: str = "company") -> bytes:
        """One request of an administrator."""
        data = None if fields is None else json.dumps(fields).encode()
        url = f"{self.url}/{path}"
        request = urllib.request.Request(url, data=data, method=method)  # noqa: S310 - loopback
        request.add_header("Content-Type", "application/json")
        request.add_header("Accept", "application/json")
        pair = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
            return bytes(answer.read())


@contextmanager
def run_devpi(directory: Path) -> Iterator[DevpiServer]:
    directory.mkdir()
    secret = directory / "secret"
    data, port = directory / "server", find_port()
    devpi: list[str | Path] = [PROGRAMS / "devpi-server", "--serverdir", data]
    init: list[str | Path] = [PROGRAMS / "devpi-init", "--serverdir", data, "--no-root-pypi"]
    gen_secret: list[str | Path] = [PROGRAMS / "devpi-gen-secret", "--secretfile", secret]
    subprocess.run(gen_secret, check=True, capture_output=True)
    subprocess.run([*init, "--root-passwd", PASSWORD], check=True, capture_output=True)
    options: list[str | Path] = [
        "--secretfile",
        secret,
        "--role",
        "primary",
        "--listen",
        f"127.0.0.1:{port}",
    ]
    url = f"http://127.0.0.1:{port}"
    with run_program([*devpi, *options, *CHEAP], directory / "log", f"{url}/+api"):
        server = DevpiServer(url=url, directory=directory)
        server.call("PUT", "company", {"password": PASSWORD, "email": "a@b.example"}, user="root")
        yield server


@contextmanager
def run_replica(primary: DevpiServer, directory: Path) -> Iterator[DevpiServer]:
    directory.mkdir()
    data, port = directory / "server", find_port()
    role = ["--role", "replica", "--primary-url", primary.url]
    init: list[str | Path] = [PROGRAMS / "devpi-init", "--serverdir", data, *role]
    subprocess.run(init, check=True, capture_output=True)
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [PROGRAMS / "devpi-server", "--serverdir", data, *role]
    secret = primary.directory / "secret"
    options: list[str | Path] = ["--secretfile", secret, "--listen", f"127.0.0.1:{port}"]
    with run_program([*command, *options, *CHEAP], directory / "log", f"{url}/+api"):
        yield DevpiServer(url=url, directory=directory)


@contextmanager
def run_pypiserver(directory: Path, *options: str) -> Iterator[str]:
    """Yield the address of a pypiserver for the wheels in ``directory``."""
    directory.mkdir(exist_ok=True)
    port = find_port()
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [
        PROGRAMS / "pypi-server",
        "run",
        "-i",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    fixed = ["--disable-fallback", "--health-endpoint", "/ok"]
    log = directory.with_name(f"{directory.name}.log")
    with run_program([*command, *fixed, *options, directory], log, f"{url}/ok"):
        yield url


def install(index: str, requirement: str, target: Path) -> str:
    """Install with pip from ``index`` alone; return the names that were installed, or its error."""
    options = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--index-url", index]
    done = subprocess.run(
        [*command, "--only-binary", ":all:", "--target", str(target), requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return done.stderr
    return " ".join(sorted(path.name.partition(".dist")[0] for path in target.glob("*.dist-info")))
