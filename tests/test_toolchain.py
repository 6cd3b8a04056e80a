"""Assembling a toolchain: all files that lanes download, or their names, addresses and digests."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.configurations.script_files import read_script
from matrix.errors import DigestMismatch, MatrixError, UsageError
from matrix.toolchain import additions, directory
from matrix.toolchain.document import Service

from .index_server import IndexServer
from .toolchains import (
    MANIFEST,
    NUPKG,
    PKG,
    PYPY_MACOS,
    PYPY_WINDOWS,
    FileServer,
    Internet,
    furnish,
    tar_interpreter,
    zip_files,
)

CACHED = [
    f"cache/cpython-installer/{PKG}",
    "cache/nuget-cpython/python.3.12.10/tools/a b.txt",
    "cache/nuget-cpython/python.3.12.10/tools/python.exe",
    f"cache/{PYPY_MACOS}/bin/pypy3",
    f"cache/{PYPY_MACOS}/bin/pypy3.11",
    f"cache/{PYPY_WINDOWS}/python.exe",
    "cache/virtualenv-21.0.0.pyz",
]
WHEELS = [
    *("build-1.6.1", "cibuildwheel-4.3.3", "delocate-0.13.0", "delvewheel-1.13.2", "pip-26.2"),
    *("setuptools-84.0", "virtualenv-21.0.0", "wheel-0.48.0"),
]


@pytest.fixture
def internet(index: IndexServer, tmp_path: Path) -> Iterator[Internet]:
    with FileServer.running(tmp_path / "files") as files:
        yield furnish(index, files, tmp_path)


def paths(root: Path) -> list[str]:
    """Every file below the trees of a toolchain."""
    present = (p for p in root.rglob("*") if p.is_file() or p.is_symlink())
    return sorted(p.relative_to(root).as_posix() for p in present if p.parent != root)


def test_a_toolchain_has_all_that_the_lanes_download(internet: Internet, tmp_path: Path) -> None:
    root = tmp_path / "toolchain"

    toolchain = internet.make(root)

    wheels = [f"wheelhouse/{name}-py2.py3-none-any.whl" for name in WHEELS]
    assert paths(root) == sorted([*CACHED, *wheels])
    assert [content.path for content in toolchain.contents] == sorted(paths(root))
    assert toolchain.missing == ()
    assert toolchain.services == tuple(
        Service(lane="4.3.3", target=target)
        for target in (
            *("cp312-macosx_12_0_arm64", "cp312-manylinux_2_28_x86_64", "cp312-win_amd64"),
            *("pp311-macosx_12_0_arm64", "pp311-win_amd64"),
        )
    )
    assert directory.read_record(root) == toolchain


def test_its_virtualenv_runs(internet: Internet, tmp_path: Path) -> None:
    internet.make(tmp_path / "toolchain")

    application = tmp_path / "toolchain" / "cache" / "virtualenv-21.0.0.pyz"
    command = [sys.executable, "-sS", str(application), "--pip=embed", "venv"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert done.stdout == "called with --pip=embed venv\n"


def test_the_same_internet_gives_the_same_toolchain(internet: Internet, tmp_path: Path) -> None:
    for name in ("one", "two"):
        internet.make(tmp_path / name)

    record, other = (tmp_path / name / "toolchain.json" for name in ("one", "two"))
    assert record.read_bytes() == other.read_bytes()


def test_a_second_run_fetches_nothing(internet: Internet, tmp_path: Path) -> None:
    first = internet.make(tmp_path / "toolchain")
    shutil.rmtree(tmp_path / "downloads")
    internet.files.requests.clear()
    internet.index.requests.clear()

    again = internet.make(tmp_path / "toolchain")

    assert again == first
    assert internet.files.requests == []
    assert [path for path in internet.index.requests if path.endswith(".whl")] == []


def test_damaged_files_are_replaced(internet: Internet, tmp_path: Path) -> None:
    root = tmp_path / "toolchain"
    first = internet.make(root)
    (root / CACHED[2]).write_text("tampered with")
    (root / "wheelhouse/pip-26.2-py2.py3-none-any.whl").unlink()

    again = internet.make(root)

    assert again == first
    assert (root / CACHED[2]).read_text() == "3.12"


def test_unused_files_are_removed(internet: Internet, tmp_path: Path) -> None:
    root = tmp_path / "toolchain"
    internet.make(root)
    linux = MANIFEST.replace("  desktop", "  # desktop").replace("  laptop", "  # laptop")

    toolchain = internet.make(root, manifest=linux)

    names = ("cibuildwheel-4.3.3", "virtualenv-21.0.0")
    assert paths(root) == [f"wheelhouse/{name}-py2.py3-none-any.whl" for name in names]
    assert [content.path for content in toolchain.contents] == paths(root)


def test_a_file_that_cannot_be_fetched_is_listed_as_missing(
    index: IndexServer, tmp_path: Path
) -> None:
    root = tmp_path / "toolchain"
    with FileServer.running(tmp_path / "files") as files:
        internet = furnish(index, files, tmp_path)
        (files.directory / PKG).unlink()
        toolchain = internet.make(root)

    (missing,) = toolchain.missing
    assert (missing.name, missing.reason) == (PKG, "status 404")
    assert missing.services == (Service(lane="4.3.3", target="cp312-macosx_12_0_arm64"),)
    sha256 = hashlib.sha256(b"an installer").hexdigest()
    assert (root / "missing.tsv").read_text() == f"{PKG}\t{files.address}/{PKG}\t{sha256}\n"
    assert directory.read_record(root) == toolchain


def test_a_host_that_does_not_answer_is_tried_once(index: IndexServer, tmp_path: Path) -> None:
    with FileServer.running(tmp_path / "files") as files:
        internet = furnish(index, files, tmp_path)

    toolchain = internet.make(tmp_path / "toolchain")

    named = [missing.name for missing in toolchain.missing]
    assert named == [f"{PYPY_MACOS}.tar.gz", f"{PYPY_WINDOWS}.zip", PKG, NUPKG]
    assert {missing.reason for missing in toolchain.missing} == {"[Errno 111] Connection refused"}
    assert "cache/virtualenv-21.0.0.pyz" in {content.path for content in toolchain.contents}


def test_a_requirement_without_a_solution_is_missing(internet: Internet, tmp_path: Path) -> None:
    del internet.index.listed["delocate-0.13.0-py2.py3-none-any.whl"]

    toolchain = internet.make(tmp_path / "toolchain")

    assert [(missing.name, missing.download) for missing in toolchain.missing] == [
        ("delocate on cp312-macosx_12_0_arm64", None),
        ("delocate on pp311-macosx_12_0_arm64", None),
    ]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl to fetch with")
def test_files_fetched_on_another_machine_complete_a_toolchain(
    index: IndexServer, tmp_path: Path
) -> None:
    whole, root, away = tmp_path / "whole", tmp_path / "toolchain", tmp_path / "away"
    away.mkdir()
    with FileServer.running(tmp_path / "files") as files:
        internet = furnish(index, files, tmp_path)
        expected = internet.make(whole)
    shutil.rmtree(tmp_path / "downloads")
    internet.make(root)
    port = int(files.address.rpartition(":")[2])
    with FileServer.running(tmp_path / "files", port=port):
        fetch = ["/bin/sh", str(root / "fetch.sh")]
        subprocess.run(fetch, cwd=away, check=True, capture_output=True)

    toolchain = additions.add_files(sorted(away.iterdir()), root=root)

    assert toolchain == expected
    assert (root / "toolchain.json").read_bytes() == (whole / "toolchain.json").read_bytes()
    assert paths(root) == paths(whole)


def test_a_fetched_file_with_another_digest_is_refused(index: IndexServer, tmp_path: Path) -> None:
    root = tmp_path / "toolchain"
    with FileServer.running(tmp_path / "files") as files:
        internet = furnish(index, files, tmp_path)
    before = internet.make(root)
    (tmp_path / PKG).write_bytes(b"something else")

    with pytest.raises(DigestMismatch) as caught:
        additions.add_files([tmp_path / PKG], root=root)

    wanted = next(missing.download for missing in before.missing if missing.name == PKG)
    assert wanted is not None
    assert str(caught.value) == (
        f"{tmp_path / PKG}: expected sha256 {wanted.sha256}, got "
        f"{hashlib.sha256(b'something else').hexdigest()}\n"
        f"  hint: fetch it again: sh {root}/fetch.sh"
    )
    assert directory.read_record(root) == before


def test_a_file_that_is_not_missing_is_refused(internet: Internet, tmp_path: Path) -> None:
    internet.make(tmp_path / "toolchain")
    (tmp_path / PKG).write_bytes(b"an installer")
    (tmp_path / "other.whl").write_bytes(b"")

    with pytest.raises(UsageError) as caught:
        additions.add_files([tmp_path / PKG, tmp_path / "other.whl"], root=tmp_path / "toolchain")

    assert str(caught.value).splitlines() == [
        f"{tmp_path}/other.whl: the toolchain has no missing file 'other.whl'",
        f"  hint: see {tmp_path}/toolchain/missing.tsv",
        f"{tmp_path}/{PKG}: the toolchain already has {PKG!r}",
        f"  hint: see {tmp_path}/toolchain/missing.tsv",
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param(
            NUPKG,
            zip_files({"tools/../../escaped": ""}),
            f"{NUPKG} cannot be unpacked: member 'tools/../../escaped' leads out of the archive",
            id="zip-leads-out",
        ),
        pytest.param(
            NUPKG,
            zip_files({"tools/%2e%2e/escaped": ""}),
            f"{NUPKG} cannot be unpacked: member '../escaped' leads out of the archive",
            id="quoted-zip-leads-out",
        ),
        pytest.param(
            NUPKG,
            zip_files({"other/python.exe": ""}),
            f"{NUPKG} has no directory tools/",
            id="no-tools",
        ),
        pytest.param(
            NUPKG, b"<html>", f"{NUPKG} cannot be unpacked: not a zip or tar archive", id="html"
        ),
    ],
)
def test_an_unexpected_archive_is_missing(
    name: str, content: bytes, reason: str, internet: Internet, tmp_path: Path
) -> None:
    flat = internet.files.directory / "v3-flatcontainer" / "python" / "3.12.10"
    (flat / name).write_bytes(content)
    root = tmp_path / "toolchain"

    toolchain = internet.make(root)

    assert [(missing.name, missing.reason) for missing in toolchain.missing] == [(name, reason)]
    assert not list(tmp_path.rglob("escaped"))
    assert not [path for path in paths(root) if "nuget" in path]


def test_an_archive_with_another_digest_is_missing(internet: Internet, tmp_path: Path) -> None:
    root = tmp_path / "toolchain"
    toolchain = internet.make(root)
    linux = tar_interpreter(PYPY_MACOS, link="../../../../etc/passwd")
    archive = internet.files.directory / f"{PYPY_MACOS}.tar.gz"
    archive.write_bytes(linux)
    shutil.rmtree(tmp_path / "downloads")
    shutil.rmtree(root)

    again = internet.make(root)

    # The lane knows the digest of the true one.
    assert [missing.name for missing in again.missing] == [f"{PYPY_MACOS}.tar.gz"]
    assert again.missing[0].reason.startswith("expected sha256 ")
    assert len(again.contents) == len(toolchain.contents) - 2


@pytest.mark.parametrize("link", ["../../../../etc/passwd", "/etc/passwd", "../../escaped"])
def test_an_archive_with_a_link_that_leads_out_is_missing(
    link: str, index: IndexServer, tmp_path: Path
) -> None:
    root = tmp_path / "toolchain"
    with FileServer.running(tmp_path / "files") as files:
        # The lane states the digest of this very archive, so that only the link can be refused.
        toolchain = furnish(index, files, tmp_path, link=link).make(root)

    (missing,) = toolchain.missing
    assert missing.name == f"{PYPY_MACOS}.tar.gz"
    assert "bin/pypy3" in missing.reason
    assert "sha256" not in missing.reason
    assert not (root / "cache" / PYPY_MACOS).exists()


DIGITS = "64 hexadecimal digits or nothing"


def record(**changes: object) -> str:
    """A record of one file."""
    content = {"path": "cache/x", "sha256": "", "size": 0, "source": "x", "link": ""}
    row = {**content, "is_executable": False, **changes}
    whole = {"schema": 2, "services": [], "contents": [row], "missing": [], "images": []}
    return json.dumps({**whole, "tool": ""})


@pytest.mark.parametrize(
    "changes",
    [{"path": "../escaped"}, {"path": "/etc/passwd"}, {"link": "../../escaped"}],
    ids=["above", "absolute", "link"],
)
def test_a_record_with_a_path_outside_the_toolchain_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MatrixError) as caught:
        directory.parse_record(record(**changes), source="toolchain.json")

    path = changes.get("path", "cache/x")
    assert str(caught.value) == (
        f"toolchain.json: {path!r} leads out of the toolchain\n"
        "  hint: make it again: wheelyard toolchain --out DIR"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (record(size="many"), ": contents[0].size: expected an integer, got a string"),
        (record(sha256="x"), f": contents[0].sha256: expected {DIGITS}, got 'x'"),
        ("null", ": expected an object with schema 2, got null"),
        ('{"schema": 1, "services": []}', ": expected schema 2, got 1"),
    ],
    ids=["size", "digest", "null", "older"],
)  # fmt: skip
def test_a_damaged_record_is_an_error_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(MatrixError) as caught:
        directory.parse_record(text, source="toolchain.json")

    assert str(caught.value).splitlines()[0] == f"toolchain.json{problem}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl to fetch with")
def test_the_script_keeps_no_file_with_another_digest(tmp_path: Path) -> None:
    with FileServer.running(tmp_path / "files") as files:
        (files.directory / "a.pkg").write_bytes(b"damaged")
        rows = f"a.pkg\t{files.address}/a.pkg\t{'0' * 64}\n"
        (tmp_path / "missing.tsv").write_text(rows)
        script = tmp_path / "fetch.sh"
        script.write_text(read_script("fetch.sh", room="toolchain"))
        done = subprocess.run(
            ["/bin/sh", str(script)], cwd=tmp_path, check=False, capture_output=True, text=True
        )

    actual = hashlib.sha256(b"damaged").hexdigest()
    assert done.returncode == 1
    assert done.stderr.endswith(f"a.pkg: expected sha256 {'0' * 64}, got {actual}\n")
    assert not (tmp_path / "a.pkg").exists()
