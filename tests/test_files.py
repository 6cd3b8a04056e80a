"""Files: only regular ones are read, and what is half-written can be recognised."""

import os
import socket
import threading
from pathlib import Path

import pytest

from matrix.edge import files
from matrix.errors import MatrixError

NOT_REGULAR = "cannot be read: expected a regular file, got a device, FIFO or socket"


def refusal(path: Path) -> str:
    with pytest.raises(MatrixError) as caught, files.reading(path):
        pass
    return str(caught.value)


def test_a_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    messages: list[str] = []
    reader = threading.Thread(
        target=lambda: messages.append(refusal(tmp_path / "fifo")), daemon=True
    )
    reader.start()
    reader.join(timeout=60)

    assert messages == [f"{tmp_path / 'fifo'}: {NOT_REGULAR}"]


def test_a_device_is_refused() -> None:
    assert refusal(Path(os.devnull)) == f"{os.devnull}: {NOT_REGULAR}"


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # addresses of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")

        assert refusal(Path("socket")).startswith("socket: cannot be read: ")


def test_directories_and_missing_files_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    assert refusal(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"
    assert refusal(missing) == f"{missing}: cannot be read: No such file or directory"


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")

    with files.reading(tmp_path / "link") as stream:
        assert stream.read() == b"text"


@pytest.mark.parametrize("name", ["a", "x" * 200, "a\nb"])
def test_a_file_that_is_half_written_can_be_recognised(name: str, tmp_path: Path) -> None:
    with files.replacing(tmp_path / name) as stream:
        stream.write(b"half")
        assert [files.is_temporary(path.name) for path in tmp_path.iterdir()] == [True]

    assert [files.is_temporary(path.name) for path in tmp_path.iterdir()] == [False]
