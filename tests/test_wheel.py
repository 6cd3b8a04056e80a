"""What pip refuses in a wheel is refused here too, and nothing else than InvalidWheel comes out."""

import io
import re
import sys
import zipfile
from pathlib import Path

import pytest

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.edge import limits

from .odd_wheel_cases import make_cases
from .odd_wheels import (
    FILENAME,
    INFO,
    METADATA,
    damage_member,
    make_members,
    mark_utf8,
    move_directory,
    rename_member,
    zip_members,
)
from .pip_verdicts import EXPLAINED, install, judge

GOOD = zip_members(make_members())


def refusal(data: bytes, filename: str = FILENAME) -> str:
    with pytest.raises(InvalidWheel) as caught:
        wheel.read_stream(io.BytesIO(data), filename=filename)
    return str(caught.value)


def test_a_wheel_is_read_from_its_bytes() -> None:
    read = wheel.read_stream(io.BytesIO(GOOD), filename=FILENAME)

    assert (read.project, str(read.version), read.top_level) == ("odd", "1.0", ("odd",))
    assert (read.size, read.metadata_bytes) == (len(GOOD), METADATA)


# what pip refuses


ENTRY = "entry_points.txt has a line that is no entry point: "
REFUSED: dict[str, tuple[dict[str, bytes], str]] = {
    "no-wheel-file": (
        make_members(without=[f"{INFO}/WHEEL"]), f"{FILENAME} has no {INFO}/WHEEL",
    ),
    "wheel-version-9": (
        make_members(WHEEL=b"Wheel-Version: 9.0\n"),
        f"{FILENAME}: expected one Wheel-Version 1.x in WHEEL, got ['9.0']",
    ),
    "no-wheel-version": (
        make_members(WHEEL=b"Tag: py3-none-any\n"),
        f"{FILENAME}: expected one Wheel-Version 1.x in WHEEL, got none",
    ),
    "two-wheel-versions": (
        make_members(WHEEL=b"Wheel-Version: 1.0\nwheel-version: 1.1\n"),
        f"{FILENAME}: expected one Wheel-Version 1.x in WHEEL, got ['1.0', '1.1']",
    ),
    "wheel-version-in-the-body": (
        make_members(WHEEL=b"Tag: x\n\nWheel-Version: 1.0\n"),
        f"{FILENAME}: expected one Wheel-Version 1.x in WHEEL, got none",
    ),
    "wheel-file-not-utf-8": (
        make_members(WHEEL=b"Wheel-Version: 1.0\nTag: \xff\n"),
        (f"{FILENAME}: WHEEL cannot be read: 'utf-8' codec can't decode byte 0xff in position 24: "
        "invalid start byte"),
    ),
    "metadata-not-utf-8": (
        make_members(METADATA=METADATA + b"caf\xe9\n"),
        f"{FILENAME} has METADATA that is not UTF-8",
    ),
    "entry-point-without-value": (
        make_members(entry_points_txt=b"[console_scripts]\nodd =\n"),
        f"{FILENAME}: {ENTRY}'odd ='",
    ),
    "entry-point-without-name": (
        make_members(entry_points_txt=b"[console_scripts]\n= odd:main\n"),
        f"{FILENAME}: {ENTRY}'= odd:main'",
    ),
    "entry-point-without-callable": (
        make_members(entry_points_txt=b"[console_scripts]\nodd = odd\n"),
        f"{FILENAME}: {ENTRY}'odd = odd'",
    ),
    "entry-point-without-group": (
        make_members(entry_points_txt=b"odd = odd:main\n"), f"{FILENAME}: {ENTRY}'odd = odd:main'",
    ),
    "entry-point-with-blanks": (
        make_members(entry_points_txt=b"[console_scripts]\nodd = odd : main\n"),
        f"{FILENAME}: {ENTRY}'odd = odd : main'",
    ),
    "entry-point-with-open-extras": (
        make_members(entry_points_txt=b"[console_scripts]\nodd = odd:main [\n"),
        f"{FILENAME}: {ENTRY}'odd = odd:main ['",
    ),
    "entry-point-in-brackets": (
        make_members(entry_points_txt=b"[console_scripts]\n[x] = odd:main\n"),
        f"{FILENAME}: {ENTRY}'[x] = odd:main'",
    ),
    "entry-point-with-a-path": (
        make_members(entry_points_txt=b"[console_scripts]\n../x = odd:main\n"),
        f"{FILENAME}: {ENTRY}'../x = odd:main'",
    ),
    "entry-point-of-words": (
        make_members(entry_points_txt=b"[other]\nodd = any words\n"),
        f"{FILENAME}: {ENTRY}'odd = any words'",
    ),
    "semicolon-is-no-comment": (
        make_members(entry_points_txt=b"[other]\n; x\n"), f"{FILENAME}: {ENTRY}'; x'",
    ),
    "group-twice": (
        make_members(entry_points_txt=b"[a]\n[a]\n"),
        f"{FILENAME}: entry_points.txt has two groups 'a'",
    ),
    "entry-point-twice": (
        make_members(entry_points_txt=b"[a]\nb = c\nb = d\n"),
        f"{FILENAME}: entry_points.txt has two entry points 'b' in 'a'",
    ),
    "record-with-a-blank-line": (
        make_members(RECORD=b"\n"), f"{FILENAME}: a RECORD line is not path,digest,size: []",
    ),
    "long-name": (
        make_members({"x" * 256: b""}),
        f"{FILENAME}: expected at most 255 file name bytes, got 256",
    ),
    "unknown-scheme": (
        make_members({"odd-1.0.data/nonsense/x": b""}),
        ("expected a path below one of data, headers, platlib, purelib, scripts in odd-1.0.data of "
        f"{FILENAME}, got 'odd-1.0.data/nonsense/x'"),
    ),
    "file-for-a-scheme": (
        make_members({"odd-1.0.data/scripts": b""}),
        ("expected a path below one of data, headers, platlib, purelib, scripts in odd-1.0.data of "
        f"{FILENAME}, got 'odd-1.0.data/scripts'"),
    ),
    "directory-of-an-unknown-scheme": (
        make_members({"odd-1.0.data/nonsense/": b""}),
        (
            "expected a path below one of data, headers, platlib, purelib, scripts in odd-1.0.data "
            f"of {FILENAME}, got 'odd-1.0.data/nonsense/'"
        ),
    ),
    "file-beside-its-directory": (
        make_members({"evil": b"", "evil/x.py": b""}),
        f"{FILENAME} has a file and a directory named 'evil'",
    ),
    "file-beside-an-empty-directory": (
        make_members({"evil": b"", "evil/": b""}),
        f"{FILENAME} has a file and a directory named 'evil'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("members", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_pip_refuses_is_refused(members: dict[str, bytes], reason: str) -> None:
    assert refusal(zip_members(members)) == reason


@pytest.mark.parametrize(
    "text",
    [
        "[console_scripts]\nodd = odd:main\nodd2=odd.a:b.c [x]\n",
        "# a comment\n[group.of:any kind]\nname with blanks = a.b : c [d]\n",
        "",
    ],
    ids=["scripts", "other-groups", "empty"],
)
def test_entry_points_that_pip_takes(text: str) -> None:
    data = zip_members(make_members(entry_points_txt=text.encode()))

    assert wheel.read_stream(io.BytesIO(data), filename=FILENAME).project == "odd"


def test_files_of_every_scheme_are_taken() -> None:
    schemes = ["purelib", "platlib", "headers", "scripts", "data"]
    data = zip_members(make_members({f"odd-1.0.data/{name}/x": b"" for name in schemes}))

    assert wheel.read_stream(io.BytesIO(data), filename=FILENAME).top_level == ("odd",)


def test_directories_of_data_are_taken() -> None:
    data = zip_members(make_members({"odd-1.0.data/": b"", "odd-1.0.data/data/": b""}))

    assert wheel.read_stream(io.BytesIO(data), filename=FILENAME).top_level == ("odd",)


def test_what_this_pip_refuses_is_refused(tmp_path: Path) -> None:
    # All cases and all pips of this machine: python -m tests.pip_verdicts
    cases = dict(list(make_cases().items())[::9])

    verdicts = install(sys.executable, cases, tmp_path)

    refusals = judge(cases)
    assert sum(verdicts.values()) > 5
    missed = {name for name in cases if not refusals[name] and not verdicts[name]}
    assert missed <= EXPLAINED.keys()


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_python_2_lacks_is_refused(compression: int) -> None:
    assert refusal(zip_members(make_members(), compression)) == (
        f"expected 'odd.py' in {FILENAME} to be stored or deflated, got compression {compression}"
    )


# damage


DAMAGED = {
    "not-a-zip": b"<html>",
    "empty": b"",
    "far-directory": move_directory(GOOD, 0x7FFFFFFF),
    "near-directory": move_directory(GOOD, 5),
    "deflated": damage_member(GOOD),
    "name-not-utf-8": mark_utf8(rename_member(GOOD, b"odd.py", b"o\xff\xff.py")),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damage_is_named(data: bytes) -> None:
    assert re.match(rf"{FILENAME}( is not a readable zip archive)?: ", refusal(data))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b".", "whose name is no plain path"),
        (b"./odd.py", "whose name is no plain path"),
        (b"a//b", "whose name is no plain path"),
        (b"//", "that leads out of it"),
        (b"a/../../b", "that leads out of it"),
        (b"c:x", "that leads out of it"),
    ],
)
def test_a_member_without_a_plain_name_is_refused(name: bytes, kind: str) -> None:
    data = zip_members([*make_members().items(), (name.decode(), b"")])

    assert refusal(data) == f"{FILENAME} has a member {kind}: {name.decode()!r}"


def test_an_empty_member_name_is_refused() -> None:
    data = zip_members([*make_members().items(), ("", b"")])

    assert refusal(data) == f"{FILENAME} has a member whose name is no plain path: ''"


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        (f"odd-{'1' * 5000}-py3-none-any.whl", "at most 255 wheel filename characters, got 5021"),
        (f"odd-1-{'1' * 300}-py3-none-any.whl", "at most 255 wheel filename characters, got 323"),
        (
            f"odd-1-{'.'.join('abcdefghijk')}-{'.'.join('abcdefghij')}-{'.'.join('abcdefghij')}.whl",
            "at most 1000 tags of a wheel, got 1100",
        ),
    ],
    ids=["version", "build", "tags"],
)
def test_a_filename_has_limits(filename: str, reason: str) -> None:
    with pytest.raises(InvalidWheel) as caught:
        wheel.parse_filename(filename)

    assert str(caught.value) == f"expected {reason}"


# limits


LIMITED = make_members(
    {"a/b/c.py": b""}, without=["odd.py"], entry_points_txt=b"[x]\n" + b"#" * 196
)


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        ("members", 5),
        ("path levels", 3),
        ("member name bytes", len("odd-1.0.dist-info/entry_points.txt")),
        ("METADATA bytes", len(METADATA)),
        ("RECORD bytes", len(LIMITED[f"{INFO}/RECORD"])),
        ("wheel text bytes", 200),
        ("unpacked bytes", sum(map(len, LIMITED.values()))),
    ],
)
def test_limits_of_a_wheel(limit: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zip_members(LIMITED)

    for cap in (size + 1, size):
        monkeypatch.setitem(limits.CAP_BY_NAME, limit, cap)
        wheel.read_stream(io.BytesIO(data), filename=FILENAME)
    monkeypatch.setitem(limits.CAP_BY_NAME, limit, size - 1)

    assert refusal(data) == f"{FILENAME}: expected at most {size - 1} {limit}, got {size}"


def test_the_limit_of_the_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zip_members(make_members({"zeros": bytes(200_000)}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
    packed, unpacked = (
        sum(info.compress_size for info in infos), sum(info.file_size for info in infos)
    )  # fmt: skip
    ratio = -(-unpacked // packed)
    monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes without a ratio", unpacked - 1)

    for cap in (ratio + 1, ratio):
        monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes per packed byte", cap)
        wheel.read_stream(io.BytesIO(data), filename=FILENAME)
    monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes per packed byte", ratio - 1)

    assert refusal(data) == (
        f"{FILENAME} is not a readable zip archive: "
        f"expected at most {ratio - 1} unpacked bytes per packed byte, got {ratio}"
    )


def test_the_limit_of_file_names() -> None:
    for size in (254, 255):
        data = zip_members(make_members({"a" * size: b""}))
        wheel.read_stream(io.BytesIO(data), filename=FILENAME)

    assert refusal(zip_members(make_members({"a" * 256: b""}))) == (
        f"{FILENAME}: expected at most 255 file name bytes, got 256"
    )


def test_a_wheel_of_air_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.CAP_BY_NAME, "unpacked bytes without a ratio", 1_000_000)
    data = zip_members(make_members({"zeros": bytes(2_000_000)}))

    assert "expected at most 250 unpacked bytes per packed byte, got " in refusal(data)


def test_the_digest_is_that_of_the_checked_bytes(tmp_path: Path) -> None:
    path = tmp_path / FILENAME
    path.write_bytes(GOOD)

    with path.open("rb") as stream:
        path.unlink()
        path.write_bytes(b"exchanged meanwhile")
        read = wheel.read_stream(stream, filename=FILENAME)

    assert read.size == len(GOOD)
