"""What metadata state, kept as fields: a shorter way to the same answer, and never another one."""

import hashlib
import importlib.metadata
from pathlib import Path

import msgspec
import pytest

from matrix.cli import main
from matrix.distributions import core_metadata
from matrix.distributions.core_metadata import Fields, InvalidMetadata
from matrix.errors import IndexUnavailable
from matrix.index import cache as caches

from .index_clients import client, files
from .index_server import IndexServer
from .manifests import text
from .wheels import make_sdist, make_wheel

STATED = {
    "metadata_version": "2.1",
    "name": "six",
    "version": "1.10",
    "requires_dist": ["seven>=1"],
}


@pytest.fixture
def six(index: IndexServer) -> IndexServer:
    index.add(make_wheel(index.directory, "six", "1.10", requires=["seven>=1"]))
    return index


def read_fields(index: IndexServer, cache: Path, *, offline: bool = False) -> Fields:
    """What a run of its own learns of six."""
    with client(index.url, cache, offline=offline) as asked:
        return asked.fetch_fields(files(asked)[0])


def find_entry(cache: Path) -> Path:
    """Where what six's metadata state is kept."""
    (entry,) = (path for path in cache.glob("*/metadata/*/fields-*/*/*") if path.is_file())
    return entry


def with_digest(content: bytes) -> bytes:
    """As the cache writes it: with a digest that is right."""
    return hashlib.sha256(content).digest() + content


def test_what_metadata_state_is_kept_by_digest(six: IndexServer, tmp_path: Path) -> None:
    first = read_fields(six, tmp_path)

    assert first == STATED
    assert read_fields(six, tmp_path, offline=True) == STATED


def test_a_run_that_learns_nothing_writes_nothing(six: IndexServer, tmp_path: Path) -> None:
    read_fields(six, tmp_path)
    before = find_entry(tmp_path).stat().st_mtime_ns
    read_fields(six, tmp_path)

    assert find_entry(tmp_path).stat().st_mtime_ns == before


def test_what_one_run_learned_is_not_lost_in_the_next(six: IndexServer, tmp_path: Path) -> None:
    read_fields(six, tmp_path)
    six.add(make_wheel(six.directory, "six", "1.11"))
    with client(six.url, tmp_path) as asked:
        newest, older = files(asked)

        assert [asked.has_fields(file) for file in (newest, older)] == [False, True]
        asked.fetch_fields(newest)
    with client(six.url, tmp_path) as asked:
        assert all(map(asked.has_fields, files(asked)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 10,
        b"\0" * 32 + b"{}",
        with_digest(b""),
        with_digest(b"{"),
        with_digest(b"\xff\xfe"),
        with_digest(b"[]"),
        with_digest(b'{"%s": {"name": ["six"]}}'),
        with_digest(b'{"%s": "six"}'),
        with_digest(b'{"%s": {"requires_dist": "seven>=1"}}'),
        with_digest(b'{"%s": null}'),
    ],
    ids=[
        "empty", "short", "other digest", "nothing", "half", "no text", "list", "list for text",
        "text for fields", "text for list", "null",
    ],
)  # fmt: skip
def test_a_damaged_or_foreign_entry_counts_as_none(
    six: IndexServer, tmp_path: Path, content: bytes
) -> None:
    read_fields(six, tmp_path)
    with client(six.url, tmp_path) as asked:
        digest = files(asked)[0].sha256.encode()
    if b"%s" in content:
        content = with_digest(content[32:].replace(b"%s", digest))
    find_entry(tmp_path).write_bytes(content)

    assert read_fields(six, tmp_path) == STATED
    assert read_fields(six, tmp_path, offline=True) == STATED  # it was written anew


def test_an_entry_of_another_format_is_not_read(
    six: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "FIELDS", "0")
    read_fields(six, tmp_path)
    monkeypatch.undo()

    with pytest.raises(IndexUnavailable) as raised:
        read_fields(six, tmp_path, offline=True)
    assert str(raised.value) == (
        f"{six.url}: expected the metadata of six-1.10-py2.py3-none-any.whl in the cache, got none"
        "\n  hint: wheelyard lock"
    )


def test_an_entry_that_cannot_be_had_again_is_an_error(six: IndexServer, tmp_path: Path) -> None:
    read_fields(six, tmp_path)
    find_entry(tmp_path).write_bytes(b"damaged")

    with pytest.raises(IndexUnavailable):
        read_fields(six, tmp_path, offline=True)


def test_a_lock_that_fails_keeps_what_it_learned(
    tmp_path: Path, six: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    six.raw_pages["seven"] = b"{"
    manifest, cache = tmp_path / "packages.yaml", tmp_path / "cache"
    manifest.write_text(text("six", more=f"network: {{index: '{six.url}'}}\n"), encoding="utf-8")

    assert main(["lock", "--manifest", str(manifest), "--cache", str(cache), "--quiet"]) != 0

    assert "/simple/seven/: expected a page of the Simple API" in capsys.readouterr().err
    assert read_fields(six, cache / "index", offline=True) == STATED


def test_what_is_installed_here_survives_being_kept() -> None:
    texts = [found.read_text("METADATA") for found in importlib.metadata.distributions()]
    installed = [text.encode("utf-8", "surrogateescape") for text in texts if text]
    decoder = msgspec.json.Decoder(Fields)

    assert len(installed) > 20
    for data in installed:
        again = decoder.decode(msgspec.json.encode(core_metadata.parse_fields(data)))
        assert core_metadata.from_fields(again) == core_metadata.parse(data)


def test_metadata_that_nobody_can_use_stay_unusable() -> None:
    fields = core_metadata.parse_fields(b"Metadata-Version: 2.1\nVersion: 1.0\n\n")

    with pytest.raises(InvalidMetadata, match="core metadata without 'name'"):
        core_metadata.from_fields(fields)


@pytest.mark.parametrize(
    "damage", [b"", b"damaged", with_digest(b"[]")], ids=["empty", "bytes", "list"]
)
def test_a_lock_is_the_same_whatever_the_cache_keeps_of_metadata(
    tmp_path: Path, index: IndexServer, damage: bytes
) -> None:
    index.has_metadata = True
    index.add(make_wheel(index.directory, "app", "2.0", requires=["six>=1", "native"]))
    index.add(make_wheel(index.directory, "six", "1.0", requires_python=">=2.7"))
    index.add(make_sdist(index.directory, "native", "2.0"))
    manifest, cache = tmp_path / "packages.yaml", tmp_path / "cache"
    manifest.write_text(text("app", more=f"network: {{index: '{index.url}'}}\n"), encoding="utf-8")
    lock = ["lock", "--manifest", str(manifest), "--cache", str(cache), "--quiet"]
    locked = tmp_path / "packages.lock"
    assert main(lock) == 0
    cold = locked.read_bytes()

    locked.unlink()
    assert main(lock) == 0
    assert locked.read_bytes() == cold
    locked.unlink()
    entries = [path for path in cache.glob("index/*/metadata/*/fields-*/*/*") if path.is_file()]
    for path in entries:
        path.write_bytes(damage)
    assert main(lock) == 0
    assert locked.read_bytes() == cold
    assert len(entries) == 2
