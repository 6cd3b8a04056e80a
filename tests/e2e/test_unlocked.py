"""An unlocked build in podman: what its setup.py learns of the host, and what it may fetch."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matrix.builds.lane_install import find_requirements
from matrix.plan import handover

from ..index_server import IndexServer
from ..wheels import make_sdist
from .flow import Tool
from .images import BUILDER, PLATFORM, Images
from .podman import Podman

TOOLS = ("setuptools==80.9.0", "wheel==0.45.1", "virtualenv", "build")
PYPROJECT = """\
[build-system]
requires = ["setuptools", "helper"]
build-backend = "setuptools.build_meta"
"""
# The one thing that has no wheel, so that the build requirements cannot all be locked.
HELPER = (
    'from setuptools import setup\nsetup(name="helper", version="1.0", py_modules=["helper"])\n'
)
C_SOURCE = """\
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_app", NULL, -1, NULL};
PyMODINIT_FUNC PyInit__app(void) { return PyModule_Create(&definition); }
"""
SETUP = """\
import helper
import json
import os
import socket
from setuptools import Extension, setup


def reaches(address):
    try:
        socket.create_connection(address, 3).close()
    except OSError:
        return False
    return True


facts = {
    "environment": dict(os.environ),
    "host": reaches(("127.0.0.1", PORT)),
    "networks": sorted(os.listdir("/sys/class/net")),
}
with open("app.py", "w") as stream:
    stream.write("FACTS = %r\\n" % json.dumps(facts))
setup(name="app", version="1.0", py_modules=["app"], ext_modules=[Extension("_app", ["_app.c"])])
"""
MANIFEST = """\
bundle: small
targets: {{prod: {{platform: {platform}, python: [3.12.1]}}}}
runners:
  - {{match: "*", github: ubuntu-24.04, engine: podman, images: {{{platform}: {image}}}}}
packages: [{{requirement: app, source: build}}]
"""


def facts_of(wheel: Path) -> dict[str, Any]:
    names: dict[str, Any] = {}
    with zipfile.ZipFile(wheel) as archive:
        exec(archive.read("app.py"), names)  # noqa: S102 - one literal that our own test wrote
    loaded: dict[str, Any] = json.loads(names["FACTS"])
    return loaded


def test_an_unlocked_build_has_a_door_and_learns_nothing_of_the_host(
    podman: Podman,
    images: Images,
    index: IndexServer,
    tmp_path: Path,
    environment: Mapping[str, str],
) -> None:
    assert images.recipe.digest
    command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:"]
    for wanted in (TOOLS, (f"--requirement={find_requirements('4.3.3')}",)):
        subprocess.run(
            [*command, f"--dest={index.directory}", *wanted], env=dict(environment), check=True
        )
    for path in index.directory.glob("*.whl"):
        index.add(path)
    index.add(
        make_sdist(index.directory, "helper", "1.0", members={"setup.py": HELPER, "helper.py": ""})
    )
    port = index.url.split(":")[2].partition("/")[0]
    members = {"pyproject.toml": PYPROJECT, "setup.py": SETUP.replace("PORT", port)}
    index.add(make_sdist(index.directory, "app", "1.0", members={**members, "_app.c": C_SOURCE}))
    secret = index.url.replace("http://", "http://user:INDEXPW@")
    text = MANIFEST.format(platform=PLATFORM, image=BUILDER)
    (tmp_path / "packages.yaml").write_text(text, encoding="utf-8")
    proxy = {"HTTPS_PROXY": "http://user:PROXYPW@proxy.invalid:3128", "NO_PROXY": "*"}
    own = ("PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    kept = {k: v for k, v in podman.environment.items() if not k.upper().startswith(own)}
    settings = {**proxy, "PIP_INDEX_URL": secret, "PIP_CONFIG_FILE": "/dev/null"}
    tool = Tool(directory=tmp_path, environment={**kept, **settings})
    cache = ("--cache", str(tmp_path / "cache"))
    assert (locked := tool("lock", *cache)).succeeded, locked.output

    built = tool("build", "--local", "--out", "wheels", *cache, timeout=600)

    assert built.succeeded, built.output[-6000:]
    assert "warning: packages.yaml: app 1.0 is unlocked: " in built.output
    (wheel,) = (tmp_path / "wheels").glob("app-*.whl")
    facts = facts_of(wheel)
    environ = json.dumps(facts["environment"])
    assert ("INDEXPW" in environ, "PROXYPW" in environ) == (False, False)
    assert not [name for name in facts["environment"] if "proxy" in name.lower()]
    assert (facts["host"], facts["networks"]) == (False, ["lo"])
    fetched = {file.filename: file.sha256 for file in handover.read_note(wheel).fetched}
    assert fetched["helper-1.0.tar.gz"] == index.listed["helper-1.0.tar.gz"].sha256
    left = podman("ps", "--all", "--format", "{{.Names}}").output
    assert "wheelyard-" not in left
