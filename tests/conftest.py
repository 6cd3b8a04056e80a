"""What every test gets: an environment without traces of the machine, and an index on loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from .index_server import IndexServer

# Seconds are the machine's: no example has a deadline, and none is too slow.
settings.register_profile(
    "no-seconds", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("no-seconds")

_SCRUBBED = (
    "CI",
    "CI_",
    "GITHUB_",
    "GITLAB_",
    "NO_COLOR",
    "FORCE_COLOR",
    "PIP_",
    "SOURCE_DATE_EPOCH",
)


@pytest.fixture(autouse=True)
def _scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(_SCRUBBED):
            monkeypatch.delenv(name)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    """An index that serves the distributions of a directory, ready to misbehave."""
    with IndexServer.running(tmp_path / "index") as server:
        yield server
