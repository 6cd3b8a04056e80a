"""Two indexes: a project comes from one of them, and the manifest says from which."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from matrix.errors import ManifestError
from matrix.index.client import Index
from matrix.index.settings import Settings, choose_settings, find_warnings
from matrix.manifest.network import Internal, Network

from .index_clients import client, files
from .index_server import IndexServer
from .manifests import manifest
from .wheels import make_wheel

REQUESTS = canonicalize_name("requests")
ACME = canonicalize_name("acme-tool")


@pytest.fixture
def internal(tmp_path: Path) -> Iterator[IndexServer]:
    with IndexServer.running(tmp_path / "internal") as server:
        yield server


@pytest.fixture
def main(index: IndexServer) -> IndexServer:
    return index


@contextmanager
def both(
    main: IndexServer, internal: IndexServer, cache: Path, *, public: tuple[str, ...] = ()
) -> Iterator[Index]:
    rule = Internal(index=internal.url, projects=("Acme_*",), public=public)
    with client(main.url, cache, internal=rule) as asked:
        yield asked


def release(server: IndexServer, project: str, version: str) -> None:
    server.add(make_wheel(server.directory, project, version))


def test_the_houses_projects_come_from_the_internal_index_only(
    main: IndexServer, internal: IndexServer, tmp_path: Path
) -> None:
    release(internal, "acme-tool", "1.0")
    release(main, "acme-tool", "99.0")
    with both(main, internal, tmp_path / "cache") as asked:
        found = files(asked, ACME)
        again = asked.find_file(ACME, "acme_tool-1.0-py2.py3-none-any.whl")

    assert [str(file.version) for file in found] == ["1.0"]
    assert again == found[0]
    assert main.requests == []  # it does not even learn the name


def test_a_project_of_the_main_index_is_looked_for_on_both(
    main: IndexServer, internal: IndexServer, tmp_path: Path
) -> None:
    release(main, "requests", "2.0")
    with both(main, internal, tmp_path / "cache") as asked:
        assert [str(file.version) for file in files(asked, REQUESTS)] == ["2.0"]

    assert internal.requests == ["/simple/requests/"]


def test_a_project_that_both_serve_is_an_error(
    main: IndexServer, internal: IndexServer, tmp_path: Path
) -> None:
    release(main, "requests", "2.0")
    release(internal, "requests", "99.0")
    with (
        both(main, internal, tmp_path / "cache") as asked,
        pytest.raises(ManifestError) as caught,
    ):
        asked.fetch_page(REQUESTS)

    assert str(caught.value) == (
        f"network.internal: {internal.url} and {main.url} both serve 'requests'\n"
        "  hint: add requests to network.internal.projects, or to network.internal.public"
    )


def test_a_project_that_both_serve_may_be_said_to_be_public(
    main: IndexServer, internal: IndexServer, tmp_path: Path
) -> None:
    release(main, "requests", "2.0")
    release(internal, "requests", "99.0")
    with both(main, internal, tmp_path / "cache", public=("requests",)) as asked:
        assert [str(file.version) for file in files(asked, REQUESTS)] == ["2.0"]

    assert internal.requests == []


def test_a_project_that_only_the_internal_index_serves_must_be_named(
    main: IndexServer, internal: IndexServer, tmp_path: Path
) -> None:
    release(internal, "requests", "99.0")
    with (
        both(main, internal, tmp_path / "cache") as asked,
        pytest.raises(ManifestError) as caught,
    ):
        asked.fetch_page(REQUESTS)

    assert str(caught.value) == (
        f"network.internal: only {internal.url} serves 'requests', "
        "which no pattern of network.internal.projects names\n"
        "  hint: add requests to network.internal.projects"
    )


def test_without_an_internal_index_nobody_else_is_asked() -> None:
    pip = {"global.extra-index-url": "https://more.example/simple"}

    assert choose_settings(
        Network(index="https://index.example/simple"), pip, environment={}
    ) == Settings(url="https://index.example/simple/", ca_bundle="")
    (warning,) = find_warnings(Network(), pip)
    assert warning == (
        "pip's extra-index-url is not used: a project of the same name on the other index could "
        "replace it; network.internal in packages.yaml says what comes from where"
    )
    assert find_warnings(Network(), {}) == ()


def test_the_manifest_names_the_internal_index() -> None:
    network = (
        "network: {internal: {index: https://house.example/simple/, projects: 'acme-*', "
        "public: [acme-open]}}\n"
    )

    assert manifest("six", more=network).network.internal == Internal(
        index="https://house.example/simple/", projects=("acme-*",), public=("acme-open",)
    )


def test_an_exception_wins_over_a_pattern(
    main: IndexServer, internal: IndexServer, tmp_path: Path
) -> None:
    release(main, "acme-tool", "1.0")
    release(internal, "acme-tool", "2.0")
    with both(main, internal, tmp_path / "cache", public=("acme-tool",)) as asked:
        assert [str(file.version) for file in files(asked, ACME)] == ["1.0"]


def test_the_internal_index_is_the_manifests() -> None:
    named = Internal(index="https://house.example/simple", projects=("acme-*",))
    network = Network(index="https://index.example/", internal=named)
    pip = {"global.extra-index-url": "https://house.example/simple"}

    found = choose_settings(network, pip, environment={})

    assert found.urls == ("https://index.example/", "https://house.example/simple/")
    assert find_warnings(network, pip) == ()
