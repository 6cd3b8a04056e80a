"""``lock --offline``: the cache and nobody else."""

import pytest

from .test_policy_lock import Repository, here, said

__all__ = ["here", "said"]


def test_with_the_cache_the_lock_is_the_same_and_nobody_is_asked(here: Repository) -> None:
    here.publish("lib", "2.0")
    here.wants("lock: required")
    here.run("lock")
    path = here.directory / "packages.lock"
    online = path.read_bytes()
    path.unlink()
    asked = len(here.index.requests)
    here.publish("lib", "3.0")

    assert here.run("lock", "--offline") == 0
    assert path.read_bytes() == online
    assert len(here.index.requests) == asked


def test_what_the_cache_lacks_is_named(here: Repository, said: pytest.CaptureFixture[str]) -> None:
    here.wants("lock: required")

    assert here.run("lock", "--offline", "--quiet") == 6
    told = said.readouterr().err
    assert "'app'" in told
    assert told.endswith("  hint: wheelyard lock\n")
    assert here.index.requests == []
