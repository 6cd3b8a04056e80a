"""``lock --export``: what real installers make of it, and what cannot be exported."""

import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging import pylock as standard

from matrix.cli import main
from matrix.targets.target import Target

from .bundles import make_bundle, requirement
from .index_server import IndexServer
from .wheels import make_sdist, make_wheel

OURS = Target.parse(platform.python_version(), "manylinux_2_17_x86_64")
LEGACY = Target.parse("2.7.18", "manylinux_2_17_x86_64")
PYTHON27 = Path.home() / ".pyenv" / "versions" / "2.7.18" / "bin" / "python"
INSTALLED = {"app-1.0.dist-info", "lib-1.0.dist-info"}

here_only = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="installs Linux wheels"
)


class Repository:
    """Two targets, a loopback index, and ``app``, which requires ``lib``."""

    def __init__(self, directory: Path, index: IndexServer) -> None:
        self.directory = directory
        self.index = index
        index.add(
            make_wheel(index.directory, "app", "1.0", requires=["lib"]),
            uploaded="2026-10-01T00:00:00Z",
        )
        index.add(make_wheel(index.directory, "lib", "1.0"))

    def wants(self, *packages: str, more: str = "") -> None:
        (self.directory / "packages.yaml").write_text(
            "bundle: small\n"
            "targets:\n"
            f"  ours: {{platform: {OURS.platform}, python: [{OURS.python}, {LEGACY.python}]}}\n"
            'runners: [{match: "*", github: ubuntu-24.04}]\n'
            f"network: {{index: '{self.index.url}'}}\n"
            f"packages: [{', '.join(packages)}]\n{more}",
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> int:
        options = ["--manifest", str(self.directory / "packages.yaml"), "--quiet"]
        return main(["lock", *arguments, *options, "--cache", str(self.directory / "cache")])

    def export(self, kind: str, *arguments: str) -> int:
        return self.run("--export", kind, "--out", str(self.out), *arguments)

    @property
    def out(self) -> Path:
        return self.directory / "exports"

    def installed(self, *command: str) -> set[str]:
        """What ``command`` installs, told by an installer that knows no index but ours."""
        target = self.directory / "installed"
        shutil.rmtree(target, ignore_errors=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
        environment |= {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "UV_OFFLINE": ""}
        done = subprocess.run(
            [*command, "--target", str(target)],
            capture_output=True,
            text=True,
            check=False,
            env={k: v for k, v in environment.items() if v},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return {path.name for path in target.glob("*.dist-info")}

    def pip(self, *arguments: str) -> set[str]:
        command = (sys.executable, "-m", "pip", "install", "--no-cache-dir", *arguments)
        return self.installed(*command)

    def uv(self, verb: str, *arguments: str) -> set[str]:
        program = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        if program is None:
            pytest.skip("uv is not here")
        cache = str(self.directory / "uv")
        return self.installed(
            program, "pip", verb, "--python", sys.executable, "--cache-dir", cache, *arguments
        )


@pytest.fixture
def here(tmp_path: Path, index: IndexServer) -> Repository:
    made = Repository(tmp_path, index)
    made.wants("app")
    return made


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


def test_a_pylock_has_what_the_standard_asks_for(here: Repository) -> None:
    here.run()

    assert here.export("pylock") == 0
    assert sorted(path.name for path in here.out.iterdir()) == [
        f"pylock.{LEGACY.id}.toml",
        f"pylock.{OURS.id}.toml",
    ]
    path = here.out / f"pylock.{OURS.id}.toml"
    text = path.read_text(encoding="utf-8")
    read = standard.Pylock.from_dict(tomllib.loads(text))
    chosen = read.select(environment=OURS.marker_environment(), tags=OURS.tags())  # type: ignore[arg-type]

    assert standard.is_valid_pylock_path(path)
    assert [(package.name, str(package.version)) for package, _ in chosen] == [
        ("app", "1.0"), ("lib", "1.0"),
    ]  # fmt: skip
    app, lib = (here.index.listed[f"{name}-1.0-py2.py3-none-any.whl"] for name in ("app", "lib"))
    series = f"{OURS.python.major}.{OURS.python.series[1]}"
    files = here.index.url.removesuffix("simple/") + "files"
    assert text == (
        f"# Made from packages.lock for {OURS.id}; do not edit.\n"
        'lock-version = "1.0"\n'
        'environments = ["platform_python_implementation == \\"CPython\\" and '
        f'python_version == \\"{series}\\" and sys_platform == \\"linux\\" and '
        'platform_machine == \\"x86_64\\""]\n'
        f'requires-python = "=={series}.*"\n'
        'created-by = "wheelyard"\n'
        '\n[[packages]]\nname = "app"\nversion = "1.0"\nwheels = [\n'
        f'    {{name = "{app.path.name}", upload-time = 2026-10-01T00:00:00Z, '
        f'url = "{files}/{app.path.name}", size = {app.path.stat().st_size}, '
        f'hashes = {{sha256 = "{app.sha256}"}}}},\n]\n'
        '\n[[packages]]\nname = "lib"\nversion = "1.0"\nwheels = [\n'
        f'    {{name = "{lib.path.name}", url = "{files}/{lib.path.name}", '
        f'size = {lib.path.stat().st_size}, hashes = {{sha256 = "{lib.sha256}"}}}},\n]\n'
    )


@here_only
def test_the_newest_pip_installs_from_a_pylock(here: Repository) -> None:
    if not hasattr(standard.Pylock, "select"):
        pytest.skip("pip reads pylock files from 26 on")
    here.run()
    here.export("pylock", "--target", OURS.id)

    assert here.pip("-r", str(here.out / f"pylock.{OURS.id}.toml")) == INSTALLED


@here_only
@pytest.mark.parametrize("verb", ["install", "sync"])
def test_uv_installs_from_a_pylock(here: Repository, verb: str) -> None:
    here.run()
    here.export("pylock", "--target", OURS.id)
    path = str(here.out / f"pylock.{OURS.id}.toml")

    arguments = [path] if verb == "sync" else ["-r", path]
    assert here.uv(verb, *arguments) == INSTALLED


@here_only
def test_pip_installs_what_was_locked_and_nothing_newer(here: Repository) -> None:
    here.run()
    here.index.add(make_wheel(here.index.directory, "lib", "2.0"))
    index = ("--index-url", here.index.url)
    here.export("requirements")
    here.export("constraints")
    requirements = str(here.out / f"requirements.{OURS.id}.txt")
    constraints = str(here.out / f"constraints.{OURS.id}.txt")

    assert here.pip(*index, "app") == {"app-1.0.dist-info", "lib-2.0.dist-info"}
    assert here.pip(*index, "--require-hashes", "-r", requirements) == INSTALLED
    assert here.pip(*index, "-c", constraints, "app") == INSTALLED


@here_only
@pytest.mark.skipif(not PYTHON27.exists(), reason="no Python 2.7 here")
def test_the_pip_of_python_2_installs_what_was_locked(here: Repository) -> None:
    here.index.is_html = True  # all that it reads
    here.run()
    here.index.add(make_wheel(here.index.directory, "lib", "2.0"))
    here.export("requirements", "--target", LEGACY.id)
    requirements = str(here.out / f"requirements.{LEGACY.id}.txt")

    found = here.installed(
        *(str(PYTHON27), "-m", "pip", "install", "--isolated", "--no-cache-dir"),
        *("--index-url", here.index.url, "--require-hashes", "-r", requirements),
    )

    assert found == INSTALLED


def test_requirements_and_constraints_are_plain_lines(here: Repository) -> None:
    here.run()
    here.export("requirements", "--target", OURS.id)
    here.export("constraints", "--target", OURS.id)
    app, lib = (here.index.listed[f"{name}-1.0-py2.py3-none-any.whl"] for name in ("app", "lib"))
    head = f"# Made from packages.lock for {OURS.id}; do not edit.\n"

    assert (here.out / f"requirements.{OURS.id}.txt").read_bytes().decode() == (
        f"{head}app==1.0 \\\n    --hash=sha256:{app.sha256}\n"
        f"lib==1.0 \\\n    --hash=sha256:{lib.sha256}\n"
    )
    assert (here.out / f"constraints.{OURS.id}.txt").read_bytes().decode() == (
        f"{head}app==1.0\nlib==1.0\n"
    )


@pytest.fixture
def built(here: Repository) -> Repository:
    """A closure of which one project must be built."""
    here.index.add(make_sdist(here.index.directory, "native", "2.0"))
    here.wants("app", "native")
    here.run()
    return here


@pytest.mark.parametrize("kind", ["pylock", "requirements"])
def test_what_must_be_built_has_no_address(
    built: Repository, said: pytest.CaptureFixture[str], kind: str
) -> None:
    said.readouterr()

    assert built.export(kind, "--target", OURS.id) == 2
    assert said.readouterr().err == (
        f"{OURS.id}: expected wheels, got native 2.0, which must be built\n  hint: --bundle DIR\n"
    )
    assert not built.out.exists()
    assert built.export(kind, "--target", OURS.id, "--root", "app") == 0
    assert built.export("constraints") == 0
    assert "native==2.0\n" in (built.out / f"constraints.{OURS.id}.txt").read_text("utf-8")


def bundle_of(here: Repository, *filenames: str) -> Path:
    native = make_wheel(here.directory / "wheels", "native", "2.0")
    wheels = [here.index.listed[name].path for name in filenames]
    wishes = [requirement("app", OURS), requirement("native", OURS)]
    return make_bundle(here.directory / "acme-1", [native, *wheels], wishes, targets=(OURS,))


WHEELS = ("app-1.0-py2.py3-none-any.whl", "lib-1.0-py2.py3-none-any.whl")


@here_only
def test_a_bundle_gives_what_was_built_for_it(built: Repository) -> None:
    bundle = bundle_of(built, *WHEELS)
    expected = INSTALLED | {"native-2.0.dist-info"}
    options = ("--target", OURS.id, "--bundle", str(bundle))

    assert built.export("pylock", *options) == 0
    assert built.export("requirements", *options) == 0
    path = built.out / f"pylock.{OURS.id}.toml"
    assert 'path = "../acme-1/files/native-2.0-py2.py3-none-any.whl"' in path.read_text("utf-8")
    assert built.pip("--no-index", "-r", str(path)) == expected
    assert built.uv("install", "-r", str(path)) == expected
    links = ("--no-index", "--find-links", str(bundle / "files"))
    requirements = str(built.out / f"requirements.{OURS.id}.txt")
    assert built.pip(*links, "--require-hashes", "-r", requirements) == expected


def test_a_bundle_that_lacks_a_wheel_is_no_source(
    built: Repository, said: pytest.CaptureFixture[str]
) -> None:
    bundle = make_bundle(
        built.directory / "acme-1",
        [built.index.listed[name].path for name in WHEELS],
        [requirement("app", OURS)],
        targets=(OURS,),
    )
    said.readouterr()

    assert built.export("pylock", "--target", OURS.id, "--bundle", str(bundle)) == 9
    assert said.readouterr().err == (
        f"acme 2026.1: the bundle has no wheels of native 2.0 for {OURS.id}\n"
    )


def test_a_bundle_that_was_tampered_with_is_no_source(built: Repository) -> None:
    bundle = bundle_of(built, *WHEELS)
    (bundle / "files" / WHEELS[0]).write_bytes(b"other bytes")

    assert built.export("pylock", "--target", OURS.id, "--bundle", str(bundle)) == 11
    assert not built.out.exists()
