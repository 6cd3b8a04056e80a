"""Metadata that a setup.py decides by its interpreter, built in containers by real setuptools."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from matrix.cli import main

from ..index_server import IndexServer
from ..wheels import make_sdist, make_wheel
from .images import BUILDER, PLATFORM, Images
from .podman import Podman

# What builds for 2.7, and what for 3.12; the sdist says nothing of either.
TOOLS = ("setuptools==44.1.1", "wheel==0.37.1", "setuptools==80.9.0", "wheel==0.45.1")
SETUP = """\
import os
import sys
from setuptools import setup

# What a recipe provides, as mysql_config is by a system package.
assert os.path.exists("/opt/made-before") and os.environ["APP_FLAG"] == "it's on"
needed = ["old"] if sys.version_info[0] == 2 else ["new"]
setup(name="app", version="1.0", install_requires=needed)
"""
MANIFEST = """\
bundle: small
targets:
  prod: {{platform: {platform}, python: [2.7.18, 3.12.1]}}
runners:
  - {{match: "*", github: ubuntu-24.04, engine: podman, images: {{{platform}: {image}}}}}
network: {{index: '{index}'}}
packages: [app]
policy: {{dynamic-metadata: container}}
recipes:
  app:
    dynamic: {dynamic}
    before-all: ["echo for the tests of wheelyard > /opt/made-before"]
    environment: {{APP_FLAG: "it's on"}}
"""


@pytest.fixture
def repository(
    podman: Podman,
    images: Images,
    index: IndexServer,
    tmp_path: Path,
    environment: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    assert images.recipe.digest
    index.is_html = True  # the last pip for 2.7 reads nothing else
    for name, text in podman.environment.items():
        if name.startswith("CONTAINERS_"):
            monkeypatch.setenv(name, text)
    for tool in TOOLS:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", tool]
        command += ["--only-binary=:all:", f"--dest={index.directory}"]
        subprocess.run(command, env=dict(environment), check=True)
    for path in index.directory.glob("*.whl"):
        index.add(path)
    members = {"setup.py": SETUP, "app.egg-info/PKG-INFO": "", "app.egg-info/requires.txt": "new\n"}
    index.add(make_sdist(index.directory, "app", "1.0", members=members))
    index.add(make_wheel(index.directory, "old", "1.0"))
    index.add(make_wheel(index.directory, "new", "1.0"))
    return tmp_path


def lock(directory: Path, index: IndexServer, *, dynamic: str) -> dict[str, list[str]]:
    """The files of each target."""
    manifest = directory / "packages.yaml"
    manifest.write_text(
        MANIFEST.format(platform=PLATFORM, image=BUILDER, index=index.url, dynamic=dynamic),
        encoding="utf-8",
    )
    assert main(["lock", "--manifest", str(manifest), "--cache", str(directory / "cache")]) == 0
    loaded = json.loads((directory / "packages.lock").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for file in loaded["files"]:
        for target in file["targets"]:
            found.setdefault(target.partition("-")[0], []).append(file["project"])
    return found


def test_a_setup_py_is_asked_by_each_interpreter_where_the_recipe_says_so(
    repository: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = lock(repository, index, dynamic="true")

    assert found == {"cp27": ["app", "old"], "cp312": ["app", "new"]}
    logs = sorted(path.name for path in (repository / "cache" / "logs").iterdir())
    assert logs == ["metadata.app-1.0.tar.gz.cp27.log", "metadata.app-1.0.tar.gz.cp312.log"]
    capsys.readouterr()

    assert lock(repository, index, dynamic="true") == found
    assert "building the metadata" not in capsys.readouterr().err


def test_otherwise_the_newest_interpreter_is_asked_once(
    repository: Path, index: IndexServer
) -> None:
    assert lock(repository, index, dynamic="false") == {
        "cp27": ["app", "new"],
        "cp312": ["app", "new"],
    }
    logs = sorted(path.name for path in (repository / "cache" / "logs").iterdir())
    assert logs == ["metadata.app-1.0.tar.gz.cp312.log"]
