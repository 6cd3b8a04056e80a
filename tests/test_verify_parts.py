"""A directory of parts has one meaning, and a hostile archive ends in a refusal."""

import dataclasses
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.bundle.packing import pack
from matrix.edge import limits
from matrix.record import parts
from matrix.record.canonical import InvalidRecord
from matrix.record.parts import Part, Parts
from matrix.verify import reading
from matrix.verify.unpacking import join_parts, open_bundle
from matrix.verify.verify import verify

from .bundles import sound
from .test_parts import LABEL, PART, QUIET, SHA256, attack, problems, relist, sealed


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    bundle = sound(tmp_path / "made").rename(tmp_path / LABEL)
    pack(bundle, tmp_path / "parts", size=50_000, reporter=QUIET)
    return tmp_path / "parts"


def refusals(directory: Path) -> list[str]:
    return problems(lambda: join_parts(directory, directory.parent / "joined"))


# the directory


def program_unlisted(packed: Path) -> None:
    (packed / "setup.exe").write_bytes(b"")


def page_beside(packed: Path) -> None:
    (packed / "simple").mkdir()
    (packed / "simple" / "index.html").write_text("<a href='//evil.example'>six</a>")


def link_out(packed: Path) -> None:
    (packed / "etc").symlink_to("/etc")


def record_beside(packed: Path) -> None:
    (packed / "bundle.json").write_text("{}")


def whole_bundle_beside(packed: Path) -> None:
    for path in (packed.parent / LABEL).iterdir():
        if path.is_dir():
            shutil.copytree(path, packed / path.name)


def notes_missing(packed: Path) -> None:
    (packed / "NOTES.md").unlink()


def notes_a_directory(packed: Path) -> None:
    (packed / "NOTES.md").unlink()
    (packed / "NOTES.md").mkdir()


def notes_a_pipe(packed: Path) -> None:
    (packed / "NOTES.md").unlink()
    os.mkfifo(packed / "NOTES.md")


def listing_a_pipe(packed: Path) -> None:
    (packed / "parts.json").unlink()
    os.mkfifo(packed / "parts.json")


def empty_directory(packed: Path) -> None:
    (packed / "aux").mkdir()


DIRECTORIES: list[tuple[Callable[[Path], None], list[str]]] = [
    (program_unlisted, ["setup.exe: is not listed in parts.json"]),
    (page_beside, ["simple/index.html: is not listed in parts.json"]),
    (link_out, ["etc: expected a file, got a link"]),
    (record_beside, ["bundle.json: a directory holds parts.json or bundle.json, not both"]),
    (notes_missing, ["NOTES.md: expected a file, got none"]),
    (
        notes_a_directory,
        ["NOTES.md: expected a file, got none", "NOTES.md: expected files, got none"],
    ),
    (
        notes_a_pipe,
        ["NOTES.md: expected a file, got a special file", "NOTES.md: expected a file, got none"],
    ),
    (listing_a_pipe, ["parts: expected a regular file parts.json, got none"]),
    (empty_directory, ["aux: expected files, got none"]),
]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes below directories")
@pytest.mark.parametrize(
    ("spoil", "expected"), DIRECTORIES, ids=lambda c: getattr(c, "__name__", "")
)
def test_a_directory_of_parts_holds_nothing_else(
    packed: Path, spoil: Callable[[Path], None], expected: list[str]
) -> None:
    spoil(packed)

    assert [text.replace(str(packed), "parts") for text in refusals(packed)] == expected


def test_a_tampered_bundle_is_refused_although_its_parts_are_good(packed: Path) -> None:
    whole_bundle_beside(packed)

    assert "files/app-1.0-py2.py3-none-any.whl: is not listed in parts.json" in refusals(packed)


def test_listed_files_and_a_signature_may_lie_beside_the_parts(
    packed: Path, tmp_path: Path
) -> None:
    relist(packed, "guide.pdf", b"a text")
    (packed / "bundle.dsse.json").write_bytes(b"{}")

    with open_bundle(packed, scratch=tmp_path / "scratch") as bundle:
        verify(bundle)


def test_a_changed_program_is_refused(packed: Path) -> None:
    relist(packed, "wheelyard.pyz", b"a program")
    (packed / "wheelyard.pyz").write_bytes(b"a Program")

    assert refusals(packed) == [
        (
            "wheelyard.pyz: expected sha256 "
            "d69ea8cda2433733c1ce02de65da8f48e6a3dbba6bb18876a2062908e54ef7cb, got "
            "2cd3eeeec818c5540e938e786f7d321e6f858b6ebaec485c0b13afbca5ad3eb4"
        )
    ]


def test_notes_need_not_lie_beside_the_parts(packed: Path) -> None:
    listing = parts.parse((packed / "parts.json").read_text())
    (packed / "parts.json").write_text(
        parts.dump(dataclasses.replace(listing, files=(), members=()))
    )
    (packed / "NOTES.md").unlink()

    verify(join_parts(packed, packed.parent / "joined"))


# the archive


def hostile(name: str, **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(f"{LABEL}/{name}")
    for field, value in fields.items():
        setattr(member, field, value)
    return member, b"x"


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name in names:
            member = tarfile.TarInfo(f"{LABEL}/{name}")
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    return stream.getvalue()


@pytest.mark.parametrize(
    "headers",
    [
        {"GNU.sparse.map": "a,b"},
        {"GNU.sparse.size": "zz"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"},
        {"size": "-1"},
        {"size": "9" * 5000},
        {"mtime": "x"},
        {"path": "\0"},
        {"hdrcharset": "BINARY", "path": "\udcff"},
    ],
    ids=str,
)
def test_damaged_extended_headers_are_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    packed = attack(tmp_path / "p", hostile("a", pax_headers=headers))

    assert len(refusals(packed)) == 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (archive("a") + archive("b"), "expected nothing behind the last file of the tar, got more"),
        (archive("a") + b"junk", "expected nothing behind the last file of the tar, got more"),
        (archive("a")[:1024], "it ends early"),
        (archive("a")[:1100], "it ends early"),
        (archive("a")[:700], "unexpected end of data"),
        (b"", "not a zip or tar archive"),
    ],
    ids=["second-archive", "junk", "no-end", "half-an-end", "half-a-file", "empty"],
)
def test_an_archive_ends_where_its_last_file_ends(
    tmp_path: Path, data: bytes, expected: str
) -> None:
    assert refusals(sealed(tmp_path / "p", data)) == [f"{LABEL}: cannot be unpacked: {expected}"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a", "a"), "'a': is a file twice"),
        (("a", "a/b"), "'a/b': is a file and a directory"),
        (("a/b", "a"), "'a': is a file and a directory"),
    ],
    ids=["twice", "below-a-file", "over-a-directory"],
)
def test_members_that_replace_each_other_are_refused(
    tmp_path: Path, names: tuple[str, ...], expected: str
) -> None:
    assert refusals(sealed(tmp_path / "p", archive(*names))) == [expected]


def test_an_archive_without_a_record_is_refused(tmp_path: Path) -> None:
    assert refusals(sealed(tmp_path / "p", archive("a"))) == [
        "bundle.json: cannot be read: No such file or directory"
    ]


def test_a_record_other_than_the_listed_one_is_refused(tmp_path: Path) -> None:
    packed = sealed(tmp_path / "p", archive("bundle.json"))

    assert refusals(packed) == [
        (
            f"bundle.json: expected sha256 {SHA256}, got "
            "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        )
    ]


# parts.json


@pytest.mark.parametrize(
    ("filenames", "expected"),
    [
        (["../x"], "files[0].filename: expected the name of a file beside the parts, got '../x'"),
        (
            ["bundle.json"],
            "files[0].filename: expected the name of a file beside the parts, got 'bundle.json'",
        ),
        (
            ["bundle.dsse.json"],
            (
                "files[0].filename: expected the name of a file beside the parts, "
                "got 'bundle.dsse.json'"
            ),
        ),
        (["b", "a"], "files: expected each file once, sorted by name"),
        (["a", "a"], "files: expected each file once, sorted by name"),
    ],
    ids=["leads-out", "record", "signature", "order", "twice"],
)
def test_other_files_are_listed_once_and_by_plain_names(
    filenames: list[str], expected: str
) -> None:
    files = tuple(Part(filename=name, size=1, sha256=SHA256) for name in filenames)
    listing = Parts(label=LABEL, parts=(PART,), record_sha256=SHA256, files=files, members=())

    with pytest.raises(InvalidRecord) as caught:
        parts.parse(parts.dump(listing))

    assert str(caught.value) == expected


# one door for small files


def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bundle.json")

    assert problems(lambda: reading.read_bytes(tmp_path / "bundle.json", place="bundle.json")) == [
        ("bundle.json: cannot be read: expected a regular file, got a device, FIFO or socket")
    ]


def test_the_limit_of_carried_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    for cap in (6, 5):
        monkeypatch.setitem(limits.CAP_BY_NAME, "carried text bytes", cap)
        assert reading.read_bytes(tmp_path / "a", place="a") == b"12345"

    monkeypatch.setitem(limits.CAP_BY_NAME, "carried text bytes", 4)
    assert problems(lambda: reading.read_bytes(tmp_path / "a", place="a")) == [
        "a: expected at most 4 carried text bytes, got 5"
    ]


def test_the_limit_of_packed_bundles(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(path.stat().st_size for path in packed.glob("*.tar.part*"))
    for cap in (size + 1, size):
        monkeypatch.setitem(limits.CAP_BY_NAME, "bytes of a packed bundle", cap)
        join_parts(packed, packed.parent / f"joined-{cap}")

    monkeypatch.setitem(limits.CAP_BY_NAME, "bytes of a packed bundle", size - 1)
    assert refusals(packed) == [
        (
            f"{LABEL}: cannot be unpacked: "
            f"expected at most {size - 1} bytes of a packed bundle, got {size}"
        )
    ]


def test_the_limit_of_parts(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = len(list(packed.glob("*.tar.part*")))
    for cap in (count + 1, count):
        monkeypatch.setitem(limits.CAP_BY_NAME, "parts", cap)
        parts.parse((packed / "parts.json").read_text())

    monkeypatch.setitem(limits.CAP_BY_NAME, "parts", count - 1)
    assert refusals(packed) == [f"parts.json: expected at most {count - 1} parts, got {count}"]
