"""What the end-to-end tests share. Nothing skips: a machine that lacks a program fails, by name."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from .gitlab import GitLabLocal
from .images import Images, Recipe
from .podman import Podman

# Read before any fixture removes variables: making images needs this machine's proxy and index.
ENVIRONMENT = dict(os.environ)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


@pytest.fixture(scope="session")
def environment() -> Mapping[str, str]:
    """The environment that pytest was started with."""
    return ENVIRONMENT


@pytest.fixture(scope="session")
def cache() -> Path:
    """Where what takes minutes to make is kept from one run to the next."""
    return user_cache_path("wheelyard-e2e")


@pytest.fixture(scope="session")
def podman(environment: Mapping[str, str], cache: Path) -> Podman:
    return Podman.found(environment, directory=cache)


@pytest.fixture(scope="session")
def images(podman: Podman, environment: Mapping[str, str]) -> Images:
    made = Images(
        podman=podman,
        recipe=Recipe.of_this_machine(environment),
        environment=environment,
        say=_say,
    )
    made.make()
    return made


@pytest.fixture(scope="session")
def gitlab(podman: Podman, cache: Path) -> GitLabLocal:
    """gitlab-ci-local, whose jobs see the environment in which podman works."""
    return GitLabLocal.installed(podman.environment, directory=cache)
