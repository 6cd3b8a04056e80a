"""The door: what an unlocked build reaches, what it does not, and what is noted of it."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.builds.containers import isolation_args
from matrix.builds.door import Door, Response
from matrix.builds.door_server import OpenDoor, open_door, open_in_container
from matrix.builds.engine import Engine, Unequipped
from matrix.builds.environment import has_password, isolate_environment
from matrix.configurations.script_files import read_script

from .builds import program
from .index_clients import client
from .index_server import IndexServer
from .wheels import make_wheel


@pytest.fixture
def door(index: IndexServer, tmp_path: Path) -> Iterator[Door]:
    index.add(make_wheel(index.directory, "six", "1.0"))
    with client(index.url, tmp_path / "cache") as locked:
        yield Door(locked)


def body(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else response.body.read_bytes()


def test_a_page_links_through_the_door_alone(door: Door, index: IndexServer) -> None:
    response = door.respond("/simple/six/")

    digest = index.listed["six-1.0-py2.py3-none-any.whl"].sha256
    assert body(response).decode().splitlines()[1] == (
        f'<a href="/files/six/six-1.0-py2.py3-none-any.whl#sha256={digest}">'
        "six-1.0-py2.py3-none-any.whl</a>"
    )
    assert index.url.encode() not in body(response)
    assert door.fetched == ()


def test_every_file_that_passes_is_noted_by_its_digest(door: Door, index: IndexServer) -> None:
    name = "six-1.0-py2.py3-none-any.whl"

    for _ in range(2):
        assert body(door.respond(f"/files/six/{name}")) == (index.directory / name).read_bytes()

    assert [(file.filename, file.sha256) for file in door.fetched] == [
        (name, index.listed[name].sha256)
    ]


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/simple/",
        "/simple/absent/",
        "/simple/../etc/",
        "/simple/six/../../etc/passwd",
        "/simple/%2e%2e/",
        "/files/six/other-1.0-py3-none-any.whl",
        "/files/six/..%2f..%2fpasswd",
        "/files/../six/six-1.0-py2.py3-none-any.whl",
        "http://elsewhere.example/simple/six/",
        "six",
        "",
        "/simple/" + "x" * 300 + "/",
        "/files/six/" + "x" * 5000,
        "/simple/\udcff/",
    ],
)
def test_everything_else_is_not_found(target: str, door: Door) -> None:
    response = door.respond(target)

    assert (response.status, response.body, door.fetched) == (404, b"", ())


def pip_download(address: str, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "six"]
    return subprocess.run(
        [*command, "--disable-pip-version-check", "--dest", out],
        env={"PATH": os.environ["PATH"], "PIP_INDEX_URL": address, "PIP_CONFIG_FILE": os.devnull},
        check=False,
        capture_output=True,
        text=True,
    )


def test_pip_installs_through_the_door_of_a_host(door: Door, tmp_path: Path) -> None:
    with open_door(door._index, None, "") as opened:
        done = pip_download(opened.address, tmp_path / "out")
        assert opened.door is not None
        fetched = opened.door.fetched

    assert done.returncode == 0, done.stdout + done.stderr
    assert [file.filename for file in fetched] == ["six-1.0-py2.py3-none-any.whl"]
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(opened.address, timeout=5)  # noqa: S310 - our own loopback


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine whose containers are processes: ``start`` runs what ``create`` was given."""
    log = tmp_path / "engine.log"
    podman = program(
        tmp_path / "podman",
        f"""
echo "$1 $2 $3 $4 $5 $6" >> '{log}'
case $1 in
  create)
    while [ "$1" != image ]; do shift; done
    shift
    : > '{tmp_path}/command'
    for argument; do printf '%s\\0' "$argument" >> '{tmp_path}/command'; done ;;
  start) exec '{sys.executable}' -c '
import os, sys
script = open(sys.argv[1], "rb").read().split(b"\\0")[-2]
os.execv(sys.executable, [sys.executable, "-I", "-u", "-c", script])' '{tmp_path}/command' ;;
esac""",
    )
    return Engine(program=str(podman), environment={"PATH": os.environ["PATH"]})


def get(opened: OpenDoor, path: str, method: str = "GET") -> tuple[int, bytes]:
    host = opened.address.split("/")[2]
    with contextlib.closing(http.client.HTTPConnection(host, timeout=20)) as connection:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()


def test_the_relay_passes_requests_on_one_after_the_other(
    door: Door, engine: Engine, index: IndexServer, tmp_path: Path
) -> None:
    name = "six-1.0-py2.py3-none-any.whl"
    with open_in_container(door, engine, "image") as opened:
        assert opened.network.startswith("container:wheelyard-")
        assert get(opened, "/simple/absent/") == (404, b"")
        assert get(opened, f"/files/six/{name}", "HEAD") == (200, b"")
        assert get(opened, f"/files/six/{name}") == (200, (index.directory / name).read_bytes())
        done = pip_download(opened.address, tmp_path / "out")

    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / "engine.log").read_text(encoding="utf-8").splitlines()
    assert lines[0].split()[2:] == [
        "--http-proxy=false",
        "--interactive",
        "--network=none",
        "image",
    ]
    assert [line.split()[0] for line in lines] == ["create", "start", "kill", "rm"]


def test_a_relay_ends_with_its_host() -> None:
    relay = subprocess.Popen(
        [sys.executable, "-I", "-u", "-c", read_script("door_relay.py", room="builds")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert relay.stdin is not None
    assert relay.stdout is not None
    assert json.loads(relay.stdout.readline())["port"]

    _, errors = relay.communicate(timeout=20)

    assert errors.decode().strip() == "the host has gone"


def test_an_image_without_python_is_named(door: Door, tmp_path: Path) -> None:
    broken = Engine(program=str(program(tmp_path / "podman", "exit 0")), environment={})

    with pytest.raises(Unequipped) as caught, open_in_container(door, broken, "image"):
        pass

    assert caught.value.reason == (
        "image has no Python 3 that could serve the index to an unlocked build"
    )


# Credentials -------------------------------------------------------------------------------------

RUNNER = {
    "PATH": "/usr/bin",
    "PIP_INDEX_URL": "https://user:SECRET@index.example/simple/",
    "PIP_EXTRA_INDEX_URL": "https://extra.example/simple/",
    "PIP_CONFIG_FILE": "/etc/pip.conf",
    "PIP_FIND_LINKS": "/opt/wheels https://user:SECRET@links.example/",
    "HTTPS_PROXY": "http://user:SECRET@proxy.example:3128",
    "http_proxy": "http://proxy.example:3128",
}


def test_with_containers_neither_proxy_nor_index_reaches_cibuildwheel() -> None:
    variables, dropped = isolate_environment(RUNNER, has_containers=True)

    expected = {"PATH": "/usr/bin", "PIP_FIND_LINKS": "/opt/wheels"}
    assert (variables, dropped) == (expected, ())


def test_without_containers_only_a_proxy_without_password_does() -> None:
    variables, dropped = isolate_environment(RUNNER, has_containers=False)

    assert variables == {
        "PATH": "/usr/bin",
        "PIP_FIND_LINKS": "/opt/wheels",
        "http_proxy": "http://proxy.example:3128",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    assert dropped == ("HTTPS_PROXY",)
    assert "SECRET" not in json.dumps(variables)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://u:p@h:1", True),
        ("u:p@h:1", True),
        ("http://token@h", True),
        ("http://[", True),
        ("http://h:1", False),
        ("h:1", False),
    ],
)
def test_an_address_with_a_user_may_hold_a_password(address: str, *, expected: bool) -> None:
    assert has_password(address) == expected


def test_every_engine_keeps_its_proxies_out() -> None:
    assert isolation_args("podman") == ("--http-proxy=false",)
    assert isolation_args("docker")[:2] == ("--env=ALL_PROXY=", "--env=HTTPS_PROXY=")
