"""Archives: nothing is written outside, nothing is read without a limit, whatever they hold."""

import ast
import bisect
import gzip
import lzma
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

import matrix
from matrix.edge import archives, limits
from matrix.edge.archive_trees import HandleTree, NamedTree
from matrix.edge.archives import InvalidArchive
from matrix.errors import NotWritten

from .attack_archives import directory, hard_link, make_escape, make_tar, member, symlink
from .interpreters import cpythons

PACKAGE = Path(matrix.__file__).parent
FAR_SIDE_PYTHONS = [
    path
    for path in cpythons()
    if path.parts[-3].startswith("3.") and int(path.parts[-3].split(".")[1]) >= 9
]
UNPACK = """\
import pathlib, sys
from matrix.edge import archives, limits
limits.CAP_BY_NAME["member name bytes"] = 1 << 16  # else its long names are refused first
try:
    archives.unpack(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
except archives.InvalidArchive as error:
    print(error)
"""


def contents(root: Path) -> dict[str, str]:
    """Every file and link below ``root`` by its path: its text or its target."""
    return {
        path.relative_to(root).as_posix(): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def refusal(path: Path, into: Path) -> str:
    with pytest.raises(InvalidArchive) as caught:
        archives.unpack(path, into)
    return str(caught.value)


# what is unpacked


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_of_any_compression_is_unpacked(tmp_path: Path, mode: str) -> None:
    members = [
        directory("a/"),
        member("./a/plain", "text\n", mtime=1_000_000_000),
        member("a/deep/program", "#!", mode=0o775),
        symlink("a/deep/up", "../plain"),
        symlink("a/deep/down", "program"),
        hard_link("a/same", "a/plain"),
    ]
    make_tar(tmp_path / "x.tar", members, mode)

    archives.unpack(tmp_path / "x.tar", tmp_path / "out")

    assert contents(tmp_path / "out") == {
        "a/plain": "text\n",
        "a/deep/program": "#!",
        "a/deep/up": "-> ../plain",
        "a/deep/down": "-> program",
        "a/same": "text\n",
    }
    plain, program = (tmp_path / "out/a/plain").stat(), (tmp_path / "out/a/deep/program").stat()
    assert plain.st_mtime == 1_000_000_000
    assert [bool(each.st_mode & stat.S_IXUSR) for each in (plain, program)] == [False, True]


def test_a_zip_is_unpacked(tmp_path: Path) -> None:
    link, program = zipfile.ZipInfo("a/link"), zipfile.ZipInfo("a/program")
    link.external_attr, program.external_attr = (stat.S_IFLNK | 0o777) << 16, 0o100755 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/", "")
        archive.writestr("a/plain", "text\n")
        archive.writestr(link, "plain")
        archive.writestr(program, "#!")

    archives.unpack(tmp_path / "x.zip", tmp_path / "out")

    assert contents(tmp_path / "out") == {
        "a/plain": "text\n", "a/link": "-> plain", "a/program": "#!",
    }  # fmt: skip
    assert (tmp_path / "out/a/program").stat().st_mode & stat.S_IXUSR


def test_members_are_renamed_or_skipped(tmp_path: Path) -> None:
    make_tar(tmp_path / "x.tar", [member("top/a", "1"), member("other", "2")])

    archives.unpack(
        tmp_path / "x.tar",
        tmp_path / "out",
        rename=lambda name: name[4:] if name.startswith("top/") else None,
    )

    assert contents(tmp_path / "out") == {"a": "1"}


def test_the_later_of_two_members_with_one_name_stays(tmp_path: Path) -> None:
    members = [member("a", "old"), symlink("b", "a"), member("b", "file"), member("a", "new")]
    make_tar(tmp_path / "x.tar", members)

    archives.unpack(tmp_path / "x.tar", tmp_path / "out")

    assert contents(tmp_path / "out") == {"a": "new", "b": "file"}


# what is refused


@pytest.mark.parametrize("python", FAR_SIDE_PYTHONS, ids=lambda path: path.parts[-3])
def test_the_attack_archive_writes_nothing_outside_on_any_python(
    python: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim.txt").write_text("precious\n")
    archive = make_escape(tmp_path / "evil-1.0.tar.gz", "evil-1.0", "outside", "victim.txt")

    done = subprocess.run(
        [python, "-c", UNPACK, archive, tmp_path / "out"],
        cwd=PACKAGE.parent,
        env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )

    shutil.rmtree(tmp_path / "out")  # paths near PATH_MAX, which pytest cannot clean up
    assert done.stdout == (
        "evil-1.0.tar.gz cannot be unpacked: 'evil-1.0/a' is a file or link and a directory\n"
    )
    assert contents(outside) == {"victim.txt": "precious\n"}


def test_the_attack_archive_leads_a_filter_out_where_it_is_not_mended(tmp_path: Path) -> None:
    # Otherwise the test above would show nothing.
    python = next((path for path in FAR_SIDE_PYTHONS if path.parts[-3] in {"3.11.7", "3.12.1"}), "")
    if not python:
        pytest.skip("no CPython with the defect")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/victim.txt").write_text("precious\n")
    archive = make_escape(tmp_path / "evil-1.0.tar.gz", "evil-1.0", "outside", "victim.txt")
    naive = "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2], filter='data')"

    subprocess.run([python, "-c", naive, archive, tmp_path / "out"], check=True)

    shutil.rmtree(tmp_path / "out")
    assert contents(tmp_path / "outside") == {
        "victim.txt": "overwritten by an sdist\n", "new.txt": "created by an sdist\n",
    }  # fmt: skip


LEADS_OUT = "member {!r} leads out of the archive"
NOT_INSIDE = "member {!r} links to {!r}, not plainly inside the archive"
BOTH = "{!r} is a file or link and a directory"
REFUSED = {
    "dots": ([member("a/../../x")], LEADS_OUT.format("a/../../x")),
    "absolute": ([member("/x")], LEADS_OUT.format("/x")),
    "link-out": ([symlink("a/b", "../../x")], NOT_INSIDE.format("a/b", "../../x")),
    "link-absolute": ([symlink("a", "/etc")], NOT_INSIDE.format("a", "/etc")),
    "link-down-and-up": ([symlink("a/b", "c/../d")], NOT_INSIDE.format("a/b", "c/../d")),
    "link-empty": ([symlink("a", "")], NOT_INSIDE.format("a", "")),
    "hard-link-out": ([hard_link("a", "../x")], NOT_INSIDE.format("a", "../x")),
    "hard-link-absolute": ([hard_link("a", "/x")], NOT_INSIDE.format("a", "/x")),
    "hard-link-later": (
        [hard_link("a", "b"), member("b")], "member 'a' is a hard link to 'b', no earlier file",
    ),
    "hard-link-to-link": (
        [member("c"), symlink("b", "c"), hard_link("a", "b")],
        "'a' is a hard link to 'b', no earlier file",
    ),
    "hard-link-to-itself": (
        [member("a"), hard_link("a", "a")], "'a' is a hard link to 'a', no earlier file",
    ),
    "through-a-link": (
        [directory("d"), symlink("l", "d"), member("l/x")], BOTH.format("l"),
    ),
    "through-a-file": ([member("f"), member("f/x")], BOTH.format("f")),
    "file-for-a-directory": ([directory("d"), member("d")], BOTH.format("d")),
    "link-for-a-directory": ([directory("d"), symlink("d", "e")], BOTH.format("d")),
    "device": (
        [member("n", type=tarfile.CHRTYPE)], "member 'n' is a device, FIFO or sparse file",
    ),
    "fifo": ([member("p", type=tarfile.FIFOTYPE)], "member 'p' is a device, FIFO or sparse file"),
    "no-name": ([member(".")], BOTH.format("")),
}  # fmt: skip


@pytest.mark.parametrize(("members", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("tree", [HandleTree, NamedTree])
def test_a_member_that_is_not_plain_is_refused(
    members: list[tuple[tarfile.TarInfo, bytes]],
    reason: str,
    tree: type[HandleTree | NamedTree],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "open_tree", tree)
    make_tar(tmp_path / "x.tar", members)

    assert refusal(tmp_path / "x.tar", tmp_path / "out") == f"x.tar cannot be unpacked: {reason}"
    assert not (tmp_path / "x").exists()


def test_a_directory_exchanged_for_a_link_stops_the_unpacking(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "root").mkdir()
    tree = HandleTree(tmp_path / "root")
    tree.make_directory(("a", "b"))
    tree.make_directory(("c",))
    (tmp_path / "root/a").rename(tmp_path / "root/moved")
    (tmp_path / "root/a").symlink_to(tmp_path / "outside")

    with pytest.raises(OSError), tree.create_file(("a", "x"), is_executable=False, modified=None):  # noqa: PT011 - ELOOP or ENOTDIR, by system
        pass
    tree.close()

    assert list((tmp_path / "outside").iterdir()) == []


def test_files_that_are_there_already_are_not_replaced(tmp_path: Path) -> None:
    make_tar(tmp_path / "x.tar", [member("a", "new")])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").write_text("old")

    with pytest.raises(NotWritten) as caught:
        archives.unpack(tmp_path / "x.tar", tmp_path / "out")

    assert str(caught.value).startswith(f"{tmp_path / 'out'}: cannot be written: File exists")
    assert contents(tmp_path / "out") == {"a": "old"}


def test_without_handles_a_link_to_a_file_becomes_a_hard_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "open_tree", NamedTree)
    members = [symlink("d/l", "../f"), member("f", "text"), hard_link("h", "f"), member("f", "2")]
    make_tar(tmp_path / "x.tar", members)
    make_tar(tmp_path / "y.tar", [directory("d"), symlink("l", "d")])

    archives.unpack(tmp_path / "x.tar", tmp_path / "out")

    assert contents(tmp_path / "out") == {"d/l": "2", "f": "2", "h": "text"}
    assert refusal(tmp_path / "y.tar", tmp_path / "other") == (
        "y.tar cannot be unpacked: 'l' links to 'd', which is not a file"
    )


# damage


def test_damage_is_named(tmp_path: Path) -> None:
    good = make_tar(tmp_path / "x.tar", [member("a", "1" * 2000), member("b", "2")]).read_bytes()
    packed = gzip.compress(good, mtime=0)
    broken = bytearray(good)
    broken[2560 + 10] ^= 1
    cases = {
        "not.tar": (b"<html>", "not a zip or tar archive"),
        "empty.tar": (b"", "not a zip or tar archive"),
        "cut.tar": (good[:1500], "unexpected end of data"),
        "header.tar": (bytes(broken), "the header after member 1 is damaged"),
        "cut.tar.gz": (
            packed[:-30], "Compressed file ended before the end-of-stream marker was reached",
        ),
        "cut.tar.xz": (lzma.compress(good)[:-60], "the xz stream ends early"),
        "bad.zip": (b"PK\3\4bad", "File is not a zip file"),
    }  # fmt: skip

    for name, (data, reason) in cases.items():
        (tmp_path / name).write_bytes(data)
        assert (
            refusal(tmp_path / name, tmp_path / "into" / name)
            == f"{name} cannot be unpacked: {reason}"
        )


# members alone


def test_members_are_read_without_unpacking(tmp_path: Path) -> None:
    members = [
        member("a/x", "old"), member("a/x", "new"), member("a/y", "2"),
        symlink("a/link", "../b/z"), member("b/z", "3"), symlink("a/lost", "none"),
        directory("a/d"),
    ]  # fmt: skip
    path = make_tar(tmp_path / "x.tar", members, "w:gz")

    found = archives.read_contents(
        path, select=lambda name: name.startswith("a/") and name != "a/y", limit="sdist text bytes"
    )

    assert found.names == {"a/x", "a/y", "a/link", "b/z", "a/lost", "a/d"}
    assert found.bytes_by_name == {"a/x": b"new", "a/link": b"3"}
    assert archives.read_member(path, "a/y", limit="sdist text bytes") == b"2"
    assert archives.read_member(path, "a/none", limit="sdist text bytes") is None
    assert archives.read_names(path) == found.names


# limits


@pytest.mark.parametrize(
    ("limit", "size"),
    [("members", 3), ("path levels", 4), ("member bytes", 1000), ("member name bytes", 20)],
)
@pytest.mark.parametrize("is_zip", [False, True], ids=["tar", "zip"])
def test_limits_of_members(
    limit: str, size: int, is_zip: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "abcdefgh/b/c/last--9"
    members = [member("a", "x" * 1000), member("b"), member(name)]
    path = make_tar(tmp_path / "x.tar", members)
    if is_zip:
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for info, data in members:
                archive.writestr(info.name, data)

    for cap in (size + 1, size):
        monkeypatch.setitem(limits.CAP_BY_NAME, limit, cap)
        archives.unpack(path, tmp_path / f"out{cap}")
    monkeypatch.setitem(limits.CAP_BY_NAME, limit, size - 1)

    assert refusal(path, tmp_path / "out") == (
        f"{path.name} cannot be unpacked: expected at most {size - 1} {limit}, got {size}"
    )


def test_the_limit_of_unpacked_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_tar(tmp_path / "x.tar", [member("a", "x" * 5000)], "w:gz")
    with gzip.open(path) as stream:
        size = len(stream.read())
    # tarfile stops at the first block of zeros.
    read = next(n for n in range(0, size + 1, 512) if n >= 512 + 5120 + 512)

    for cap in (read + 1, read):
        monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes", cap)
        archives.unpack(path, tmp_path / f"out{cap}")
    monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes", read - 1)

    assert refusal(path, tmp_path / "out") == (
        f"x.tar cannot be unpacked: expected at most {read - 1} unpacked bytes, got {read}"
    )


@pytest.mark.parametrize("is_zip", [False, True], ids=["tar", "zip"])
def test_the_limit_of_the_ratio(
    is_zip: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_tar(tmp_path / "x.tar.gz", [member("a", "x" * 5000)], "w:gz")
    unpacked = 512 + 5120 + 512  # tarfile stops at the first block of zeros
    if is_zip:
        path, unpacked = tmp_path / "x.zip", 5000
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", "x" * unpacked)
    ratio = -(-unpacked // path.stat().st_size)
    # Below the limit without a ratio none is checked.
    monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes per packed byte", ratio - 1)
    monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes without a ratio", unpacked)
    archives.unpack(path, tmp_path / "small")

    monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes without a ratio", unpacked - 1)
    assert refusal(path, tmp_path / "out") == (
        f"{path.name} cannot be unpacked: "
        f"expected at most {ratio - 1} unpacked bytes per packed byte, got {ratio}"
    )
    for cap in (ratio, ratio + 1):
        monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes per packed byte", cap)
        archives.unpack(path, tmp_path / f"out{cap}")


@pytest.mark.parametrize("is_zip", [False, True], ids=["tar", "zip"])
def test_the_limit_of_file_names(is_zip: bool, tmp_path: Path) -> None:
    def make(size: int) -> Path:
        path = tmp_path / f"x{size}.{'zip' if is_zip else 'tar'}"
        if not is_zip:
            return make_tar(path, [member("a" * size)])
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a" * size, "")
        return path

    for size in (254, 255):
        archives.unpack(make(size), tmp_path / f"out{size}")
    path = make(256)

    assert refusal(path, tmp_path / "out") == (
        f"{path.name} cannot be unpacked: expected at most 255 file name bytes, got 256"
    )


def test_the_limit_of_member_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A pax header of more than 4096 bytes, read at once in whole blocks.
    path = make_tar(tmp_path / "x.tar", [member("a", pax_headers={"comment": "x" * 5000})])
    read = 5120

    for cap in (read + 1, read):
        monkeypatch.setitem(limits.CAP_BY_NAME, "member header bytes", cap)
        archives.unpack(path, tmp_path / f"out{cap}")
    monkeypatch.setitem(limits.CAP_BY_NAME, "member header bytes", read - 1)

    assert refusal(path, tmp_path / "out") == (
        f"x.tar cannot be unpacked: expected at most {read - 1} member header bytes, got {read}"
    )


def test_the_limit_of_an_xz_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_tar(tmp_path / "x.tar.xz", [member("a")], "w:xz")
    # What the decoder needs is the library's to say: the least with which it works is at the cap.
    least = bisect.bisect_left(
        range(1 << 26), 1, key=lambda memory: is_enough(path.read_bytes(), memory)
    )

    for cap in (least + 1, least):
        monkeypatch.setitem(limits.CAP_BY_NAME, "xz window bytes", cap)
        archives.unpack(path, tmp_path / f"out{cap}")
    monkeypatch.setitem(limits.CAP_BY_NAME, "xz window bytes", least - 1)

    assert refusal(path, tmp_path / "out") == (
        "x.tar.xz cannot be unpacked: Memory usage limit exceeded"
    )


def is_enough(data: bytes, memory: int) -> bool:
    try:
        lzma.decompress(data, format=lzma.FORMAT_XZ, memlimit=max(memory, 1))
    except lzma.LZMAError:
        return False
    return True


@pytest.mark.parametrize("suffix", ["tar.gz", "tar.xz", "zip"])
def test_an_archive_of_air_is_refused_early(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes without a ratio", 1_000_000)
    path = tmp_path / f"x.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", bytes(30_000_000))
    else:
        make_tar(path, [member("a", "\0" * 30_000_000)], f"w:{suffix[4:]}")

    message = refusal(path, tmp_path / "out")

    assert message.startswith(
        f"x.{suffix} cannot be unpacked: expected at most 250 unpacked bytes per packed byte, got "
    )
    written = sum(each.stat().st_size for each in (tmp_path / "out").rglob("*") if each.is_file())
    assert written < 30_000_000


def test_a_header_that_claims_a_gigabyte_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    (tmp_path / "x.tar").write_bytes(header.tobuf() + bytes(1024))

    assert refusal(tmp_path / "x.tar", tmp_path / "out") == (
        "x.tar cannot be unpacked: expected at most 16777216 member header bytes, got 1073741824"
    )


def test_an_xz_stream_with_a_huge_window_is_refused(tmp_path: Path) -> None:
    tar = make_tar(tmp_path / "x.tar", [member("a")]).read_bytes()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 28}]
    (tmp_path / "x.tar.xz").write_bytes(lzma.compress(tar, filters=filters))

    assert refusal(tmp_path / "x.tar.xz", tmp_path / "out") == (
        "x.tar.xz cannot be unpacked: Memory usage limit exceeded"
    )


def test_every_limit_has_a_reason_and_a_reader() -> None:
    sources = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))

    assert [name for name in limits.CAP_BY_NAME if f'"{name}"' not in sources] == []
    assert all(cap > 0 for cap in limits.CAP_BY_NAME.values())


# the house


def test_only_builds_and_toolchains_are_unpacked() -> None:
    # Whatever plans or reports reads single members: it may run where forks can send archives.
    unpackers = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
        and "unpack" in {getattr(node, "attr", ""), getattr(node, "id", "")}
        and ast.unparse(node) != "struct.unpack"
    }

    # A destination on a server keeps its state there as an archive of its own making.
    assert unpackers == {"builds", "destinations", "distributions", "toolchain"}


def test_no_other_code_unpacks_an_archive() -> None:
    unpackers = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"
            is_call = isinstance(node, ast.Attribute) and node.attr in {
                "extractall", "extract", "unpack_archive", "data_filter", "tar_filter",
                "fully_trusted_filter", "extraction_filter",
            }  # fmt: skip
            is_filter = isinstance(node, ast.keyword) and node.arg == "filter"
            unpackers += [name] if is_call or is_filter else []

    assert unpackers == []
