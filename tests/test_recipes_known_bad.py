"""What a recipe calls known bad is passed over where it is said to be, as an sdist only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.edge.progress import Loudness, Reporter
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings
from matrix.index.transport import Transport
from matrix.resolve.lock import Lock
from matrix.resolve.resolving import resolve

from .index_server import IndexServer
from .locks import P27, P39, P312, WIN
from .manifests import manifest
from .wheels import make_sdist, make_wheel


@pytest.fixture
def client(index: IndexServer, tmp_path: Path) -> Iterator[Index]:
    transport = Transport(Settings(url=index.url, ca_bundle=""), sleep=lambda _: None)
    yield Index(transport, Cache(tmp_path / "cache"))
    transport.close()


def lock(client: Index, known_bad: str) -> Lock:
    """The lock of a manifest that wants x, whose recipe says this."""
    wanted = manifest(
        "x", more=f"recipes:\n  x:\n    known-bad: [{{reason: too new, {known_bad}}}]\n"
    )
    return resolve(wanted, client, pins={}, reporter=Reporter.on_stderr(Loudness.QUIET))


def versions(made: Lock) -> dict[str, str]:
    """Target to the version of x."""
    return {
        target: str(dict(solution.pins)[solution.pins[0][0]])
        for solution in made.solutions
        for target in solution.targets
    }


def test_an_older_sdist_is_taken_where_the_newest_is_known_bad(
    index: IndexServer, client: Index
) -> None:
    index.add(make_sdist(index.directory, "x", "1.0"))
    index.add(make_sdist(index.directory, "x", "2.0"))

    made = lock(client, 'versions: ">=2", python: ">=3.12", platforms: "manylinux*"')

    assert versions(made) == {P27: "2.0", P39: "2.0", P312: "1.0", WIN: "2.0"}


def test_a_wheel_of_a_known_bad_release_is_taken(index: IndexServer, client: Index) -> None:
    index.add(make_sdist(index.directory, "x", "2.0"))
    index.add(make_wheel(index.directory, "x", "2.0", tag="cp312-cp312-manylinux_2_28_x86_64"))

    made = lock(client, 'python: ">=3"')

    assert versions(made) == {P27: "2.0", P312: "2.0"}
    assert {no.target for no in made.impossible} == {P39, WIN}


def test_where_nothing_is_left_the_recipes_reason_is_told(
    index: IndexServer, client: Index
) -> None:
    index.add(make_sdist(index.directory, "x", "2.0"))

    made = lock(client, 'python: "<3"')

    (no,) = made.impossible
    assert no.target == P27
    assert "too new" in no.reason, no.reason
