"""Metadata of sdists that do not state it: believed, or built on the host where that is asked."""

import json
import platform
import sys
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.manifest.policy import Policy
from matrix.policy import locked_rules

from .index_server import IndexServer
from .manifests import TARGETS
from .wheels import make_sdist, make_wheel

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHER = "3.9" if OWN != "3.9" else "3.10"
HERE, THERE = (f"cp{series.replace('.', '')}" for series in (OWN, OTHER))
BELIEVE, HOST = "lock: required", "dynamic-metadata: host"

# What a dynamic setup.py does, by a backend that needs nothing but the interpreter.
BACKEND = """\
import os
import sys

HEAD = "Metadata-Version: 2.1\\nName: app\\nVersion: 1.0\\n"


def prepare_metadata_for_build_wheel(directory, config_settings=None):
    sys.dont_write_bytecode = True
    {act}
    needed = "for-%s-%s" % (sys.version_info[0], sys.version_info[1])
    os.mkdir(os.path.join(directory, "app-1.0.dist-info"))
    with open(os.path.join(directory, "app-1.0.dist-info", "METADATA"), "w") as stream:
        stream.write(HEAD + "Requires-Dist: %s\\nRequires-Dist: on-%s\\n" % (needed, sys.platform))
    return "app-1.0.dist-info"
"""
# A backend without the hook for metadata, and a wheel with the .dist-info of what it vendors.
WHEEL_BACKEND = """\
import os
import zipfile

HEAD = "Metadata-Version: 2.1\\nName: %s\\nVersion: 1.0\\nRequires-Dist: %s\\n"
VENDORED = ("app/_vendor/app-1.0.dist-info", "gone-1.0.dist-info", "app_x-1.0.dist-info")


def build_wheel(directory, config_settings=None, metadata_directory=None):
    {act}
    name = "app-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        for path in VENDORED:
            archive.writestr(path + "/METADATA", HEAD % ("gone", "gone"))
        archive.writestr("App-1.0.dist-info/METADATA", HEAD % ("app", "uploader"))
    return name
"""
PYPROJECT = """\
[build-system]
requires = [{requires}]
build-backend = "backend"
backend-path = ["."]
"""
# Where on this machine it was tried is not for the lock.
_NO_FILE = "FileNotFoundError: [Errno 2] No such file or directory: './built/x'"
EGG_INFO = "app.egg-info/requires.txt"


class Repository:
    """A manifest that wants ``app``, of which the index has an sdist."""

    def __init__(self, directory: Path, index: IndexServer) -> None:
        self.directory = directory
        self.index = index

    def publish(
        self,
        *,
        act: str = "pass",
        requires: str = "",
        stated: str | None = None,
        backend: str = BACKEND,
    ) -> None:
        members = {
            "pyproject.toml": PYPROJECT.format(requires=requires),
            "backend.py": backend.format(act=act),
            EGG_INFO: "uploader\n",
            "app.egg-info/PKG-INFO": "",
        }
        made = make_sdist(self.index.directory, "app", "1.0", members=members, stated=stated)
        self.index.add(made)

    def wants(self, policy: str, recipe: str = "{}") -> None:
        pythons = ", ".join(f"{series}.1" for series in (OWN, OTHER))
        head = TARGETS.partition("targets:")[0]
        runner = TARGETS.partition("runners:")[2]
        group = f"{{platform: manylinux_2_28_x86_64, python: [{pythons}]}}"
        text = f"{head}targets:\n  prod: {group}\nrunners:{runner}packages: [app]\n"
        text += f"network: {{index: '{self.index.url}'}}\n"
        text += f"policy: {{{policy}}}\nrecipes: {{app: {recipe}}}\n"
        (self.directory / "packages.yaml").write_text(text, encoding="utf-8")

    def run(self, verb: str = "lock", *arguments: str) -> int:
        options = ["--manifest", str(self.directory / "packages.yaml"), "--cache"]
        return main([verb, *arguments, *options, str(self.directory / "cache")])

    @property
    def locked(self) -> dict[str, set[str]]:
        """The interpreter to the projects that are locked beside ``app``."""
        lock = json.loads((self.directory / "packages.lock").read_text(encoding="utf-8"))
        return {
            target.partition("-")[0]: {pin.partition(" ")[0] for pin in _pins(solution)} - {"app"}
            for solution in lock["solutions"]
            for target in solution["targets"]
        }

    @property
    def logs(self) -> list[str]:
        return sorted(path.name for path in (self.directory / "cache" / "logs").glob("*"))


def _pins(solution: dict[str, object]) -> list[str]:
    pins = solution["pins"]
    assert isinstance(pins, (list, dict))
    return [each if isinstance(each, str) else str(each[0]) for each in pins]


@pytest.fixture
def here(tmp_path: Path, index: IndexServer) -> Repository:
    if platform.python_implementation() != "CPython":
        pytest.skip("the host's interpreter must be a target of the manifest")
    for series in (OWN, OTHER):
        index.add(make_wheel(index.directory, f"for-{series.replace('.', '-')}", "1.0"))
    index.add(make_wheel(index.directory, f"on-{sys.platform}", "1.0"))
    index.add(make_wheel(index.directory, "uploader", "1.0"))
    return Repository(tmp_path, index)


BUILT_HERE = {f"for-{OWN.replace('.', '-')}", f"on-{sys.platform}"}


def test_without_a_word_the_sdists_files_are_believed_and_nothing_is_run(here: Repository) -> None:
    here.publish(act="raise RuntimeError('run')")
    here.wants(BELIEVE, recipe="{dynamic: true}")

    assert here.run() == 0
    assert here.locked == {HERE: {"uploader"}, THERE: {"uploader"}}
    assert here.logs == []


def test_on_the_host_the_build_says_what_is_required(here: Repository) -> None:
    here.publish()
    here.wants(HOST)

    assert here.run() == 0
    assert here.locked == {HERE: BUILT_HERE, THERE: BUILT_HERE}
    assert here.logs == [f"metadata.app-1.0.tar.gz.{HERE}.log"]


def test_static_metadata_is_believed_whatever_the_policy(here: Repository) -> None:
    stated = "Metadata-Version: 2.2\nName: app\nVersion: 1.0\nRequires-Dist: uploader\n\n"
    here.publish(stated=stated, act="raise RuntimeError('run')")
    here.wants(HOST)

    assert here.run() == 0
    assert here.locked == {HERE: {"uploader"}, THERE: {"uploader"}}


def test_a_second_lock_builds_nothing_even_offline(
    here: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    here.publish()
    here.wants(HOST)
    said = f"building the metadata of app-1.0.tar.gz: {HERE}\n"
    assert here.run() == 0
    assert capsys.readouterr().err.count(said) == 1
    before = (here.directory / "packages.lock").read_bytes()
    (here.directory / "packages.lock").unlink()

    assert here.run("lock", "--offline") == 0
    assert said not in capsys.readouterr().err
    assert (here.directory / "packages.lock").read_bytes() == before


def test_offline_nothing_is_built(here: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    here.publish()
    here.wants(BELIEVE)
    assert here.run() == 0
    here.wants(HOST)
    capsys.readouterr()

    assert here.run("lock", "--offline", "--quiet") == 6
    assert capsys.readouterr().err == (
        f"app-1.0.tar.gz: expected its metadata, built with {HERE}, in the cache, got none\n"
        "  hint: wheelyard lock\n"
    )


def test_what_another_interpreter_decides_the_host_does_not_say(
    here: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    here.publish()
    here.wants(HOST, recipe="{dynamic: true}")

    assert here.run() == 5
    assert here.locked == {HERE: BUILT_HERE}
    reason = (
        f"app 1.0: its metadata is built for each interpreter, and this host runs {HERE}, "
        f"not {THERE}"
    )
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("act", "requires", "reason"),
    [
        ("raise RuntimeError('no compiler')", "", "RuntimeError: no compiler"),
        ("sys.exit('needs a licence')", "", "needs a licence"),
        ("open(os.path.join(directory, 'x'))", "", _NO_FILE),
        ("pass", '"nowhere"', "ERROR: No matching distribution found for nowhere"),
    ],
)
def test_a_failed_build_makes_the_release_unusable_and_leaves_a_log(
    here: Repository,
    capsys: pytest.CaptureFixture[str],
    act: str,
    requires: str,
    reason: str,
) -> None:
    here.publish(act=act, requires=requires)
    here.wants(HOST)

    assert here.run() == 5
    expected = f"app 1.0: its metadata cannot be built with {HERE}: {reason}"
    said = capsys.readouterr().err
    assert f"{expected}\n" in said
    log = here.directory / "cache" / "logs" / f"metadata.app-1.0.tar.gz.{HERE}.log"
    assert f"the metadata of app-1.0.tar.gz was not built: see {log}\n" in said
    assert reason.partition(":")[0] in log.read_text(encoding="utf-8").splitlines()[-1]
    lock = json.loads((here.directory / "packages.lock").read_text(encoding="utf-8"))
    assert {no["reason"] for no in lock["impossible"]} == {expected}


def test_metadata_of_another_release_is_refused(
    here: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    here.publish(act="global HEAD; HEAD = HEAD.replace('1.0', '2.0')")
    here.wants(HOST)

    assert here.run() == 5
    assert "app 1.0: its build makes app 2.0" in capsys.readouterr().err


def test_a_backend_without_the_hook_builds_its_wheel(here: Repository) -> None:
    here.publish()
    wheel = make_wheel(here.directory, "app", "1.0", requires=["uploader"])
    backend = (
        "import shutil\n\n\ndef build_wheel(directory, config_settings=None, more=None):\n"
        f"    return shutil.copy({str(wheel)!r}, directory).replace(directory, '')[1:]\n"
    )
    members = {
        "pyproject.toml": PYPROJECT.format(requires='"made-for-it"'),
        "backend.py": f"import made_for_it\n{backend}",
    }
    here.index.add(make_wheel(here.index.directory, "made-for-it", "1.0"))
    here.index.add(make_sdist(here.index.directory, "app", "1.0", members=members))
    here.wants(HOST)

    assert here.run() == 0
    assert here.locked[THERE] == {"uploader"}


def test_the_recipe_constrains_the_build_and_tells_the_backend(here: Repository) -> None:
    for version in ("1.0", "2.0"):
        here.index.add(make_wheel(here.index.directory, "made-for-it", version))
    seen = "(made_for_it.VERSION, config_settings)"
    act = f"import made_for_it; assert {seen} == ('1.0', {{'fast': 'yes'}}), {seen}"
    here.publish(act=act, requires='"made-for-it"')
    here.wants(HOST)
    assert here.run() == 5

    here.wants(HOST, recipe='{requires: ["made-for-it<2"], config-settings: {fast: "yes"}}')
    assert here.run() == 0


def test_a_container_needs_its_engine(
    here: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here.publish()
    here.wants("dynamic-metadata: container")
    monkeypatch.setenv("PATH", str(here.directory))

    assert here.run("lock", "--quiet") == 14
    assert capsys.readouterr().err == (
        "packages.yaml: policy.dynamic-metadata: docker is not installed\n"
        "  hint: install docker and run this again\n"
    )


def test_another_place_to_build_makes_a_lock_stale() -> None:
    believing, building = Policy(), Policy(dynamic_metadata="host")

    assert not locked_rules.is_binding(building)
    for old, new in [(believing, building), (building, believing)]:
        said = tuple(
            locked_rules.find_staleness(new, locked_under=locked_rules.digest(old), held=[])
        )
        assert said == ("the lock was made under another policy.dynamic-metadata",)
    assert not [
        *locked_rules.find_staleness(building, locked_under=locked_rules.digest(building), held=[])
    ]


def test_metadata_is_of_the_wheels_own_dist_info(here: Repository) -> None:
    here.publish(backend=WHEEL_BACKEND)
    here.wants(HOST)

    assert here.run() == 0
    assert here.locked == {HERE: {"uploader"}, THERE: {"uploader"}}


def test_metadata_that_is_a_link_is_refused(
    here: Repository, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.touch()
    here.publish(act=f"os.symlink({str(secret)!r}, '../../out/METADATA')")
    here.wants(HOST)

    assert here.run() == 5
    reason = "expected METADATA as a regular file, got none"
    expected = f"app 1.0: its metadata cannot be built with {HERE}: {reason}\n"
    assert expected in capsys.readouterr().err
