"""A carried toolchain: checked, mirrored from an address, and used by builds."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix import cli
from matrix.builds.environment import scrub_environment
from matrix.builds.lane_install import install_lane
from matrix.errors import DigestMismatch, NotEquipped
from matrix.index.settings import Settings
from matrix.index.transport import Transport
from matrix.manifest.network import Network
from matrix.manifest.reading import read
from matrix.plan import planfile as plans
from matrix.plan.job_classes import assign_job_classes
from matrix.plan.model import Plan, PlannedTarget
from matrix.toolchain import directory, integrity, mirror
from matrix.toolchain.equipment import equip

from .builds import HERE, QUIET
from .index_server import IndexServer
from .toolchains import MANIFEST, NUPKG, PKG, PYPY_MACOS, FileServer, Internet, find_needs, furnish

AGAIN = "copy it again, or run wheelyard toolchain --out DIR where it was made"


@pytest.fixture(scope="module")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    scratch = tmp_path_factory.mktemp("internet")
    with (
        IndexServer.running(scratch / "index") as index,
        FileServer.running(scratch / "files") as files,
    ):
        internet = furnish(index, files, scratch)
        internet.make(scratch / "toolchain")
        yield internet


@pytest.fixture
def root(internet: Internet, tmp_path: Path) -> Path:
    """A copy of the toolchain that a test may change."""
    copied: Path = shutil.copytree(
        internet.scratch / "toolchain", tmp_path / "a toolchain", symlinks=True
    )
    return copied


# Checks ----------------------------------------------------------------------------------------


def test_a_complete_toolchain_passes_its_check(root: Path) -> None:
    assert integrity.check_toolchain(root, find_needs()) == directory.read_record(root)


def test_every_damaged_file_is_reported(root: Path) -> None:
    wheel = "wheelhouse/pip-26.2-py2.py3-none-any.whl"
    extra = "wheelhouse/pip-99-py3-none-any.whl"
    link = f"cache/{PYPY_MACOS}/bin/pypy3"
    expected = {each.path: each.sha256 for each in directory.read_record(root).contents}
    (root / wheel).write_bytes(b"")
    (root / extra).write_bytes(b"")
    (root / "cache/virtualenv-21.0.0.pyz").unlink()
    (root / link).unlink()
    (root / link).symlink_to("/bin/sh")

    with pytest.raises(DigestMismatch) as caught:
        integrity.check_toolchain(root, find_needs())

    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert str(caught.value).splitlines() == [
        f"{link}: expected a link to pypy3.11, got a link to /bin/sh",
        f"  hint: {AGAIN}",
        "cache/virtualenv-21.0.0.pyz: not found",
        f"  hint: {AGAIN}",
        f"{wheel}: expected sha256 {expected[wheel]}, got sha256 {empty}",
        f"  hint: {AGAIN}",
        f"{extra}: the record does not list this file",
        f"  hint: remove {extra}",
    ]


def test_a_target_added_later_is_reported(root: Path) -> None:
    later = MANIFEST.replace("python: [3.12.4]}\n  desktop", "python: [3.12.4, 3.13.1]}\n  desktop")

    with pytest.raises(NotEquipped) as caught:
        integrity.check_toolchain(root, find_needs(later))

    assert str(caught.value) == (
        f"{root}: was made without cibuildwheel 4.3.3 for cp313-manylinux_2_28_x86_64\n"
        "  hint: run wheelyard toolchain --out DIR where the index can be reached"
    )


def test_a_missing_file_is_reported_with_address_and_digest(
    index: IndexServer, tmp_path: Path
) -> None:
    root = tmp_path / "toolchain"
    with FileServer.running(tmp_path / "files") as files:
        internet = furnish(index, files, tmp_path)
        (files.directory / "v3-flatcontainer/python/3.12.10" / NUPKG).unlink()
        internet.make(root)

    with pytest.raises(NotEquipped) as caught:
        integrity.check_toolchain(root, find_needs())

    assert str(caught.value) == (
        f"{root}: lacks {NUPKG}, which cibuildwheel needs for 4.3.3 cp312-win_amd64: status 404\n"
        f"  address: {files.address}/v3-flatcontainer/python/3.12.10/{NUPKG}\n"
        "  sha256: none is published\n"
        f"  hint: sh {root}/fetch.sh, then wheelyard toolchain --add {root} {NUPKG}"
    )
    linux = [each for each in find_needs() if each.job_class.system == "linux"]
    assert integrity.check_toolchain(root, linux) == directory.read_record(root)


# In builds --------------------------------------------------------------------------------------


def test_a_build_gets_a_writable_copy_of_the_cache(root: Path, tmp_path: Path) -> None:
    given = {"PATH": "/usr/bin", "PIP_FIND_LINKS": "/known"}

    environment = equip(given, root=root, cache=tmp_path / "cache")

    copy = Path(environment["CIBW_CACHE_PATH"])
    assert copy.parent == tmp_path / "cache"
    assert environment == {
        "PATH": "/usr/bin",
        "PIP_FIND_LINKS": f"/known {root.as_uri()}/wheelhouse",
        "CIBW_CACHE_PATH": str(copy),
        "WHEELYARD_TOOLCHAIN": str(root),
    }
    assert (copy / "nuget-cpython/python.3.12.10/tools/python.exe").read_text() == "3.12"
    assert (copy / "cpython-installer" / PKG).read_bytes() == b"an installer"
    pypy = copy / PYPY_MACOS / "bin"
    assert (pypy / "pypy3").readlink() == Path("pypy3.11")
    assert (pypy / "pypy3.11").stat().st_mode & 0o111
    # cibuildwheel deletes an installer that it has used.
    (copy / "cpython-installer" / PKG).unlink()
    assert equip(given, root=root, cache=tmp_path / "cache") == environment
    integrity.check_toolchain(root, find_needs())


def test_a_damaged_cache_is_refused_before_a_build(root: Path, tmp_path: Path) -> None:
    (root / "cache/virtualenv-21.0.0.pyz").write_bytes(b"")

    with pytest.raises(DigestMismatch):
        equip({}, root=root, cache=tmp_path / "cache")

    assert not (tmp_path / "cache").exists()


def test_a_changed_wheelhouse_is_refused_before_a_build(root: Path, tmp_path: Path) -> None:
    equip({}, root=root, cache=tmp_path / "cache")
    (root / "wheelhouse/pip-99-py3-none-any.whl").write_bytes(b"")

    with pytest.raises(DigestMismatch) as caught:
        equip({}, root=root, cache=tmp_path / "cache")

    assert "wheelhouse/pip-99-py3-none-any.whl: the record does not list this file" in str(
        caught.value
    )


def test_a_lane_is_installed_from_the_toolchain_alone(root: Path, tmp_path: Path) -> None:
    elsewhere = {"PATH": "/usr/bin:/bin", "PIP_INDEX_URL": "http://127.0.0.1:9/simple/"}
    environment = equip(elsewhere, root=root, cache=tmp_path / "cache")

    python = install_lane(
        "4.3.3",
        host=HERE,
        cache=tmp_path / "lanes",
        environment=scrub_environment(environment, network=Network()),
        reporter=QUIET,
    )

    say = "import cibuildwheel; print(cibuildwheel.__version__)"
    done = subprocess.run([python, "-I", "-c", say], check=True, capture_output=True, text=True)
    assert done.stdout == "4.3.3\n"


def test_a_lane_missing_from_the_toolchain_is_not_downloaded(root: Path, tmp_path: Path) -> None:
    environment = equip({"PATH": "/usr/bin:/bin"}, root=root, cache=tmp_path / "cache")

    with pytest.raises(NotEquipped) as caught:
        install_lane(
            "3.4.1",
            host=HERE,
            cache=tmp_path / "lanes",
            environment=environment,
            reporter=QUIET,
        )

    assert str(caught.value) == (
        "cibuildwheel 3.4.1: cannot be installed: "
        "ERROR: No matching distribution found for cibuildwheel==3.4.1\n"
        f"  hint: wheelyard toolchain --check {root}"
    )


# From an address --------------------------------------------------------------------------------


def mirror_toolchain(address: str, store: Path) -> Path:
    settings = Settings(url=f"{address}/simple/", ca_bundle="")
    with contextlib.closing(Transport(settings, sleep=lambda _: None)) as transport:
        return mirror.mirror_toolchain(
            address, transport=transport, store=store, say=lambda _: None
        )


def test_a_toolchain_at_an_address_is_mirrored(root: Path, tmp_path: Path) -> None:
    with FileServer.running(root) as server:
        copy = mirror_toolchain(server.address, tmp_path / "store")
        count = len(server.requests)
        again = mirror_toolchain(f"{server.address}/", tmp_path / "store")

        assert server.requests[count:] == ["/toolchain.json"]
    assert copy == again == tmp_path / "store" / "toolchain"
    assert integrity.check_toolchain(copy, find_needs()) == directory.read_record(root)
    assert (copy / f"cache/{PYPY_MACOS}/bin/pypy3.11").stat().st_mode & 0o111


def test_a_mirrored_file_with_another_digest_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "cache/virtualenv-21.0.0.pyz").write_bytes(b"")
    with FileServer.running(root) as server, pytest.raises(DigestMismatch):
        mirror_toolchain(server.address, tmp_path / "store")

    assert not (tmp_path / "store/toolchain/cache/virtualenv-21.0.0.pyz").exists()
    assert not (tmp_path / "store/toolchain/toolchain.json").exists()


# The verb ---------------------------------------------------------------------------------------


def test_the_command_makes_and_checks_a_toolchain(
    internet: Internet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, root = tmp_path / "packages.yaml", tmp_path / "toolchain"
    manifest.write_text(f"{MANIFEST}network: {{index: {internet.index.url}}}\n")
    common = ["--manifest", str(manifest), "--cache", str(tmp_path / "cache"), "--quiet"]

    assert cli.main(["toolchain", "--out", str(root), *common]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert cli.main(["toolchain", "--check", str(root), "--json", *common]) == 0
    facts = json.loads(capsys.readouterr().out)
    (root / "wheelhouse/pip-26.2-py2.py3-none-any.whl").unlink()
    assert cli.main(["toolchain", "--check", str(root), *common]) == DigestMismatch.exit_code

    assert shown[0] == "lanes: 4.3.3"
    assert shown[1].startswith("files: 15, ")
    assert shown[2].startswith("image: ")
    assert (facts["files"], facts["missing"], len(facts["services"])) == (15, [], 5)


def test_a_plan_needs_the_same_services_as_its_manifest(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = read(MANIFEST)
    classes = tuple(sorted(set(assign_job_classes(manifest).values())))
    targets = tuple(
        PlannedTarget(id=each.id, python=str(each.python), platform=str(each.platform))
        for each in manifest.all_targets
    )
    plan = Plan(
        bundle="small", targets=targets, requirements=(), cells=(), job_classes=classes, jobs=()
    )
    (tmp_path / "plan.json").write_text(plans.dump(plan))
    absent = ["--manifest", str(tmp_path / "absent.yaml"), "--plan", str(tmp_path / "plan.json")]

    status = cli.main(["toolchain", "--check", str(root), "--json", *absent])

    assert status == 0
    services = json.loads(capsys.readouterr().out)["services"]
    assert services == [str(each.service) for each in find_needs()]


def test_the_command_fails_while_a_file_is_missing(
    internet: Internet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, root = tmp_path / "packages.yaml", tmp_path / "toolchain"
    manifest.write_text(f"{MANIFEST}network: {{index: {internet.index.url}}}\n")
    common = ["--manifest", str(manifest), "--cache", str(tmp_path / "cache"), "--quiet"]
    installer = internet.files.directory / PKG
    content = installer.read_bytes()
    installer.unlink()
    try:
        assert cli.main(["toolchain", "--out", str(root), *common]) == NotEquipped.exit_code
    finally:
        installer.write_bytes(content)

    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == f"missing: {PKG}"
    assert shown.err.startswith(f"{root}: lacks {PKG}, which cibuildwheel needs for ")
    assert cli.main(["toolchain", "--add", str(root), str(installer), *common]) == 0
    assert cli.main(["toolchain", "--check", str(root), *common]) == 0


def check_toolchain(
    directory: Path, capsys: pytest.CaptureFixture[str], network: str, *options: str
) -> str:
    """Return the line of ``runner check`` about the toolchain of a manifest or an option."""
    manifest = directory / "packages.yaml"
    manifest.write_text(f"{MANIFEST}network: {{{network}}}\n")
    common = ["--manifest", str(manifest), "--cache", str(directory / "cache"), "--quiet"]
    cli.main(["runner", "check", *common, *options])
    return capsys.readouterr().out.splitlines()[0]


def test_option_variable_and_manifest_name_a_toolchain_in_this_order(
    internet: Internet,
    root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    index = f"index: {internet.index.url}"
    relative = f"{index}, toolchain: a toolchain"

    named = check_toolchain(tmp_path, capsys, relative)
    monkeypatch.setenv("WHEELYARD_TOOLCHAIN", "elsewhere")
    variable = check_toolchain(tmp_path, capsys, relative)
    option = check_toolchain(tmp_path, capsys, relative, "--toolchain", str(root))
    monkeypatch.delenv("WHEELYARD_TOOLCHAIN")
    with FileServer.running(root) as server:
        address = check_toolchain(tmp_path, capsys, f"{index}, toolchain: '{server.address}'")

    assert named == f"ok     toolchain: {root}"
    assert variable == "lacks  toolchain: cannot be read: No such file or directory"
    assert option == f"ok     toolchain: {root}"
    assert address == f"ok     toolchain: {tmp_path}/cache/toolchain"


def test_files_are_accepted_only_with_add(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["toolchain", "--check", str(tmp_path), "file"]) == 2
    assert capsys.readouterr().err == (
        "toolchain: expected FILE only with --add DIR, got one without\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="runs a shell")
def test_the_scripts_in_a_toolchain_are_valid_shell(root: Path) -> None:
    for name in ("fetch.sh", "mirror.sh"):
        subprocess.run(["/bin/sh", "-n", str(root / name)], check=True)
        if judge := shutil.which("shellcheck", path=str(Path(sys.executable).parent)):
            subprocess.run([judge, str(root / name)], check=True)
    assert (root / "images.tsv").read_text() == "image:1\timage:1\n"
