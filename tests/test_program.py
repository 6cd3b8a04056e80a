"""wheelyard.pyz: built reproducibly, and the same verdicts on every CPython from 3.9 up."""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from matrix.bundle import program
from matrix.bundle.packing import pack
from matrix.bundle.program import ROOMS, Unavailable, build_program, read_requirements
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import MatrixError
from matrix.farside.carried import verify_carried
from matrix.verify.unpacking import join_parts, open_bundle
from matrix.verify.verify import verify

from .bundles import reseal, sound, write
from .interpreters import cpythons
from .test_architecture import FAR_SIDE
from .test_parts import relist
from .test_verify_attacks import ATTACKS

ROOT = Path(__file__).parents[1]
QUIET = Reporter.on_stderr(Loudness.QUIET)
OLDEST = (3, 9)
# Each bundle in turn: its exit code and what it printed.
JUDGE = """\
import contextlib, io, json, sys
sys.path.insert(0, sys.argv[1])
from matrix.farside.command import main
verdicts = []
for bundle in sys.argv[2:]:
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(io.StringIO()):
        code = main(["verify", "--quiet", bundle])
    verdicts.append([code, printed.getvalue()])
print(json.dumps(verdicts))
"""


def version_of(python: Path) -> tuple[int, ...]:
    script = "import sys; print('%d %d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.split()))


PYTHONS = [python for python in cpythons() if version_of(python) >= OLDEST]
OTHERS = [python for python in cpythons() if version_of(python) < OLDEST]


def label(python: Path) -> str:
    return ".".join(map(str, version_of(python)))


def has_travelling_libraries() -> bool:
    try:
        build_program()
    except Unavailable:
        return False
    return True


pytestmark = pytest.mark.skipif(
    not has_travelling_libraries(), reason="the installed libraries are not those of pyproject.toml"
)


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("a medium") / "wheelyard.pyz"
    path.write_bytes(build_program())
    return path


def run(
    python: Path | str, pyz: Path, *arguments: str | Path, **options: object
) -> "subprocess.CompletedProcess[str]":
    """Run the program with nothing but the standard library beside it."""
    command = [str(python), "-I", "-S", "-W", "error", str(pyz), *map(str, arguments)]
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, capture_output=True, text=True, check=False, cwd=pyz.parent, **options
    )


# how it is built


def test_it_holds_the_rooms_of_the_far_side_and_two_libraries() -> None:
    with zipfile.ZipFile(io.BytesIO(build_program())) as archive:
        names = archive.namelist()

    assert {*ROOMS, "errors"} == set(FAR_SIDE)
    assert names == sorted(names)
    assert {name.partition("/")[0] for name in names} == {
        "__main__.py", "licenses", "matrix", "packaging", "resolvelib",
    }  # fmt: skip
    assert [name for name in names if name.startswith("licenses/")] == [
        "licenses/packaging/LICENSE",
        "licenses/packaging/LICENSE.APACHE",
        "licenses/packaging/LICENSE.BSD",
        "licenses/resolvelib/LICENSE",
    ]


def test_its_libraries_are_those_that_the_tool_is_installed_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert {f"{name}=={version}" for name, version in read_requirements().items()} <= {
        *project["dependencies"]
    }
    assert {name: metadata.version(name) for name in read_requirements()} == read_requirements()


@pytest.mark.parametrize("hosts", [[p for p in PYTHONS if version_of(p) >= (3, 11)]], ids=["all"])
def test_every_host_and_directory_gives_the_same_bytes(hosts: list[Path], tmp_path: Path) -> None:
    # The directories of the libraries and of our own, copied elsewhere.
    script = (
        "import hashlib, sys; sys.path[:0] = sys.argv[1:]\n"
        "from matrix.bundle.program import build_program\n"
        "print(hashlib.sha256(build_program()).hexdigest())"
    )
    libraries = Path(str(metadata.distribution("packaging").locate_file("")))
    copies = []
    for number, python in enumerate(hosts):
        copy = tmp_path / f"copy {number}"
        copy.mkdir()
        (copy / "matrix").symlink_to(ROOT / "matrix")
        for entry in libraries.iterdir():
            if entry.name.startswith(("packaging", "resolvelib")):
                (copy / entry.name).symlink_to(entry)
        done = subprocess.run(
            [python, "-I", "-c", script, copy], capture_output=True, text=True, check=False
        )
        copies.append((done.stdout, done.stderr))

    assert len(hosts) > 1 or len(set(copies)) == 1
    assert {error for _, error in copies} == {""}
    assert len({text for text, _ in copies}) == 1


def test_other_libraries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "read_requirements", lambda: {"packaging": "1.0"})

    with pytest.raises(Unavailable) as caught:
        build_program.__wrapped__()

    assert str(caught.value) == f"expected packaging 1.0, got {metadata.version('packaging')}"


# where it runs


@pytest.mark.parametrize("python", PYTHONS, ids=label)
def test_it_verifies_and_imports_on_every_python(python: Path, pyz: Path, tmp_path: Path) -> None:
    bundle, served = sound(tmp_path / "with spaces"), tmp_path / "served here"

    verified = run(python, pyz, "verify", bundle)
    imported = run(python, pyz, "import", bundle, "--to", served)
    again = run(python, pyz, "import", bundle, "--to", served, "--json", "--quiet")

    assert (verified.returncode, verified.stderr) == (0, f"verifying {bundle}\n")
    assert verified.stdout.startswith("acme 2026.1: verified\n")
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.startswith(f"acme 2026.1 imported into {served}: 2 wheels copied")
    assert (again.returncode, again.stderr) == (0, "")
    assert json.loads(again.stdout)["wheels_reused"] == 2
    assert (served / "simple" / "app" / "index.html").exists()


@pytest.mark.parametrize("python", OTHERS, ids=label)
def test_an_older_python_gets_one_line(python: Path, pyz: Path) -> None:
    done = subprocess.run([python, pyz, "verify", "."], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (
        1, f"wheelyard.pyz: expected CPython 3.9 or newer, got {label(python)}\n",
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can become another")
def test_an_unprivileged_user_verifies_what_only_root_may_write(pyz: Path, tmp_path: Path) -> None:
    python = Path("/usr/bin/python3")
    if not python.exists():
        pytest.skip("no Python that every user can run")
    # Not below pytest's own directory, which every run of pytest closes to other users.
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        pack(sound(tmp_path), home / "parts", size=10_000, reporter=QUIET)
        shutil.copy(pyz, home)
        scratch = home / "scratch"
        scratch.mkdir()
        scratch.chmod(0o777)
        for path in (home, home / "parts", *(home / "parts").iterdir(), home / pyz.name):
            path.chmod(0o755)
        arguments = ("verify", home / "parts", "--scratch", scratch)
        done = run(python, home / pyz.name, *arguments, user=65534, group=65534)

    assert done.stdout.startswith("acme 2026.1: verified\n"), done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("python", [min(PYTHONS, key=version_of), sys.executable], ids=label)
def test_it_judges_attacks_as_the_installed_tool_does(
    python: Path, pyz: Path, tmp_path: Path
) -> None:
    bundles = []
    for attack, _ in ATTACKS:
        bundle = sound(tmp_path / attack.__name__)
        attack(bundle)
        bundles.append(bundle)

    done = subprocess.run(
        [python, "-I", "-S", "-c", JUDGE, pyz, *bundles],
        capture_output=True,
        text=True,
        check=True,
    )

    expected = []
    for bundle in bundles:
        with pytest.raises(MatrixError) as caught:
            verify_carried(bundle, QUIET.say, scratch=tmp_path / "scratch")
        expected.append([caught.value.exit_code, f"{caught.value}\n"])
    assert json.loads(done.stdout) == expected
    assert len(expected) >= 40
    assert len({text for _, text in expected}) >= 40


# in a bundle and beside its parts


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    made = sound(tmp_path / "made").rename(tmp_path / "acme-2026.1")
    write(made, "tools/wheelyard.pyz", build_program())
    return reseal(made)


def test_a_bundle_is_verified_by_its_own_program(bundle: Path) -> None:
    done = run(sys.executable, bundle / "tools" / "wheelyard.pyz", "verify", bundle)

    assert done.stdout.startswith("acme 2026.1: verified\n"), done.stderr


def test_other_programs_do_not_belong_to_a_bundle(bundle: Path) -> None:
    write(bundle, "tools/setup.exe", b"")
    reseal(bundle)

    with pytest.raises(MatrixError) as caught:
        verify(bundle)

    assert str(caught.value) == "bundle.json: lists 'tools/setup.exe', which no bundle holds"


def test_the_program_lies_beside_the_parts_with_its_digest(bundle: Path, tmp_path: Path) -> None:
    pack(bundle, tmp_path / "parts", size=200_000, reporter=QUIET)

    done = run(sys.executable, tmp_path / "parts" / "wheelyard.pyz", "verify", tmp_path / "parts")
    listing = json.loads((tmp_path / "parts" / "parts.json").read_text())
    (digest,) = [f["sha256"] for f in listing["files"] if f["filename"] == "wheelyard.pyz"]

    assert done.stdout.startswith("acme 2026.1: verified\n"), done.stderr
    notes = (tmp_path / "parts" / "NOTES.md").read_text()
    assert f"sha256 must come by another way, too, and must be `{digest}`" in notes
    assert f"\n    python3 -I wheelyard.pyz verify . --sha256 {listing['record_sha256']}\n" in notes
    with open_bundle(tmp_path / "parts", scratch=tmp_path / "scratch") as joined:
        verify(joined)


def test_another_program_beside_the_parts_is_refused(bundle: Path, tmp_path: Path) -> None:
    pack(bundle, tmp_path / "parts", size=10**9, reporter=QUIET)
    relist(tmp_path / "parts", "wheelyard.pyz", b"another")

    with pytest.raises(MatrixError) as caught:
        join_parts(tmp_path / "parts", tmp_path / "joined")

    assert str(caught.value) == "wheelyard.pyz: is not the bundle's own program"
