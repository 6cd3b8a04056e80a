"""Whatever an sdist holds, reading it gives a value or InvalidSdist, and nothing on stderr."""

import gzip
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement

from matrix.distributions import core_metadata, requirement, requires_python, sdist, source_build
from matrix.distributions.core_metadata import InvalidMetadata
from matrix.distributions.sdist import Excerpt, InvalidSdist
from matrix.edge import limits

from .attack_archives import make_tar, member, symlink

PKG_INFO = "Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n\n"
HATCH = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def excerpt(**texts: str) -> Excerpt:
    return Excerpt(
        filename="odd-1.0.tar.gz",
        pkg_info=texts.get("pkg_info", PKG_INFO),
        requires_txt=texts.get("requires_txt"),
        setup_py=texts.get("setup_py"),
        setup_cfg=texts.get("setup_cfg"),
        pyproject=texts.get("pyproject"),
        compiles=False,
    )


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(InvalidSdist) as caught:
        call()
    return str(caught.value)


# archives


def test_a_damaged_checksum_is_named(tmp_path: Path) -> None:
    path = tmp_path / "odd-1.0.tar.gz"
    tar = make_tar(tmp_path / "x", [member("odd-1.0/PKG-INFO", PKG_INFO)]).read_bytes()
    packed = bytearray(gzip.compress(tar[:1024], mtime=0))
    packed[-8] ^= 1
    path.write_bytes(packed)

    assert refusal(lambda: sdist.read_excerpt(path)).startswith(
        "odd-1.0.tar.gz cannot be read: CRC check failed"
    )


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_of_a_zip_is_named(compression: int, tmp_path: Path) -> None:
    path = tmp_path / "odd-1.0.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("odd-1.0/PKG-INFO", PKG_INFO)
    packed = bytearray(path.read_bytes())
    start = packed.index(b"PKG-INFO") + len(b"PKG-INFO")
    packed[start + 12 : start + 30] = bytes(18)
    path.write_bytes(packed)

    assert refusal(lambda: sdist.read_excerpt(path)).startswith("odd-1.0.zip cannot be read: ")


@pytest.mark.parametrize(
    "headers",
    [
        {"GNU.sparse.map": "a,b", "GNU.sparse.size": "zz"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"},
        {"size": "x"},
    ],
    ids=["map", "version", "size"],
)
def test_odd_headers_of_a_tar_are_named(headers: dict[str, str], tmp_path: Path) -> None:
    odd = member("odd-1.0/odd", "1", pax_headers=headers)
    path = make_tar(
        tmp_path / "odd-1.0.tar.gz", [member("odd-1.0/PKG-INFO", PKG_INFO), odd], "w:gz"
    )

    assert refusal(lambda: sdist.unpack(path, tmp_path / "out")).startswith(
        "odd-1.0.tar.gz cannot "
    )


def test_a_pkg_info_that_links_to_nothing_is_none(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "odd-1.0.tar.gz", [symlink("odd-1.0/PKG-INFO", "lost")], "w:gz")

    assert sdist.read_pkg_info(path) is None
    assert refusal(lambda: sdist.read_metadata(path)) == "odd-1.0.tar.gz has no PKG-INFO"


@pytest.mark.parametrize("name", [".", "//", "a//../../b"])
def test_a_zip_member_without_a_plain_name_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / "odd-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("odd-1.0/PKG-INFO", PKG_INFO)
        archive.writestr(name, "")

    assert refusal(lambda: sdist.unpack(path, tmp_path / "out")).startswith(
        "odd-1.0.zip cannot be "
    )
    assert not list(tmp_path.glob("b"))


def test_the_limit_of_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [member("odd-1.0/PKG-INFO", PKG_INFO), member("odd-1.0/setup.py", "#" * 100)]
    path = make_tar(tmp_path / "odd-1.0.tar.gz", members, "w:gz")

    for cap in (101, 100):
        monkeypatch.setitem(limits.CAP_BY_NAME, "sdist text bytes", cap)
        sdist.read_excerpt(path)
    monkeypatch.setitem(limits.CAP_BY_NAME, "sdist text bytes", 99)

    assert refusal(lambda: sdist.read_excerpt(path)) == (
        "odd-1.0.tar.gz: odd-1.0/setup.py: expected at most 99 sdist text bytes, got 100"
    )


def test_reading_follows_no_directory_named_like_a_file(tmp_path: Path) -> None:
    directory = member("odd-1.0/setup.py", type=tarfile.DIRTYPE)
    members = [member("odd-1.0/PKG-INFO", PKG_INFO), directory]
    path = make_tar(tmp_path / "odd-1.0.tar.gz", members, "w:gz")

    assert sdist.read_excerpt(path).setup_py is None


# texts


ODD_PYPROJECTS = {
    "deep": ("a = " + "[" * 5000, "odd-1.0.tar.gz has an unusable pyproject.toml: "),
    "long-number": ("a = " + "1" * 5000, "odd-1.0.tar.gz has an unusable pyproject.toml: "),
    "no-table": ("build-system = 1", "odd-1.0.tar.gz has an unusable [build-system]"),
    "long-requirement": (
        f'[build-system]\nrequires = ["a=={"1" * 5000}"]',
        "odd-1.0.tar.gz has an unusable build requirement: expected at most 100 digits of a number",
    ),
}


@pytest.mark.parametrize(("text", "reason"), ODD_PYPROJECTS.values(), ids=ODD_PYPROJECTS)
def test_an_odd_pyproject_is_refused(text: str, reason: str) -> None:
    assert refusal(lambda: source_build.read_build_requires(excerpt(pyproject=text))).startswith(
        reason
    )


@pytest.mark.parametrize(
    "text",
    [
        "tool = 1\n",
        "[tool]\nhatch = 1\n",
        "[tool.hatch.build]\nhooks = [1]\n",
        "[tool.hatch.build.targets]\nwheel = 'x'\n",
        "[tool]\npdm = 1\n",
        "[tool.poetry]\nbuild = 'build.py'\n",
    ],
)
def test_settings_that_cannot_be_read_make_no_pure_wheel(text: str) -> None:
    assert source_build.is_pure(excerpt(pyproject=HATCH)) is True
    top, table = (text, HATCH) if text.startswith("tool") else ("", HATCH + text)
    assert source_build.is_pure(excerpt(pyproject=top + table)) is False


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".b" * 100_000,
        "1+" * 100_000 + "1",
        "-" * 100_000 + "1",
        "(" * 10_000,
        "\0",
        "print 1",
    ],
    ids=["attributes", "sums", "signs", "brackets", "nul", "python-2"],
)
def test_an_odd_setup_py_states_nothing(text: str) -> None:
    setup_py = f"{text}\nsetup(setup_requires=['six'])\n"

    assert [str(r) for r in source_build.read_build_requires(excerpt(setup_py=setup_py))][2:] in (
        [], ["six"],
    )  # fmt: skip


@pytest.mark.filterwarnings("error")
def test_a_setup_py_of_old_strings_causes_no_warning(
    capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    setup_py = "re = '\\d' is 1\nsetup(setup_requires=['six'])\n"

    requires = source_build.read_build_requires(excerpt(setup_py=setup_py))

    assert [str(each) for each in requires] == ["setuptools", "wheel", "six"]
    assert capfd.readouterr().err == ""
    assert list(recwarn) == []


ODD_REQUIRES = {
    "deep": f"a; {'(' * 3000}os_name == 'x'{')' * 3000}",
    "marker": "[x:os_name ~~ 'y']\na",
    "long": f"a; os_name == '{'x' * 10_000}'",
    "number": f"a=={'1' * 5000}",
    "many": "a\n" * 10_002,
    "section": f"[x:os_name == '{'y' * 9000}']\n" + "a\n" * 200,
}


@pytest.mark.parametrize("text", ODD_REQUIRES.values(), ids=ODD_REQUIRES)
def test_an_odd_requires_txt_is_refused(text: str) -> None:
    assert refusal(lambda: sdist.parse_metadata(excerpt(requires_txt=text))).startswith(
        "odd-1.0.tar.gz has an unusable requires.txt: "
    )


# core metadata


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (f"Version: {'1' * 5000}", "expected at most 100 digits of a number, got 5000"),
        (f"Requires-Python: >={'1' * 5000}", "expected at most 100 digits of a number, got 5000"),
        (
            f"Requires-Python: >={'1.' * 5000}",
            "expected at most 10000 requirement characters, got ",
        ),
        (f"Metadata-Version: {'1' * 101}", "expected at most 100 digits of a number, got 101"),
        (f"Requires-Dist: a; {'(' * 4000}", ""),
        ("Provides-Extra: a\n" * 1001, "expected at most 1000 extras, got 1001"),
        ("Requires-Dist: a\n" * 10_001, "expected at most 10000 requirements, got 10001"),
    ],
    ids=["version", "python", "long-python", "metadata-version", "deep", "extras", "requirements"],
)
def test_odd_core_metadata_are_refused(field: str, reason: str) -> None:
    name = field.partition(":")[0]
    headers = {"Metadata-Version": "2.1", "Name": "a", "Version": "1"}
    headers.pop(name, None)
    text = "".join(f"{key}: {value}\n" for key, value in headers.items())

    with pytest.raises(InvalidMetadata) as caught:
        core_metadata.parse(f"{text}{field}\n".encode())

    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("limit", "line"), [("extras", "Provides-Extra: a"), ("requirements", "Requires-Dist: a")]
)
def test_limits_of_core_metadata(limit: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = f"Metadata-Version: 2.1\nName: a\nVersion: 1\n{line}\n{line}\n{line}\n".encode()

    for cap in (4, 3):
        monkeypatch.setitem(limits.CAP_BY_NAME, limit, cap)
        core_metadata.parse(data)
    monkeypatch.setitem(limits.CAP_BY_NAME, limit, 2)

    with pytest.raises(InvalidMetadata, match=f"^expected at most 2 {limit}, got 3$"):
        core_metadata.parse(data)


@pytest.mark.parametrize(("limit", "text"), [
    ("requirement characters", "a>=1.2345"), ("digits of a number", "a>=123456789"),
])  # fmt: skip
def test_limits_of_a_requirement(limit: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for cap in (10, 9):
        monkeypatch.setitem(limits.CAP_BY_NAME, limit, cap)
        requirement.parse(text)
    monkeypatch.setitem(limits.CAP_BY_NAME, limit, 8)

    with pytest.raises(InvalidRequirement, match=f"^expected at most 8 {limit}, got 9$"):
        requirement.parse(text)


def test_a_specifier_beyond_the_limits_counts_as_unreadable() -> None:
    assert str(requires_python.parse(f">={'1' * 5000}")) == ""
