"""The same lock without a network, byte for byte, from what an earlier run has read."""

from pathlib import Path

import pytest

from matrix.cli import main

from .index_server import IndexServer
from .manifests import text
from .wheels import make_sdist, make_wheel


def lock(here: Path, *options: str) -> int:
    manifest, cache = str(here / "packages.yaml"), str(here / "cache")
    return main(["lock", *options, "--manifest", manifest, "--cache", cache, "--quiet"])


@pytest.fixture
def here(tmp_path: Path, index: IndexServer) -> Path:
    """A repository whose requirements need wheels, an sdist, and projects that do not exist."""
    index.add(make_wheel(index.directory, "app", "2.0", requires=["gone"]))
    index.add(make_wheel(index.directory, "app", "1.0", requires=["six", "native"]))
    index.add(make_wheel(index.directory, "six", "1.0"))
    index.add(make_sdist(index.directory, "native", "2.0"))
    (tmp_path / "packages.yaml").write_text(
        text("app", "six", more=f"network: {{index: '{index.url}'}}\n"), encoding="utf-8"
    )
    return tmp_path


@pytest.mark.parametrize("has_metadata", [True, False], ids=["pep-658", "ranged"])
def test_a_lock_without_network_has_the_same_bytes(
    here: Path, index: IndexServer, has_metadata: bool
) -> None:
    index.has_metadata = has_metadata
    assert lock(here) == 0
    made = (here / "packages.lock").read_bytes()
    (here / "packages.lock").unlink()
    asked = len(index.requests)
    index.listed.clear()  # and nothing would be there

    assert lock(here, "--offline") == 0

    assert (here / "packages.lock").read_bytes() == made
    assert b"app-1.0" in made
    assert len(index.requests) == asked


def test_a_lock_without_network_names_what_nobody_has_read(
    here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lock(here, "--offline") == 6

    assert capsys.readouterr().err == (
        f"{index.url}app/: expected the page of 'app' in the cache, got none\n"
        "  hint: wheelyard lock\n"
    )
    assert index.requests == []
