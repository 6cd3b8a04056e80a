"""Directories for a while."""

import subprocess
import sys
from pathlib import Path

import pytest

from matrix.edge.scratch import make_directory
from matrix.errors import NotWritten

KEEP = """\
import sys, time
from pathlib import Path
from matrix.edge.scratch import make_directory
with make_directory(Path(sys.argv[1]), prefix="joined-") as directory:
    (directory / "file").write_text("half")
    print(directory, flush=True)
    time.sleep(60)
"""


def start(parent: Path) -> "tuple[subprocess.Popen[str], Path]":
    process = subprocess.Popen(
        [sys.executable, "-c", KEEP, str(parent)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().rstrip())


def test_a_directory_lives_as_long_as_its_block(tmp_path: Path) -> None:
    with make_directory(tmp_path / "cache", prefix="joined-") as directory:
        assert directory.stat().st_mode & 0o777 == 0o700

    assert list((tmp_path / "cache").iterdir()) == []


def test_the_directory_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    process, left = start(tmp_path)
    with process:
        process.kill()
    assert (left / "file").exists()

    with make_directory(tmp_path, prefix="joined-"):
        assert not left.exists()

    assert list(tmp_path.iterdir()) == []


def test_the_directory_of_a_living_process_stays(tmp_path: Path) -> None:
    process, directory = start(tmp_path)
    with process:
        with make_directory(tmp_path, prefix="joined-"):
            pass
        assert (directory / "file").exists()
        process.kill()


def test_what_others_put_there_stays(tmp_path: Path) -> None:
    (tmp_path / "joined-elsewhere").mkdir()
    (tmp_path / "joined-text").write_text("")

    with make_directory(tmp_path, prefix="joined-"):
        pass

    assert {path.name for path in tmp_path.iterdir()} == {"joined-elsewhere", "joined-text"}


def test_a_directory_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten, match="file/cache: cannot be written"):
        make_directory(tmp_path / "file" / "cache", prefix="joined-").__enter__()

    mkdir = Path.mkdir

    def refuse(path: Path, mode: int = 0o777, **options: bool) -> None:
        if path.name.startswith("joined-"):
            raise OSError(28, "No space left on device")
        mkdir(path, mode, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(NotWritten, match="No space left"):
        make_directory(tmp_path / "cache", prefix="joined-").__enter__()
