"""A page of the Simple API, read no further than somebody looks."""

import pytest
from packaging.version import Version

from matrix.index import page as pages
from matrix.index.listing import ListedFile

from .index_clients import SIX
from .scripted_server import JSON, listed, page

URL = "https://index.example/simple/six/"
WHEEL = "six-1.10-py2.py3-none-any.whl"


def parsed(*files: dict[str, object], url: str = URL) -> pages.Page:
    return pages.parse(page(*files), content_type=JSON, project=SIX, url=url)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (f"../../files/{WHEEL}", f"https://index.example/files/{WHEEL}"),
        (f"/files/{WHEEL}#sha256=0", f"https://index.example/files/{WHEEL}"),
        (WHEEL, f"https://index.example/simple/six/{WHEEL}"),
        (f"//files.example/{WHEEL}", f"https://files.example/{WHEEL}"),
        (f"http://files.example/a/b/{WHEEL}", f"http://files.example/a/b/{WHEEL}"),
        (f"https://files.example/{WHEEL}?key=1", f"https://files.example/{WHEEL}?key=1"),
        ("https://files.example/download/42", "https://files.example/download/42"),
    ],
)
def test_links_are_absolute_however_they_are_written(link: str, address: str) -> None:
    found = parsed(listed(WHEEL, url=link))
    kept = pages.load(*pages.dump(found), project=SIX, url=URL)

    assert [file.url for file in found.releases[Version("1.10")]] == [address]
    assert kept.releases == found.releases


def test_versions_that_are_equal_are_one_release() -> None:
    found = parsed(listed("six-1.0.tar.gz"), listed("six-1.0.0-py3-none-any.whl"))

    ((version, files),) = found.releases.items()
    assert version == Version("1.0")
    assert [str(file.version) for file in files] == ["1.0.0", "1.0"]


def test_a_version_is_sorted_as_a_version() -> None:
    names = [
        f"six-{version}.tar.gz" for version in ("1.9", "1.10", "1.10rc1", "1!0.1", "1.10.post1")
    ]

    assert [str(version) for version in parsed(*map(listed, names)).releases] == [
        "1!0.1",
        "1.10.post1",
        "1.10",
        "1.10rc1",
        "1.9",
    ]


def test_a_file_is_made_once_and_only_when_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    published = pages._publish_file

    def noted(file: ListedFile, *facts: object) -> pages.PublishedFile:
        made.append(file.filename)
        return published(file, *facts)  # type: ignore[arg-type]

    monkeypatch.setattr(pages, "_publish_file", noted)
    found = parsed(listed(WHEEL), listed("six-1.9.tar.gz"))
    assert len(found.releases) == 2
    assert made == []

    first = found.releases[Version("1.10")]

    assert found.releases[Version("1.10")] is first
    assert made == [WHEEL]


def test_what_a_release_says_of_python_is_known_without_its_files() -> None:
    found = parsed(
        listed("six-1.0.tar.gz") | {"requires-python": ">=2.7"},
        listed("six-1.0-py3-none-any.whl") | {"requires-python": None},
    )

    assert found.releases.pythons(Version("1.0")) == {">=2.7", ""}


def test_a_page_without_files_is_a_project_without_releases() -> None:
    assert len(parsed().releases) == 0
    html = pages.parse(b"<h1>Links</h1>", content_type="text/html", project=SIX, url=URL)
    assert dict(html.releases) == {}


def test_a_base_moves_the_links_of_an_html_page() -> None:
    body = (
        '<base href="https://files.example/all/">'
        f'<a href="six-1.0.tar.gz#sha256={"0" * 64}" data-dist-info-metadata="sha256={"1" * 64}">'
        "six-1.0.tar.gz</a>"
        f'<a href="six-1.1.tar.gz#sha256={"0" * 64}" data-core-metadata="true" data-yanked="">'
        "six-1.1.tar.gz</a>"
        f'<a href="six-1.2.tar.gz#sha256={"0" * 64}" data-core-metadata="false">six-1.2.tar.gz</a>'
    )
    found = pages.parse(body.encode(), content_type="text/html", project=SIX, url=URL)

    files = [file for version in found.releases for file in found.releases[version]]
    assert [file.url for file in files] == [
        f"https://files.example/all/six-1.{minor}.tar.gz" for minor in (2, 1, 0)
    ]
    assert [(file.has_metadata, file.metadata_sha256) for file in files] == [
        (False, ""),
        (True, ""),
        (True, "1" * 64),
    ]
    assert [file.is_yanked for file in files] == [False, True, False]


def test_files_of_another_project_are_not_its_releases() -> None:
    assert list(parsed(listed("seven-1.0.tar.gz"), listed("six-1.0.tar.gz")).releases) == [
        Version("1.0")
    ]
