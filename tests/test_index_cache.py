"""What the index's client keeps: asked about again, never believed blindly, enough offline."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from matrix.cli import main
from matrix.errors import IndexUnavailable
from matrix.index import page as pages
from matrix.resolve import lockfile

from .index_clients import SIX, client, files
from .index_server import IndexServer
from .manifests import text
from .scripted_server import JSON, ScriptedServer, answer, listed, page
from .wheels import make_sdist, make_wheel

BODY = page(listed("six-1.10-py2.py3-none-any.whl"), listed("six-1.9.tar.gz"))
PATH = "/simple/six/"


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with ScriptedServer.running() as running:
        yield running


def names(script: ScriptedServer, cache: Path, now: float = 1_000_000.0) -> list[str]:
    """The files that a new client finds."""
    with client(f"{script.url}simple/", cache, clock=lambda: now) as asked:
        return [file.filename for file in files(asked)]


@pytest.mark.parametrize(
    ("told", "asks"),
    [
        ({"ETag": '"one"'}, ("if-none-match", '"one"')),
        (
            {"Last-Modified": "Mon, 12 Jan 1970 13:46:00 GMT"},
            ("if-modified-since", "Mon, 12 Jan 1970 13:46:00 GMT"),
        ),
    ],
    ids=["etag", "last-modified"],
)
def test_an_index_that_says_unchanged_is_believed(
    script: ScriptedServer, tmp_path: Path, told: dict[str, str], asks: tuple[str, str]
) -> None:
    unchanged = answer(status="304 Not Modified")
    script.answers[PATH] = [answer(BODY, headers=told), unchanged]

    assert names(script, tmp_path) == names(script, tmp_path) == names(script, tmp_path)
    assert [r.headers.get(asks[0], "") for r in script.asked(PATH)] == ["", asks[1], asks[1]]


def test_a_page_that_came_again_as_it_was_is_not_parsed_again(
    script: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.answers[PATH] = [answer(BODY)]
    first = names(script, tmp_path)
    monkeypatch.setattr("matrix.index.page.parse", None)

    assert names(script, tmp_path) == first
    assert len(script.asked(PATH)) == 2


def test_a_page_that_changed_is_parsed_again(script: ScriptedServer, tmp_path: Path) -> None:
    script.answers[PATH] = [answer(BODY), answer(page(listed("six-1.11.tar.gz")))]
    names(script, tmp_path)

    assert names(script, tmp_path) == ["six-1.11.tar.gz"]


@pytest.mark.parametrize(
    ("told", "fresh"),
    [
        ({"Cache-Control": "max-age=300, public"}, 300),
        ({"Cache-Control": "public, max-age=300", "Age": "200"}, 100),
        ({"Cache-Control": "max-age=86400"}, 600),
        ({"Cache-Control": "no-cache, max-age=300"}, 0),
        ({"Cache-Control": "s-maxage=300"}, 0),
        ({}, 0),
    ],
    ids=["max-age", "less-its-age", "ten-minutes-at-most", "no-cache", "for-proxies", "nothing"],
)
def test_an_index_vouches_for_a_page_for_a_while(
    script: ScriptedServer, tmp_path: Path, told: dict[str, str], fresh: int
) -> None:
    script.answers[PATH] = [answer(BODY, headers=told)]
    names(script, tmp_path, now=1000)

    names(script, tmp_path, now=1000 + fresh - 1)
    assert len(script.asked(PATH)) == (1 if fresh else 2)
    names(script, tmp_path, now=1000 + fresh)
    assert len(script.asked(PATH)) == (2 if fresh else 3)


def test_a_damaged_page_is_fetched_anew(script: ScriptedServer, tmp_path: Path) -> None:
    script.answers[PATH] = [answer(BODY, headers={"ETag": '"one"'})]
    first = names(script, tmp_path)
    (kept,) = [path for path in tmp_path.rglob("pages/*/*") if path.is_file()]
    kept.write_bytes(kept.read_bytes().replace(b"six-1.9", b"six-1.8"))

    assert names(script, tmp_path) == first
    assert "if-none-match" not in script.asked(PATH)[1].headers


def test_a_kept_page_is_the_page_that_was_parsed() -> None:
    parsed = pages.parse(BODY, content_type=JSON, project=SIX, url="https://index.example/six/")
    loaded = pages.load(*pages.dump(parsed), project=SIX, url="https://index.example/six/")

    assert loaded.releases == parsed.releases
    assert list(loaded.releases) == list(parsed.releases)


def test_offline_everything_comes_from_the_cache(index: IndexServer, tmp_path: Path) -> None:
    wheel = index.add(make_wheel(index.directory, "six", "1.10"))
    sdist = index.add(make_sdist(index.directory, "six", "1.9"))
    nothing = canonicalize_name("nothing")
    with client(index.url, tmp_path / "cache") as asked:
        online = files(asked)
        stated = asked.fetch_fields(online[0])
        asked.fetch_file(online[1])
        assert asked.fetch_page(nothing) is None
    requests = len(index.requests)

    with client(index.url, tmp_path / "cache", offline=True) as asked:
        assert files(asked) == online
        assert asked.fetch_fields(online[0]) == stated
        assert asked.fetch_file(online[1]).read_bytes() == sdist.read_bytes()
        assert asked.fetch_page(nothing) is None
        with pytest.raises(IndexUnavailable) as caught:
            asked.fetch_file(online[0])

    assert len(index.requests) == requests
    assert str(caught.value) == (
        f"{index.url}: expected {wheel.name} in the cache, got none\n  hint: wheelyard lock"
    )


def test_offline_what_was_never_read_is_named(index: IndexServer, tmp_path: Path) -> None:
    index.add(make_wheel(index.directory, "six", "1.10"))
    with client(index.url, tmp_path / "cache") as asked:
        (wheel,) = files(asked)

    with client(index.url, tmp_path / "cache", offline=True) as asked:
        with pytest.raises(IndexUnavailable) as metadata:
            asked.fetch_fields(wheel)
        with pytest.raises(IndexUnavailable) as project:
            asked.fetch_page(canonicalize_name("seven"))

    hint = "in the cache, got none\n  hint: wheelyard lock"
    assert str(metadata.value) == (f"{index.url}: expected the metadata of {wheel.filename} {hint}")
    assert str(project.value) == f"{index.url}seven/: expected the page of 'seven' {hint}"


def test_offline_a_page_may_be_as_old_as_it_is(script: ScriptedServer, tmp_path: Path) -> None:
    script.answers[PATH] = [answer(BODY, headers={"Cache-Control": "max-age=60"})]
    first = names(script, tmp_path, now=0)

    with client(f"{script.url}simple/", tmp_path, offline=True, clock=lambda: 1e9) as asked:
        assert [file.filename for file in files(asked)] == first


def test_metadata_of_one_index_are_not_used_for_another(tmp_path: Path) -> None:
    # Both list the file with one digest, and only a whole file could show which metadata are its.
    with (
        IndexServer.running(tmp_path / "honest") as honest,
        IndexServer.running(tmp_path / "hostile") as hostile,
    ):
        honest.add(make_wheel(honest.directory, "six", "1.10"))
        hostile.add(make_wheel(hostile.directory, "six", "1.10", requires=["evil"]))
        (name,) = honest.listed
        hostile.listed[name].sha256 = honest.listed[name].sha256
        honest.has_metadata = hostile.has_metadata = True
        answers = []
        for server in (honest, hostile, honest):
            with client(server.url, tmp_path / "cache") as asked:
                answers.append(asked.fetch_fields(files(asked)[0]).get("requires_dist"))
        with client(hostile.url, tmp_path / "first") as asked:
            asked.fetch_fields(files(asked)[0])
        with client(honest.url, tmp_path / "first") as asked:
            answers.append(asked.fetch_fields(files(asked)[0]).get("requires_dist"))

    assert answers == [None, ["evil"], None, None]


def test_a_lock_is_not_changed_by_another_manifest_with_a_hostile_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def lock(server: IndexServer, manifest: Path) -> list[str]:
        manifest.parent.mkdir(exist_ok=True)
        network = f"network: {{index: '{server.url}'}}\n"
        manifest.write_text(text("six", more=network), encoding="utf-8")
        options = ["--manifest", str(manifest), "--cache", str(tmp_path / "cache"), "--quiet"]
        assert main(["lock", *options]) == 0, capsys.readouterr().err
        lock = lockfile.load(manifest.parent / lockfile.FILENAME)
        (manifest.parent / lockfile.FILENAME).unlink()
        assert lock is not None
        return sorted({file.project for file in lock.files})

    with (
        IndexServer.running(tmp_path / "honest") as honest,
        IndexServer.running(tmp_path / "hostile") as hostile,
    ):
        honest.add(make_wheel(honest.directory, "six", "1.10"))
        hostile.add(make_wheel(hostile.directory, "six", "1.10", requires=["evil"]))
        hostile.add(make_wheel(hostile.directory, "evil", "1.0"))
        honest.add(make_wheel(tmp_path / "honest", "evil", "1.0"))
        name = next(iter(honest.listed))
        hostile.listed[name].sha256 = honest.listed[name].sha256
        honest.has_metadata = hostile.has_metadata = True

        assert lock(honest, tmp_path / "a" / "packages.yaml") == ["six"]
        assert lock(hostile, tmp_path / "b" / "packages.yaml") == ["evil", "six"]
        assert lock(honest, tmp_path / "a" / "packages.yaml") == ["six"]
