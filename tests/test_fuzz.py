"""Inputs that once crashed a reader, and a fuzzer that would find the next one."""

import dataclasses
from pathlib import Path

import pytest

from .fuzz import run
from .fuzz.readers import READERS, Reader, find_reader
from .fuzz.run import CORPUS, fuzz, keep, try_input

CRASHES = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", CRASHES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_input_that_crashed_a_reader_is_refused_or_read(path: Path) -> None:
    assert try_input(find_reader(path.parent.name), path.read_bytes()) == ""


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_every_reader_reads_its_seeds(reader: Reader) -> None:
    for seed in reader.seeds():
        reader.read(seed)


def test_a_reader_that_lets_an_error_through_is_caught_with_its_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def read(data: bytes) -> None:
        if b"\xff" in data:
            raise LookupError("a bug")

    faulty = dataclasses.replace(find_reader("metadata"), read=read)
    monkeypatch.setattr(run, "find_reader", lambda _name: faulty)
    monkeypatch.setattr(run, "CORPUS", tmp_path)

    outcome = fuzz("metadata", seconds=2, seed=1)

    assert [*outcome.input_by_kind] == ["LookupError in outside"]
    (path,) = keep(outcome)
    assert b"\xff" in path.read_bytes()
    assert try_input(faulty, path.read_bytes()) == "LookupError in outside"


def test_a_reader_that_hangs_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_data: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr(run, "SLOW", 0.05)
    hanging = dataclasses.replace(find_reader("metadata"), read=read)

    assert try_input(hanging, b"").startswith("Hang in ")
