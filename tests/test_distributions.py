import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from matrix.distributions import sdist, wheel
from matrix.distributions.sdist import InvalidSdist
from matrix.distributions.wheel import InvalidWheel

from .wheels import make_sdist, make_wheel, metadata


def test_a_wheel_tells_its_name_metadata_and_digest(tmp_path: Path) -> None:
    path = make_wheel(
        tmp_path, "my-app", "1.10", requires=["six>=1"], requires_python=">=3.9", build="2b"
    )

    read = wheel.read(path)

    assert (read.project, str(read.version), read.build) == ("my-app", "1.10", (2, "b"))
    assert [str(requirement) for requirement in read.metadata.requires_dist] == ["six>=1"]
    assert str(read.metadata.requires_python) == ">=3.9"
    assert sorted(map(str, read.tags)) == ["py2-none-any", "py3-none-any"]
    assert read.size == path.stat().st_size
    assert read.top_level == ("my_app",)


@pytest.mark.parametrize(
    ("members", "modules"),
    [
        pytest.param(["six.py"], ("six",), id="module"),
        pytest.param(["yaml/__init__.py", "yaml/a/b.py"], ("yaml",), id="directory"),
        pytest.param(["_x.cpython-312-x86_64-linux-gnu.so"], ("_x",), id="linux-extension"),
        pytest.param(["_x.cp312-win_amd64.pyd"], ("_x",), id="windows-extension"),
        pytest.param(["_x.so"], ("_x",), id="extension-of-2.7"),
        pytest.param(["google/protobuf/__init__.py"], ("google",), id="namespace"),
        pytest.param(["a-1.data/platlib/deep/m.py"], ("deep",), id="platlib"),
        pytest.param(["a-1.data/scripts/run.py"], (), id="scripts"),
        pytest.param(["numpy.libs/libz.so", "x.pth", "py.typed"], (), id="no-module"),
    ],
)
def test_top_level_modules_are_found_by_their_files(
    members: list[str], modules: tuple[str, ...]
) -> None:
    assert wheel.top_level(members) == modules


def test_a_member_that_the_record_does_not_list_is_named(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "app", "1.0")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra.py", "")

    with pytest.raises(InvalidWheel) as caught:
        wheel.read(path)

    assert str(caught.value) == (
        "app-1.0-py2.py3-none-any.whl holds 'extra.py', which its RECORD does not list"
    )


def test_a_record_that_lists_what_is_not_there_is_named(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "app", "1.0", members={}, record="gone.py,sha256=x,1\n")

    with pytest.raises(InvalidWheel) as caught:
        wheel.read(path)

    assert str(caught.value) == (
        "app-1.0-py2.py3-none-any.whl lacks 'gone.py', which its RECORD lists"
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(
            "app.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,2",
            "'app.py' in app-1.0-py2.py3-none-any.whl is not what its RECORD says",
            id="digest",
        ),
        pytest.param(
            "app.py,sha256=x,9",
            "expected 9 bytes of 'app.py' in app-1.0-py2.py3-none-any.whl, got 2",
            id="size",
        ),
        pytest.param(
            "app.py,md5=x,2",
            "expected a sha256 for 'app.py' in app-1.0-py2.py3-none-any.whl, got md5=x",
            id="md5",
        ),
        pytest.param(
            "app.py,,",
            "expected a sha256 for 'app.py' in app-1.0-py2.py3-none-any.whl, got no digest",
            id="no-digest",
        ),
        pytest.param(
            "app.py,sha256=x,2\napp.py,sha256=x,2",
            "app-1.0-py2.py3-none-any.whl: RECORD lists 'app.py' twice",
            id="twice",
        ),
        pytest.param(
            "app.py",
            "app-1.0-py2.py3-none-any.whl: a RECORD line is not path,digest,size: ['app.py']",
            id="columns",
        ),
    ],
)
def test_a_record_that_differs_from_the_bytes_is_named(tmp_path: Path, row: str, said: str) -> None:
    path = make_wheel(tmp_path, "app", "1.0", members={"app.py": "#\n"}, record=f"{row}\n")

    with pytest.raises(InvalidWheel) as caught:
        wheel.read(path)

    assert str(caught.value) == said


def test_a_digest_s_algorithm_may_be_written_in_capitals(tmp_path: Path) -> None:
    # The tools of Python 2 did: docopt 0.6.2, built by 2.7.
    row = "app.py,SHA256=MsSFjiLMLJZ7QhUPpVBWKiyDnCzryquRyr329NoCACI,2\n"
    path = make_wheel(tmp_path, "app", "1.0", members={"app.py": "#\n"}, record=row)

    assert wheel.read(path).top_level == ("app",)


def test_metadata_of_another_release_is_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "app", "1.0", stated=metadata("app", "2.0"))

    with pytest.raises(InvalidWheel) as caught:
        wheel.read(path)

    assert str(caught.value) == (
        "expected METADATA of app 1.0 in app-1.0-py2.py3-none-any.whl, got app 2.0"
    )


def test_a_wheel_that_was_renamed_is_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "app", "1.0")
    renamed = path.rename(tmp_path / "app-2.0-py3-none-any.whl")

    with pytest.raises(InvalidWheel) as caught:
        wheel.read(renamed)

    assert str(caught.value) == (
        "expected the .dist-info of app 2.0 in app-2.0-py3-none-any.whl, got app-1.0.dist-info"
    )


@pytest.mark.parametrize("name", ["../out.py", "/etc/out.py", "a\\b.py", "c:out.py"])
def test_a_member_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    path = make_wheel(tmp_path, "app", "1.0", members={name: ""})

    with pytest.raises(InvalidWheel) as caught:
        wheel.read(path)

    assert str(caught.value) == (
        f"app-1.0-py2.py3-none-any.whl has a member that leads out of it: {name!r}"
    )


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app-1.0-py3-none-any.whl"
    path.write_bytes(b"<html>")

    with pytest.raises(InvalidWheel) as caught:
        wheel.read(path)

    assert str(caught.value) == (
        "app-1.0-py3-none-any.whl is not a readable zip archive: File is not a zip file"
    )


def test_a_truncated_wheel_is_refused(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "app", "1.0")
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(InvalidWheel, match="is not a readable zip archive"):
        wheel.read(path)


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz", ".tar.bz2", ".zip"])
def test_an_sdist_unpacks_to_its_top_directory(tmp_path: Path, suffix: str) -> None:
    path = make_sdist(tmp_path, "my-app", "1.0", members={"setup.py": "#\n"}, suffix=suffix)

    top = sdist.unpack(path, tmp_path / "out")

    assert top == tmp_path / "out" / "my_app-1.0"
    assert (top / "setup.py").read_text() == "#\n"
    assert sdist.read_metadata(path).metadata.project == "my-app"


def test_static_metadata_states_the_requirements(tmp_path: Path) -> None:
    stated = "Metadata-Version: 2.2\nName: app\nVersion: 1.0\nRequires-Dist: six\n\n"
    path = make_sdist(
        tmp_path, "app", "1.0", stated=stated, members={"app.egg-info/requires.txt": "other\n"}
    )

    read = sdist.read_metadata(path)

    assert ([str(r) for r in read.declared_requirements], read.is_certain) == (["six"], True)


def test_sections_of_requires_txt_become_markers(tmp_path: Path) -> None:
    text = (
        "six>=1\n\n"
        "[:python_version < '3']\nfutures\n\n"
        "[tls]\npyopenssl; os_name == 'nt' or os_name == 'posix'\n\n"
        "[Big_One:python_version < '3']\nenum34\n"
    )
    path = make_sdist(tmp_path, "app", "1.0", members={"src/app.egg-info/requires.txt": text})

    read = sdist.read_metadata(path)

    assert [str(requirement) for requirement in read.declared_requirements] == [
        "six>=1",
        'futures; python_version < "3"',
        'pyopenssl; (os_name == "nt" or os_name == "posix") and extra == "tls"',
        'enum34; python_version < "3" and extra == "big-one"',
    ]


def test_the_egg_info_of_another_project_is_not_asked(tmp_path: Path) -> None:
    members = {"vendor/six.egg-info/requires.txt": "evil\n", "app.egg-info/PKG-INFO": ""}
    path = make_sdist(tmp_path, "app", "1.0", members=members)

    read = sdist.read_metadata(path)

    assert (read.declared_requirements, read.is_certain) == ((), True)


def test_without_egg_info_nothing_is_certain(tmp_path: Path) -> None:
    path = make_sdist(tmp_path, "app", "1.0")

    read = sdist.read_metadata(path)

    assert (read.declared_requirements, read.is_certain) == ((), False)


def test_an_sdist_without_pkg_info_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app-1.0/setup.py", "")

    with pytest.raises(InvalidSdist) as caught:
        sdist.read_metadata(path)

    assert str(caught.value) == "app-1.0.zip has no PKG-INFO"


def test_an_sdist_with_two_top_directories_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app-1.0/PKG-INFO", "")
        archive.writestr("other/PKG-INFO", "")

    with pytest.raises(InvalidSdist) as caught:
        sdist.unpack(path, tmp_path / "out")

    assert str(caught.value) == "expected one top directory in app-1.0.zip, got app-1.0, other"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "link", "reason"),
    [
        pytest.param(
            "app-1.0/../../out.py",
            "",
            "cannot be read: member 'app-1.0/../../out.py' leads out of the archive",
            id="dots",
        ),
        pytest.param(
            "app-1.0/link",
            "../elsewhere",
            "cannot be unpacked: member 'app-1.0/link' links to '../elsewhere', not plainly inside "
            "the archive",
            id="link-beside-the-top",
        ),
    ],
)
def test_a_tar_that_leads_out_writes_nothing_there(
    tmp_path: Path, name: str, link: str, reason: str
) -> None:
    path = tmp_path / "app-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(name)
        if link:
            info.type, info.linkname = tarfile.SYMTYPE, link
        tar.addfile(info, io.BytesIO())

    with pytest.raises(InvalidSdist) as caught:
        sdist.unpack(path, tmp_path / "deep" / "out")

    assert str(caught.value) == f"app-1.0.tar.gz {reason}"
    assert {path.name for path in tmp_path.iterdir()} <= {"app-1.0.tar.gz", "deep"}
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_a_zip_that_leads_out_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app-1.0/../../out.py", "")

    with pytest.raises(InvalidSdist) as caught:
        sdist.unpack(path, tmp_path / "out")

    assert str(caught.value) == (
        "app-1.0.zip cannot be read: member 'app-1.0/../../out.py' leads out of the archive"
    )


def test_a_file_that_is_no_sdist_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app-1.0.exe"

    with pytest.raises(InvalidSdist) as caught:
        sdist.read_metadata(path)

    assert str(caught.value) == "expected one of .tar.gz, .tgz, .tar.bz2, .zip, got 'app-1.0.exe'"
