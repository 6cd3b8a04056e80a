"""What builds install, locked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.edge.progress import Loudness, Reporter
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings
from matrix.index.transport import Transport
from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.resolve.lock import Lock, LockedBuild
from matrix.resolve.resolving import resolve

from .index_server import IndexServer
from .manifests import manifest, text
from .wheels import make_sdist, make_wheel, metadata

P39, P312 = "cp39-manylinux_2_28_x86_64", "cp312-manylinux_2_28_x86_64"
P27, WIN = "cp27-manylinux_2_17_x86_64", "cp312-win_amd64"
PYPROJECT = '[build-system]\nrequires = ["setuptools", "cython<3; python_version<\'3.12\'"]\n'


@pytest.fixture
def client(index: IndexServer, tmp_path: Path) -> Iterator[Index]:
    transport = Transport(Settings(url=index.url, ca_bundle=""), sleep=lambda _: None)
    yield Index(transport, Cache(tmp_path / "cache"))
    transport.close()


def wheel(index: IndexServer, project: str, version: str, **more: object) -> None:
    index.add(make_wheel(index.directory, project, version, **more))  # type: ignore[arg-type]


def furnish(index: IndexServer) -> None:
    """An index with what builds need, and one project that must be built."""
    wheel(index, "setuptools", "44.1.1", requires_python=">=2.7")
    wheel(index, "setuptools", "80.9.0", requires_python=">=3.9", tag="py3-none-any")
    wheel(index, "wheel", "0.37.1")
    wheel(index, "virtualenv", "16.7.12")
    wheel(index, "virtualenv", "20.35.0", requires=["filelock"], requires_python=">=3.8")
    wheel(index, "filelock", "3.20.0", tag="py3-none-any")
    wheel(index, "cython", "0.29.37")
    wheel(index, "cython", "3.2.0")
    sdist(index, "fast", pyproject=PYPROJECT)


def sdist(
    index: IndexServer, project: str, *requires: str, pyproject: str = "", setup: str = ""
) -> None:
    members = {"setup.py": setup or "Extension()", "x.c": ""}
    stated = metadata(project, "1.0", requires=requires).replace("2.1", "2.2", 1)
    members |= {"pyproject.toml": pyproject} if pyproject else {}
    index.add(make_sdist(index.directory, project, "1.0", members=members, stated=stated))


def lock_of(wanted: Manifest, client: Index, previous: Lock | None = None) -> Lock:
    reporter = Reporter.on_stderr(Loudness.QUIET)
    return resolve(wanted, client, pins={}, reporter=reporter, previous=previous)


def build_of(lock: Lock, target: str, sdist: str = "fast-1.0.tar.gz") -> LockedBuild:
    (found,) = (row for row in lock.builds if row.sdist == sdist and target in row.targets)
    return found


def test_each_target_s_build_requirements_are_locked(index: IndexServer, client: Index) -> None:
    furnish(index)

    lock = lock_of(manifest("fast"), client)

    assert build_of(lock, P312).build == (
        "setuptools-80.9.0-py3-none-any.whl",
        "wheel-0.37.1-py2.py3-none-any.whl",
    )
    assert build_of(lock, P39).build == (
        "cython-0.29.37-py2.py3-none-any.whl",
        "setuptools-80.9.0-py3-none-any.whl",
        "wheel-0.37.1-py2.py3-none-any.whl",
    )
    assert build_of(lock, P27).build[1:] == (
        "setuptools-44.1.1-py2.py3-none-any.whl",
        "wheel-0.37.1-py2.py3-none-any.whl",
    )
    assert {file.filename for file in lock.build_files} == {
        name for row in lock.builds for name in (*row.build, *row.test)
    }
    assert all(len(file.sha256) == 64 and file.size for file in lock.build_files)


def test_the_test_s_environment_is_locked_for_old_and_new(
    index: IndexServer, client: Index
) -> None:
    furnish(index)

    lock = lock_of(manifest("fast"), client)

    assert build_of(lock, P312).test == (
        "filelock-3.20.0-py3-none-any.whl",
        "virtualenv-20.35.0-py2.py3-none-any.whl",
    )
    assert build_of(lock, P27).test == ("virtualenv-16.7.12-py2.py3-none-any.whl",)


def test_a_recipe_constrains_and_adds(index: IndexServer, client: Index) -> None:
    furnish(index)
    wheel(index, "pytest", "8.0")
    recipe = "recipes: {fast: {requires: [setuptools<80], test: {requires: [pytest]}}}"

    row = build_of(lock_of(read(text("fast") + recipe), client), P312)

    assert "setuptools-44.1.1-py2.py3-none-any.whl" in row.build
    assert "pytest-8.0-py2.py3-none-any.whl" in row.test
    assert (row.constraints, row.tested) == (("setuptools<80",), ("pytest",))


def test_what_the_wheel_requires_comes_in_the_version_that_is_locked(
    index: IndexServer, client: Index
) -> None:
    furnish(index)
    wheel(index, "six", "1.16")
    wheel(index, "six", "1.17")
    sdist(index, "slow", "six", "six<1.17", "fast")

    lock = lock_of(manifest("slow"), client)

    assert build_of(lock, P312, "slow-1.0.tar.gz").test == (
        "filelock-3.20.0-py3-none-any.whl",
        "six-1.16-py2.py3-none-any.whl",
        "virtualenv-20.35.0-py2.py3-none-any.whl",
    )


def test_what_a_test_requires_fits_the_release_that_it_tests(
    index: IndexServer, client: Index
) -> None:
    furnish(index)
    sdist(index, "slow")
    index.add(make_wheel(index.directory, "driver", "1.0", requires=["slow==1.0"]))
    index.add(make_wheel(index.directory, "driver", "2.0", requires=["slow==2.0"]))
    wanted = manifest("slow", more="recipes: {slow: {test: {requires: [driver]}}}")

    row = build_of(lock_of(wanted, client), P312, "slow-1.0.tar.gz")

    assert [name for name in row.test if name.startswith("driver")] == [
        "driver-1.0-py2.py3-none-any.whl"
    ]


def test_what_a_test_requires_comes_as_it_is_locked_beside(
    index: IndexServer, client: Index
) -> None:
    furnish(index)
    wheel(index, "six", "1.16")
    wheel(index, "six", "1.17")
    sdist(index, "slow")
    index.add(make_wheel(index.directory, "app", "1.0", requires=["slow", "six<1.17"]))
    wanted = manifest("app", more="recipes: {slow: {test: {requires: [six]}}}")

    row = build_of(lock_of(wanted, client), P312, "slow-1.0.tar.gz")

    assert [name for name in row.test if name.startswith("six")] == [
        "six-1.16-py2.py3-none-any.whl"
    ]


def test_a_build_requirement_without_a_wheel_is_said(index: IndexServer, client: Index) -> None:
    furnish(index)
    index.listed = {name: f for name, f in index.listed.items() if not name.startswith("cython")}

    row = build_of(lock_of(manifest("fast"), client), P39)

    assert row.build == ()
    assert row.reason.startswith("build requirements: ")
    assert "cython" in row.reason


def test_tomorrow_s_build_is_today_s(index: IndexServer, client: Index, tmp_path: Path) -> None:
    furnish(index)
    first = lock_of(manifest("fast"), client)
    wheel(index, "setuptools", "81.0.0", requires_python=">=3.9", tag="py3-none-any")
    transport = Transport(Settings(url=index.url, ca_bundle=""), sleep=lambda _: None)
    tomorrow = Index(transport, Cache(tmp_path / "another"))

    assert lock_of(manifest("fast"), tomorrow, previous=first) == first
    assert (
        "setuptools-81.0.0-py3-none-any.whl"
        in build_of(lock_of(manifest("fast"), tomorrow), P312).build
    )
    transport.close()


def test_build_requirements_run_where_the_lowest_floor_of_the_class_is(
    index: IndexServer, client: Index
) -> None:
    furnish(index)
    new, old = "manylinux_2_28_x86_64", "manylinux_2_17_x86_64"
    wheel(index, "cython", "0.29.38", tag=f"cp39-cp39-{new}")
    wheel(index, "cython", "0.29.36", tag=f"cp39-cp39-{old}")

    row = build_of(lock_of(manifest("fast"), client), P39)

    # 2.7 lives on 2_17: the image of both is made for that.
    assert "cython-0.29.37-py2.py3-none-any.whl" in row.build


def test_a_pure_sdist_is_known(index: IndexServer, client: Index) -> None:
    furnish(index)
    stated = metadata("calm", "1.0").replace("2.1", "2.2", 1)
    members = {"setup.py": "from setuptools import setup\nsetup()", "calm.py": ""}
    index.add(make_sdist(index.directory, "calm", "1.0", members=members, stated=stated))

    lock = lock_of(manifest("calm"), client)

    row = build_of(lock, P312, "calm-1.0.tar.gz")
    assert row.is_pure
