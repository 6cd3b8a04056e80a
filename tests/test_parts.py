"""A bundle cut into parts and joined again, by parts of the tool that share the schema only."""

import dataclasses
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matrix.bundle.packing import pack
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import MatrixError, NotVerified, NotWritten, UsageError
from matrix.record import parts
from matrix.record.canonical import InvalidRecord
from matrix.record.parts import Member, Part, Parts
from matrix.verify.unpacking import join_parts, open_bundle
from matrix.verify.verify import verify

from .bundles import sound

LABEL = "acme-2026.1"
QUIET = Reporter.on_stderr(Loudness.QUIET)
SHA256 = "0" * 64
PART = Part(filename=f"{LABEL}.tar.part001", size=1, sha256="0" * 64)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return sound(tmp_path / "made").rename(tmp_path / LABEL)


@pytest.fixture
def packed(bundle: Path, tmp_path: Path) -> Path:
    pack(bundle, tmp_path / "parts", size=10_000, reporter=QUIET)
    return tmp_path / "parts"


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def problems(action: Callable[[], object], kind: type[MatrixError] = NotVerified) -> list[str]:
    with pytest.raises(kind) as caught:
        action()
    return [str(problem) for problem in caught.value.problems]


def attack(directory: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Parts whose digests are right and whose archive is hostile."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w|") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return sealed(directory, stream.getvalue())


def sealed(directory: Path, data: bytes, record_sha256: str = "0" * 64) -> Path:
    directory.mkdir()
    (directory / PART.filename).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    listed = (Part(filename=PART.filename, size=len(data), sha256=digest),)
    (directory / parts.FILENAME).write_text(
        parts.dump(
            Parts(label=LABEL, parts=listed, record_sha256=record_sha256, files=(), members=())
        )
    )
    return directory


def relist(packed: Path, name: str, data: bytes) -> None:
    """Write a file and list it in parts.json, so that only other rules can be broken."""
    (packed / name).write_bytes(data)
    listing = parts.parse((packed / parts.FILENAME).read_text())
    file = Part(filename=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    files = {file.filename: file for file in (*listing.files, file)}
    listing = dataclasses.replace(listing, files=tuple(files[key] for key in sorted(files)))
    (packed / parts.FILENAME).write_text(parts.dump(listing))


# there and back


@pytest.mark.parametrize("size", [1_000, 9_999, 10_000, 10_240, 10**9])
def test_a_bundle_comes_back_as_it_was(bundle: Path, tmp_path: Path, size: int) -> None:
    written = pack(bundle, tmp_path / "parts", size=size, reporter=QUIET)
    joined = join_parts(tmp_path / "parts", tmp_path / "joined")

    assert joined == tmp_path / "joined" / LABEL
    assert contents(joined) == contents(bundle)
    verify(joined)
    assert sorted(written) == sorted((tmp_path / "parts").iterdir())
    sizes = [path.stat().st_size for path in written if ".tar.part" in path.name]
    assert set(sizes[:-1]) <= {size}
    assert 0 < sizes[-1] <= size


def test_a_part_is_full_before_the_next_begins(bundle: Path, tmp_path: Path) -> None:
    (whole, *_) = pack(bundle, tmp_path / "one", size=10**9, reporter=QUIET)
    size = whole.stat().st_size

    for number, most in enumerate([size - 1, size, size + 1]):
        into = tmp_path / f"cut{number}"
        cut = [p for p in pack(bundle, into, size=most, reporter=QUIET) if ".tar." in p.name]
        assert [path.stat().st_size for path in cut] == ([size - 1, 1] if most < size else [size])


def test_the_same_bundle_gives_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / LABEL
    shutil.copytree(bundle, copy, copy_function=shutil.copyfile)
    for path in copy.rglob("*"):
        path.chmod(0o700)

    for source, into in ((bundle, "a"), (copy, "b")):
        pack(source, tmp_path / into, size=10_000, reporter=QUIET)

    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_any_tar_can_join_the_parts(packed: Path, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "joined").mkdir()
    data = b"".join(path.read_bytes() for path in sorted(packed.glob("*.tar.part*")))

    extract = ["tar", "--extract", f"--directory={tmp_path / 'joined'}"]
    subprocess.run(extract, input=data, check=True)

    assert contents(tmp_path / "joined" / LABEL) == contents(bundle)


def test_the_archive_says_nothing_of_the_machine(packed: Path) -> None:
    data = b"".join(path.read_bytes() for path in sorted(packed.glob("*.tar.part*")))

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
        (1795305600, 0, 0, "", "", 0o644)
    }


def test_the_notes_beside_the_parts_end_with_the_command_that_verifies(
    packed: Path, bundle: Path
) -> None:
    digest = hashlib.sha256((bundle / "bundle.json").read_bytes()).hexdigest()

    notes = (packed / "NOTES.md").read_text()
    assert notes.startswith((bundle / "NOTES.md").read_text())
    assert notes.endswith(f"\n    wheelyard verify . --sha256 {digest}\n")


def test_parts_json_tells_the_digest_of_the_record(packed: Path, bundle: Path) -> None:
    digest = hashlib.sha256((bundle / "bundle.json").read_bytes()).hexdigest()

    assert parts.parse((packed / "parts.json").read_text()).record_sha256 == digest


def test_a_bundle_is_opened_in_place_and_parts_are_joined_temporarily(
    packed: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / LABEL
    with open_bundle(bundle, scratch=tmp_path / "scratch") as same:
        assert same == bundle
    assert not (tmp_path / "scratch").exists()

    with open_bundle(packed, scratch=tmp_path / "scratch") as joined:
        verify(joined)
        assert joined.name == LABEL
    assert list((tmp_path / "scratch").iterdir()) == []


# refusals of the writer


def test_parts_are_never_overwritten(packed: Path, bundle: Path) -> None:
    assert problems(lambda: pack(bundle, packed, size=9, reporter=QUIET), NotWritten) == [
        f"{packed}: already exists\n  hint: --parts ANOTHER"
    ]


def test_too_many_parts_are_refused_and_none_is_left(bundle: Path, tmp_path: Path) -> None:
    into = tmp_path / "out" / "parts"

    assert problems(lambda: pack(bundle, into, size=10, reporter=QUIET), UsageError) == [
        "pack: expected at most 998 parts of 10 bytes, got more\n  hint: --pack with a larger size"
    ]
    assert list(into.parent.iterdir()) == []


def test_a_part_has_at_least_one_byte(bundle: Path, tmp_path: Path) -> None:
    messages = problems(lambda: pack(bundle, tmp_path / "p", size=0, reporter=QUIET), UsageError)

    assert messages == [
        f"pack: expected at least 1 byte a part and a plain name, got 0 and {LABEL!r}"
    ]


# refusals of the reader


def test_every_missing_and_damaged_part_is_named(packed: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in packed.glob("*.tar.part*"))
    (packed / names[0]).unlink()
    (packed / names[1]).write_bytes(b"short")
    data = bytearray((packed / names[2]).read_bytes())
    data[0] ^= 1
    (packed / names[2]).write_bytes(data)
    expected = parts.parse((packed / parts.FILENAME).read_text()).parts[2].sha256

    assert problems(lambda: join_parts(packed, tmp_path / "joined")) == [
        f"{names[0]}: expected a file, got none",
        f"{names[1]}: expected 10000 bytes, got 5",
        f"{names[2]}: expected sha256 {expected}, got {hashlib.sha256(data).hexdigest()}",
    ]


def test_a_part_that_is_a_link_is_refused(packed: Path, tmp_path: Path) -> None:
    first = packed / f"{LABEL}.tar.part001"
    first.rename(tmp_path / "moved")
    first.symlink_to(tmp_path / "moved")

    assert problems(lambda: join_parts(packed, tmp_path / "j")) == [
        f"{LABEL}.tar.part001: expected a file, got a link",
        f"{LABEL}.tar.part001: expected a file, got none",
    ]


def test_a_part_of_another_bundle_is_named(packed: Path, tmp_path: Path) -> None:
    (packed / "acme-2026.2.tar.part001").write_bytes(b"")

    assert problems(lambda: join_parts(packed, tmp_path / "j")) == [
        "acme-2026.2.tar.part001: is not listed in parts.json"
    ]


def test_notes_that_differ_from_the_bundle_s_are_refused(packed: Path, tmp_path: Path) -> None:
    relist(packed, "NOTES.md", b"install this too")

    assert problems(lambda: join_parts(packed, tmp_path / "j")) == [
        "NOTES.md: is not what the bundle's own notes give"
    ]


def test_a_parts_json_of_another_shape_is_refused(packed: Path, tmp_path: Path) -> None:
    (packed / parts.FILENAME).write_text("{}", encoding="utf-8")

    assert problems(lambda: join_parts(packed, tmp_path / "j")) == [
        "parts.json: missing key 'schema'"
    ]


def test_parts_that_join_to_no_tar_are_refused(tmp_path: Path) -> None:
    messages = problems(lambda: join_parts(sealed(tmp_path / "p", b"x" * 10_240), tmp_path / "j"))

    assert messages == [f"{LABEL}: cannot be unpacked: not a zip or tar archive"]


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../out", f"{LABEL}x/a", LABEL, f"{LABEL}/", "other/a"]
)
def test_a_member_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    packed = attack(tmp_path / "p", (tarfile.TarInfo(name), b"x"))

    messages = problems(lambda: join_parts(packed, tmp_path / "j"))

    leads_out = f"{LABEL}: cannot be unpacked: member {name!r} leads out of the archive"
    is_out = name.startswith(("/", "../"))
    assert messages == [leads_out if is_out else f"{name!r}: expected files below {LABEL!r} only"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../../out", "a/../../../out", "a\\b", "con", "a:b", "./x"])
def test_a_member_that_leads_out_or_cannot_be_written_everywhere_is_refused(
    tmp_path: Path, name: str
) -> None:
    packed = attack(tmp_path / "p", (tarfile.TarInfo(f"{LABEL}/{name}"), b"x"))

    problems(lambda: join_parts(packed, tmp_path / "j"))
    assert not list(tmp_path.rglob("out"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_members_other_than_plain_files_are_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo(f"{LABEL}/a")
    member.type, member.linkname = kind, "/etc/passwd"

    assert problems(lambda: join_parts(attack(tmp_path / "p", (member, b"")), tmp_path / "j")) == [
        f"'{LABEL}/a': expected files below {LABEL!r} only"
    ]


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    members = [(tarfile.TarInfo(f"{LABEL}/{name}"), b"x") for name in ("a", "A")]

    assert problems(lambda: join_parts(attack(tmp_path / "p", *members), tmp_path / "j")) == [
        "'A': differs from 'a' only in case or accents"
    ]


# the schema


@given(
    st.builds(
        Parts,
        label=st.from_regex(r"[a-z0-9]{1,9}-[0-9.]{1,5}[0-9]", fullmatch=True),
        parts=st.just((PART,)),
        record_sha256=st.just(SHA256),
        files=st.just(()),
    )
)
def test_what_is_written_is_read(listed: Parts) -> None:
    named = Parts(
        label=listed.label,
        parts=(Part(filename=parts.name_part(listed.label, 1), size=1, sha256="0" * 64),),
        record_sha256=SHA256,
        files=(),
        members=(),
    )

    assert parts.parse(parts.dump(named)) == named


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (
            Parts(label="../x", parts=(PART,), record_sha256=SHA256, files=(), members=()),
            "label: expected a bundle's name and version, got '../x'",
        ),
        (
            Parts(label=LABEL, parts=(), record_sha256=SHA256, files=(), members=()),
            "parts: expected at least 1, got none",
        ),
        (
            Parts(
                label=LABEL,
                parts=(Part(filename="/etc/passwd", size=1, sha256=""),),
                record_sha256=SHA256,
                files=(),
                members=(),
            ),
            f"parts[0].filename: expected '{LABEL}.tar.part001', got '/etc/passwd'",
        ),
    ],
    ids=["label", "none", "filename"],
)
def test_names_that_lead_elsewhere_are_refused(listed: Parts, message: str) -> None:
    with pytest.raises(InvalidRecord) as error:
        parts.parse(parts.dump(listed))

    assert str(error.value) == message


@settings(max_examples=8, deadline=None)
@given(st.integers(200, 40_000))
def test_every_member_is_where_the_list_says(size: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        bundle = sound(Path(directory) / "made").rename(Path(directory) / LABEL)
        pack(bundle, Path(directory) / "parts", size=size, reporter=QUIET)
        listing = parts.parse((Path(directory) / "parts" / parts.FILENAME).read_text("utf-8"))

        content_by_path = {
            member.path: b"".join(
                (Path(directory) / "parts" / name).read_bytes()[offset : offset + length]
                for name, offset, length in parts.split_range(listing, member)
            )
            for member in listing.members
        }

        wheels = [f"files/{path.name}" for path in (bundle / "files").glob("*.whl")]
        assert sorted(content_by_path) == sorted(["bundle.json", *wheels])
        assert all((bundle / path).read_bytes() == c for path, c in content_by_path.items())


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ((Member(path="a", offset=0, size=2),), "members[0]: expected a place in 1 bytes, got 2"),
        (
            (Member(path="b", offset=0, size=0), Member(path="a", offset=0, size=0)),
            "members: expected each file once, sorted by path",
        ),
    ],
    ids=["beyond", "order"],
)
def test_members_outside_of_the_parts_are_refused(
    members: tuple[Member, ...], message: str
) -> None:
    listed = Parts(label=LABEL, parts=(PART,), record_sha256=SHA256, files=(), members=members)

    with pytest.raises(InvalidRecord) as error:
        parts.parse(parts.dump(listed))

    assert str(error.value).startswith(message)
