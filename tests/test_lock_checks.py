"""A lock whose rows refer to others that are gone is an error of every command."""

import dataclasses
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.errors import LockError
from matrix.resolve import lock_checks, lockfile
from matrix.resolve.lock import BuildFile, Lock, LockedBuild, Split

from . import locks, manifests
from .locks import P39, P312, sdist, wheel

APP = wheel("app", "lib", targets=(P39, P312))
LIB = wheel("lib", targets=(P39, P312))
SDIST = sdist("native", targets=(P312,))
TOOL = BuildFile(
    project=LIB.project,
    version=LIB.version,
    filename="tool-1.0-py3-none-any.whl",
    sha256=LIB.sha256,
    size=1,
)
BUILD = LockedBuild(
    sdist=SDIST.filename,
    targets=(P312,),
    declared=(),
    constraints=(),
    tested=(),
    build=(TOOL.filename,),
    test=(TOOL.filename,),
    is_pure=False,
)
WHOLE = dataclasses.replace(locks.lock(APP, LIB, SDIST), builds=(BUILD,), build_files=(TOOL,))


def test_a_whole_lock_has_no_gaps() -> None:
    assert lock_checks.find_gaps(WHOLE) == ()
    assert lockfile.parse(lockfile.dump(WHOLE), source="packages.lock") == WHOLE


@pytest.mark.parametrize(
    ("lock", "gaps"),
    [
        (
            dataclasses.replace(WHOLE, files=(APP, SDIST)),
            [
                f"app needs lib 1.0, which has no file for {P312}, {P39}",
                f"lib needs lib 1.0, which has no file for {P312}, {P39}",
            ],
        ),
        (
            dataclasses.replace(
                WHOLE, files=(APP, dataclasses.replace(LIB, targets=(P39,)), SDIST)
            ),
            [
                f"app needs lib 1.0, which has no file for {P312}",
                f"lib needs lib 1.0, which has no file for {P312}",
            ],
        ),
        (
            dataclasses.replace(WHOLE, files=(APP, LIB)),
            [
                f"native needs native 1.0, which has no file for {P312}",
                f"the build of native-1.0.tar.gz has no sdist for {P312}",
            ],
        ),
        (
            dataclasses.replace(WHOLE, build_files=()),
            [
                ("the build of native-1.0.tar.gz needs tool-1.0-py3-none-any.whl, "
                "which is no build file")
            ],
        ),
        (
            dataclasses.replace(WHOLE, files=(APP, APP, LIB, SDIST)),
            ["file app-1.0-py3-none-any.whl stands there twice"],
        ),
        (
            dataclasses.replace(WHOLE, build_files=(TOOL, TOOL)),
            ["build file tool-1.0-py3-none-any.whl stands there twice"],
        ),
        (
            dataclasses.replace(WHOLE, targets=(*WHOLE.targets, WHOLE.targets[0])),
            [f"target {WHOLE.targets[0].id} stands there twice"],
        ),
        (
            dataclasses.replace(WHOLE, splits=(Split(root="app", targets=("x",), reason="y"),)),
            ["app names targets that are not locked: x"],
        ),
    ],
    ids=[
        "no file", "no file on one target", "no sdist", "no build file", "file twice",
        "build file twice", "target twice", "unknown target",
    ],
)  # fmt: skip
def test_a_reference_to_a_row_that_is_gone_is_named(lock: Lock, gaps: list[str]) -> None:
    assert list(lock_checks.find_gaps(lock)) == gaps
    with pytest.raises(LockError) as caught:
        lockfile.parse(lockfile.dump(lock), source="packages.lock")
    assert [problem.what for problem in caught.value.problems] == gaps
    assert {problem.hint for problem in caught.value.problems} == {"wheelyard lock"}


@pytest.mark.parametrize("arguments", [["check"], ["plan"], ["lock", "--check"]])
def test_every_command_refuses_a_lock_without_its_files(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "packages.yaml").write_text(manifests.text("app", "lib"), encoding="utf-8")
    lock = dataclasses.replace(locks.lock(APP, LIB), files=())
    (tmp_path / lockfile.FILENAME).write_text(lockfile.dump(lock), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert main(arguments) == LockError.exit_code

    assert (
        f"packages.lock: app needs app 1.0, which has no file for {P312}, {P39}\n"
        in capsys.readouterr().err
    )


def test_a_lock_with_gaps_can_be_renewed(tmp_path: Path) -> None:
    path = tmp_path / lockfile.FILENAME
    path.write_text(lockfile.dump(dataclasses.replace(WHOLE, files=())), encoding="utf-8")

    renewed = lockfile.load_to_renew(path)

    assert renewed is not None
    assert renewed.solutions == WHOLE.solutions
