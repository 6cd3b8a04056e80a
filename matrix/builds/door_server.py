"""
Where the door opens: on this host's loopback, or on that of a container without a network.

A build's container joins the network of a second container that has none either, in which the relay
(``scripts/door_relay.py``) listens. Its standard streams are the only connection to the host, so
that nothing is mounted and a remote engine serves as well.
"""

import contextlib
import dataclasses
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Final

from matrix.builds.containers import create_container
from matrix.builds.door import Door, Response
from matrix.builds.engine import Engine, Unequipped
from matrix.configurations.script_files import read_script
from matrix.index.client import Index

# A relay needs any Python of the image.
_START: Final = (
    'for python in /opt/python/cp3*/bin/python /usr/bin/python3; do [ -x "$python" ] && '
    'exec "$python" -I -u -c "$0"; done; exit 1'
)
_LONGEST_REQUEST: Final = 1 << 16
_SECONDS_TO_END: Final = 10.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor:
    """A door, the address at which a build finds it, and the network that has it."""

    door: Door | None = None
    address: str = ""
    network: str = "none"


@contextlib.contextmanager
def open_door(index: Index | None, engine: Engine | None, image: str) -> Iterator[OpenDoor]:
    """Open a door to ``index`` where builds run; without an index it leads nowhere."""
    if index is None:
        yield OpenDoor()
        return
    door = Door(index)
    opened = open_on_host(door) if engine is None else open_in_container(door, engine, image)
    with opened as where:
        yield where


@contextlib.contextmanager
def open_on_host(door: Door) -> Iterator[OpenDoor]:
    """Serve ``door`` on the loopback of this host."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            response = door.respond(self.path)
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(response.size))
            self.end_headers()
            if with_body:
                _send_body(response, self.wfile)

        def log_message(self, *_: object) -> None:
            """Keep quiet: the build's log names what it fetches."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield OpenDoor(door=door, address=f"http://127.0.0.1:{server.server_address[1]}/simple/")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def open_in_container(door: Door, engine: Engine, image: str) -> Iterator[OpenDoor]:
    """Serve ``door`` in a container of ``image``; raises ``Unequipped`` when it does not start."""
    command = ("/bin/sh", "-c", _START, read_script("door_relay.py", room="builds"))
    options = ("--interactive", "--network=none")
    with create_container(engine, image, command, options=options) as name:
        process = subprocess.Popen(  # noqa: S603 - a list; its streams are the connection
            [engine.program, "start", "--attach", "--interactive", name],
            env=dict(engine.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        thread = threading.Thread(
            target=_relay, args=(door, process.stdout, process.stdin), daemon=True
        )
        try:
            port = _read_port(process.stdout, engine, image)
            thread.start()
            address = f"http://127.0.0.1:{port}/simple/"
            yield OpenDoor(door=door, address=address, network=f"container:{name}")
        finally:
            process.kill()
            process.wait(_SECONDS_TO_END)
            if thread.ident is not None:
                thread.join(_SECONDS_TO_END)
            with contextlib.suppress(OSError):
                process.stdin.close()
            if not thread.is_alive():  # closing a stream that a thread reads would wait for it
                process.stdout.close()


def _read_port(stream: IO[bytes], engine: Engine, image: str) -> int:
    line = stream.readline(_LONGEST_REQUEST)
    try:
        return int(json.loads(line)["port"])
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{image} has no Python 3 that could serve the index to an unlocked build"
        raise Unequipped(reason, f"{engine.name} run --rm {image} ls /opt/python") from error


def _relay(door: Door, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer one request after the other until the relay has ended."""
    with contextlib.suppress(OSError, ValueError):  # it ends at any moment
        while line := requests.readline(_LONGEST_REQUEST):
            response = door.respond(str(json.loads(line).get("path", "")))
            head = {
                "status": response.status,
                "type": response.content_type,
                "size": response.size,
            }
            answers.write(json.dumps(head).encode() + b"\n")
            _send_body(response, answers)
            answers.flush()


def _send_body(response: Response, stream: IO[bytes] | BufferedIOBase) -> None:
    if isinstance(response.body, Path):
        with response.body.open("rb") as file, contextlib.suppress(BrokenPipeError):
            shutil.copyfileobj(file, stream)
    else:
        stream.write(response.body)
