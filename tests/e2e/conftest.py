"""What the end-to-end tests share. Nothing skips: a machine that lacks a program fails, by name."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from packaging.version import Version
from platformdirs import user_cache_path

from ..github_api import GitHubServer
from . import prepared
from .acting import Act, Run
from .flow import Tool, closed_interpreters, local_manifest
from .gh import Gh
from .github_repository import Repository
from .gitlab import GitLabLocal
from .images import Images, Recipe
from .podman import Podman
from .scenario_table import PROPERTY, Record, render_table, row_of

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


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Record:
    """Puts a run into the table that the session prints at its end."""

    def add(scenario: str, run: Run) -> None:
        record_property(PROPERTY, list(row_of(scenario, run)))
        print(run.log)

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [value for each in reports for name, value in each.user_properties if name == PROPERTY]
    if rows:
        terminalreporter.section("scenario x provider")
        terminalreporter.write_line(render_table(rows))


@pytest.fixture(scope="session")
def wheel(environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tool as a wheel."""
    return prepared.tool_wheel(tmp_path_factory.mktemp("tool"), environment)


@pytest.fixture
def repository(tmp_path: Path, podman: Podman, images: Images, wheel: Path) -> Iterator[Repository]:
    """A repository on GitHub, with the tool as a wheel, one Linux target, and nothing committed."""
    directory = tmp_path / "repository"
    (directory / "tool").mkdir(parents=True)
    shutil.copy2(wheel, directory / "tool" / wheel.name)
    # netifaces has wheels for 3.9 and nothing newer.
    newest = max(closed_interpreters(images), key=lambda each: Version(each.version))
    manifest = yaml.safe_load(local_manifest([newest], projects=["click"]))
    gh = Gh.made(tmp_path / "gh")
    path = os.pathsep.join([str(gh.bin), podman.environment["PATH"]])
    with GitHubServer.running() as api:
        yield Repository(
            directory=directory,
            act=Act.found(
                {**podman.environment, "PATH": path},
                repository=directory,
                directory=tmp_path / "act",
                python=Path(sys.base_prefix) / "bin",
            ),
            tool=Tool(directory=directory, environment=podman.environment),
            manifest={**manifest, "tool": f"tool/{wheel.name}"},
            api=api,
            gh=gh,
        )
