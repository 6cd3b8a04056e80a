"""
Answers that a real index gave, replayed: a few files of four projects, the host rewritten to
index.example.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.distributions import core_metadata
from matrix.index.client import Index
from matrix.index.page import PublishedFile

from .index_clients import client, files
from .scripted_server import ScriptedServer, answer

RECORDED = Path(__file__).parent / "data" / "index"
PROJECTS = ("mysqlclient", "requests", "six", "tomli")


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    """The recorded answers under the addresses that the index gave them."""
    with ScriptedServer.running() as replay:
        for path in sorted(RECORDED.iterdir()):
            body = path.read_bytes().replace(b"https://index.example/", replay.url.encode())
            if path.suffix == ".json":
                replay.answers[f"/simple/{path.stem}/"] = [answer(body)]
            elif path.suffix == ".metadata":
                replay.answers[f"/files/{path.name}"] = [answer(body, kind="text/plain")]
        yield replay


@pytest.fixture
def asked(script: ScriptedServer, tmp_path: Path) -> Iterator[Index]:
    with client(f"{script.url}simple/", tmp_path / "cache") as index:
        yield index


def named(index: Index, project: str, filename: str) -> PublishedFile:
    return index.find_file(canonicalize_name(project), filename)


@pytest.mark.parametrize("project", PROJECTS)
def test_every_recorded_file_is_read_as_it_is_listed(asked: Index, project: str) -> None:
    listed = json.loads((RECORDED / f"{project}.json").read_bytes())["files"]

    found = {file.filename: file for file in files(asked, canonicalize_name(project))}

    assert sorted(found) == sorted(entry["filename"] for entry in listed)
    for entry in listed:
        file = found[entry["filename"]]
        assert file.sha256 == entry["hashes"]["sha256"]
        assert file.size == entry["size"]
        assert file.requires_python == (entry["requires-python"] or "")
        assert file.is_yanked is bool(entry["yanked"])
        assert file.uploaded == entry["upload-time"][:19] + "Z"
        assert file.url.endswith(f"/files/{file.filename}")
        assert file.is_wheel is file.filename.endswith(".whl")


def test_releases_stand_newest_first(asked: Index) -> None:
    page = asked.fetch_page(canonicalize_name("requests"))

    assert page is not None
    assert list(page.releases) == [Version(v) for v in ("2.32.3", "2.32.0", "2.27.1", "0.2.0")]


def test_a_withdrawn_release_is_marked(asked: Index) -> None:
    page = asked.fetch_page(canonicalize_name("requests"))

    assert page is not None
    yanked = [v for v, found in page.releases.items() if all(file.is_yanked for file in found)]
    assert yanked == [Version("2.32.0")]


def test_a_wheel_of_several_platforms_has_all_their_tags(asked: Index) -> None:
    several = (
        "tomli-2.2.1-cp312-cp312-"
        "manylinux_2_5_i686.manylinux1_i686.manylinux_2_17_i686.manylinux2014_i686.whl"
    )

    assert sorted(map(str, named(asked, "tomli", several).tags)) == [
        "cp312-cp312-manylinux1_i686",
        "cp312-cp312-manylinux2014_i686",
        "cp312-cp312-manylinux_2_17_i686",
        "cp312-cp312-manylinux_2_5_i686",
    ]


def test_html_tells_the_same_but_sizes_and_times(
    script: ScriptedServer, asked: Index, tmp_path: Path
) -> None:
    project = canonicalize_name("requests")
    in_json = files(asked, project)
    html = (RECORDED / "requests.html").read_bytes()
    body = html.replace(b"https://index.example/", script.url.encode())
    script.answers["/simple/requests/"] = [answer(body, kind="text/html")]
    with client(f"{script.url}simple/", tmp_path / "another") as other:
        in_html = files(other, project)

    def facts(file: PublishedFile) -> tuple[object, ...]:
        return file.filename, file.url, file.sha256, file.requires_python, file.is_yanked, file.tags

    assert [facts(file) for file in in_html] == [facts(file) for file in in_json]
    assert {(file.size, file.uploaded) for file in in_html} == {(0, "")}


def test_metadata_beside_a_wheel_is_read(script: ScriptedServer, asked: Index) -> None:
    # The index that was recorded offers none; this is how one does that does (PEP 714).
    (body,) = script.answers["/simple/requests/"]
    page = json.loads(body.partition(b"\r\n\r\n")[2])
    for entry in page["files"]:
        entry["core-metadata"] = entry["filename"].endswith(".whl")
    script.answers["/simple/requests/"] = [answer(json.dumps(page).encode())]
    wheel = named(asked, "requests", "requests-2.32.3-py3-none-any.whl")

    read = core_metadata.parse(asked.fetch_metadata(wheel))

    assert read.version == Version("2.32.3")
    assert str(read.requires_python) == ">=3.8"
    assert read.requires_dist[:4] == (
        Requirement("charset-normalizer<4,>=2"),
        Requirement("idna<4,>=2.5"),
        Requirement("urllib3<3,>=1.21.1"),
        Requirement("certifi>=2017.4.17"),
    )
    assert sorted(read.extras) == ["security", "socks", "use-chardet-on-py3"]
