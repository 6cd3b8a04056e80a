"""
The main job on real input: locked, planned, built by cibuildwheel in podman, sealed, verified.
"""

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from matrix.edge.programs import Finished
from matrix.plan.model import State

from .flow import Interpreter, Tool, closed_interpreters, count, local_manifest
from .images import CLOSED, PLATFORM, Images
from .podman import Podman

# What to import to see that a requirement works; compiled modules, where the project has any.
IMPORTS = {
    "attrs": "attr",
    "click": "click",
    "cryptography": "cryptography.hazmat.backends.openssl.backend",
    "jinja2": "jinja2",
    "lxml": "lxml.etree",
    "mysqlclient": "MySQLdb",
    "netifaces": "netifaces",
    "numpy": "numpy.linalg",
    "pillow": "PIL.Image",
    "psutil": "psutil",
    "python-dateutil": "dateutil.parser",
    "python-ldap": "ldap",
    "pyyaml": "yaml",
    "requests": "requests",
    "sqlalchemy": "sqlalchemy",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What ``release`` made, and how to go on from there."""

    tool: Tool
    facts: Mapping[str, Any]

    @property
    def bundle(self) -> Path:
        return Path(self.facts["bundle"])


@pytest.fixture(scope="module")
def interpreters(images: Images) -> tuple[Interpreter, ...]:
    return closed_interpreters(images)


@pytest.fixture(scope="module")
def released(
    podman: Podman,
    interpreters: tuple[Interpreter, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Released:
    directory = tmp_path_factory.mktemp("release")
    (directory / "packages.yaml").write_text(local_manifest(interpreters), encoding="utf-8")
    tool = Tool(directory=directory, environment=podman.environment)
    finished = tool(
        "release", "--json", "--cache", str(directory / "cache"), "--version", "1", timeout=1500
    )
    assert finished.succeeded, finished.output[-6000:]
    result = finished.output[finished.output.index("{\n") :]
    print(result)
    facts = json.loads(result)
    return Released(tool=tool, facts={**facts, "bundle": str(directory / facts["bundle"])})


def test_everything_the_plan_owes_was_built_here(
    released: Released, interpreters: tuple[Interpreter, ...]
) -> None:
    record = json.loads((released.bundle / "bundle.json").read_text(encoding="utf-8"))

    built = {
        (wheel["project"], target)
        for wheel in record["wheels"]
        if wheel["origin"] == "built"
        for target in wheel["targets"]
    }
    assert record["missing"] == []
    for project in ("mysqlclient", "python-ldap"):
        served = {target for name, target in built if name == project}
        assert served == {f"{each.tag}-{PLATFORM}" for each in interpreters}
    assert len(built) == released.facts["cells"]["build"]


def test_both_lanes_have_built(released: Released, interpreters: tuple[Interpreter, ...]) -> None:
    plan = released.tool.json("plan")

    lanes = {job_class["lane"].partition(".")[0] for job_class in plan["job_classes"]}
    has_27 = any(each.version.startswith("2.7") for each in interpreters)
    assert lanes == ({"1", "4"} if has_27 else {"4"})


def test_a_second_release_builds_nothing_again(released: Released) -> None:
    cache = str(released.tool.directory / "cache")

    again = released.tool("release", "--cache", cache, "--version", "2", timeout=300)

    assert again.succeeded, again.output
    assert "built before: netifaces" in again.output
    assert "building " not in again.output


def test_the_next_plan_reuses_what_this_bundle_built(released: Released) -> None:
    before = released.tool.json("plan")

    after = released.tool.json("plan", "--previous", str(released.bundle))

    assert count(before, State.BUILD) > 0
    assert count(after, State.REUSED) == count(before, State.BUILD)
    assert count(after, State.BUILD) == 0


@pytest.fixture(scope="module")
def served(released: Released) -> Path:
    """The bundle, imported into a static directory."""
    destination = released.tool.directory / "index"
    finished = released.tool("import", str(released.bundle), "--to", str(destination), timeout=300)
    assert finished.succeeded, finished.output
    return destination


_INSTALL = """
set -eu
cd /tmp
{serve}
for pair in {pairs}; do
    requirement=${{pair%%=*}} modules=$(echo "${{pair#*=}}" | tr , ' ')
    {python} -m pip install --no-cache-dir --index-url {index} "$requirement" > log 2>&1 || {{
        cat log
        exit 1
    }}
    tail -n 1 log
    for module in $modules; do {python} -c "import $module"; done
    echo "installed and imported $requirement"
done
{python} -m pip check
"""
_SERVER = """python3 -m http.server --bind 127.0.0.1 --directory /index 8080 > /dev/null 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10; do
    python3 -c 'import socket; socket.create_connection(("127.0.0.1", 8080))' 2> /dev/null && break
    sleep 0.5
done"""


def _install_each(python: Interpreter, transport: str) -> list[str]:
    """Install and import one requirement after the other, as their users would."""
    script = _INSTALL.format(
        serve=_SERVER if transport == "http" else "",
        pairs=" ".join(f"{name}={modules.replace(' ', '')}" for name, modules in IMPORTS.items()),
        python=python.path,
        index="http://127.0.0.1:8080/simple/" if transport == "http" else "file:///index/simple/",
    )
    return ["sh", "-c", script]


def _install_all(python: Interpreter) -> list[str]:
    """Install everything at once, from the view of the interpreter's own target."""
    view = f"file:///index/targets/{python.tag}-{PLATFORM}/simple/"
    pip = [python.path, "-m", "pip", "install", "--no-cache-dir", "--index-url", view]
    return [*pip, *IMPORTS]


Installs = Mapping[tuple[str, str], Future[Finished]]
"""Interpreter's tag, and transport or "view", to what its closed container said."""


@pytest.fixture(scope="module")
def installs(
    podman: Podman, served: Path, interpreters: tuple[Interpreter, ...]
) -> Iterator[Installs]:
    """
    Every install, in a container of its own without network, as many at once as there are cores.
    """
    commands = {
        (each.tag, way): _install_all(each) if way == "view" else _install_each(each, way)
        for each in interpreters
        for way in ("file", "http", "view")
    }

    def install(command: list[str]) -> Finished:
        return podman.run(CLOSED, command, volumes=[f"{served}:/index:ro"], timeout=600)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {place: pool.submit(install, command) for place, command in commands.items()}


@pytest.mark.parametrize("transport", ["file", "http"])
@pytest.mark.parametrize("series", ["cp27", "cp39", "cp311", "cp312", "cp313"])
def test_plain_pip_installs_everything_in_the_closed_network(
    installs: Installs, series: str, transport: str
) -> None:
    if (series, transport) not in installs:
        pytest.skip(f"this machine has no CPython for {series}")

    finished = installs[series, transport].result()

    print(finished.output)
    assert finished.succeeded, finished.output[-4000:]
    assert finished.output.count("installed and imported") == len(IMPORTS)


def test_each_target_s_own_view_installs_everything_at_once(installs: Installs) -> None:
    views = {series: future.result() for (series, way), future in installs.items() if way == "view"}

    failed = {series: done.output[-2000:] for series, done in views.items() if not done.succeeded}
    assert views
    assert failed == {}
