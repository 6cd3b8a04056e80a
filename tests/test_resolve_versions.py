"""``versions``: several releases of one project, each a root of its own."""

import pytest

from matrix.errors import ManifestError
from matrix.plan.planning import create_plan
from matrix.resolve import freshness
from matrix.resolve.lock import Lock

from .manifests import manifest
from .memory_index import Graph, Release, lock_of

TARGET = "cp39-manylinux_2_28_x86_64"
P312 = "cp312-manylinux_2_28_x86_64"
PLAIN = Release()
GRAPH: Graph = {
    "app": {
        "1.0": PLAIN,
        "1.1": Release(requires=("gone",)),
        "2.0": Release(requires=("lib <2",)),
        "2.1": Release(requires=("lib",)),
        "3.0": Release(requires_python=">=3.12", requires=("lib",)),
        "4.0rc1": PLAIN,
    },
    "lib": {"1.0": PLAIN, "2.0": PLAIN},
}


def installed(lock: Lock, target: str) -> dict[str, dict[str, str]]:
    """Requirement to pins."""
    return {
        requirement: {project: str(version) for project, version in solution.pins}
        for solution in lock.solutions
        for requirement in solution.requirements
        if target in solution.targets
    }


def test_so_many_of_the_newest_releases_that_install_on_each_target() -> None:
    lock = lock_of(manifest("{requirement: app, versions: 3}"), GRAPH)

    assert installed(lock, P312) == {
        "app==3.0": {"app": "3.0", "lib": "2.0"},
        "app==2.1": {"app": "2.1", "lib": "2.0"},
        "app==2.0": {"app": "2.0", "lib": "1.0"},
    }
    # 3.0 does not run there, 1.1 requires what nobody has, and nobody asks for a pre-release.
    assert list(installed(lock, TARGET)) == ["app==1.0", "app==2.0", "app==2.1"]
    assert lock.impossible == ()


def test_all_releases_are_those_that_the_requirement_admits() -> None:
    lock = lock_of(manifest("{requirement: 'app[x] >=2', versions: all}"), GRAPH)

    assert list(installed(lock, TARGET)) == ["app[x]==2.0", "app[x]==2.1"]
    assert {s.root for s in lock.solutions} == {
        f"app[x]>=2 (versions all): {version}" for version in ("2.0", "2.1", "3.0")
    }


def test_where_no_release_installs_the_newest_says_why() -> None:
    lock = lock_of(manifest("{requirement: app ==3.*, versions: 2}"), GRAPH)

    assert [(no.root, no.target) for no in lock.impossible] == [
        ("app", "cp27-manylinux_2_17_x86_64"), ("app", TARGET),
    ]  # fmt: skip
    assert lock.impossible[1].reason == (
        "app 3.0 requires Python >=3.12; the newest that fits is 2.1"
    )


def test_the_lock_alone_says_which_releases_are_wanted() -> None:
    three = manifest("{requirement: app, versions: 3}")
    lock = lock_of(three, GRAPH)

    assert freshness.find_staleness(three, lock) == ()
    assert freshness.find_staleness(manifest("{requirement: app, versions: 2}"), lock) != ()
    assert freshness.find_staleness(manifest("app"), lock) != ()
    assert {row.requirements: row.targets for row in create_plan(three, lock).requirements} == {
        ("app==3.0",): (P312, "cp312-win_amd64"),
        ("app==2.1",): ("cp27-manylinux_2_17_x86_64", P312, "cp312-win_amd64", TARGET),
        ("app==2.0",): ("cp27-manylinux_2_17_x86_64", P312, "cp312-win_amd64", TARGET),
        ("app==1.0",): ("cp27-manylinux_2_17_x86_64", TARGET),
    }


def test_releases_stay_when_a_newer_one_appears() -> None:
    wanted = manifest("{requirement: app, versions: 2}")
    lock = lock_of(wanted, GRAPH)
    later = {**GRAPH, "app": {**GRAPH["app"], "5.0": PLAIN}}

    assert lock_of(wanted, later, lock).solutions == lock.solutions
    assert list(installed(lock_of(wanted, later), P312)) == ["app==3.0", "app==5.0"]


def test_several_releases_and_other_roots_share_versions() -> None:
    graph = {**GRAPH, "other": {"1.0": Release(requires=("lib <2",))}}
    lock = lock_of(manifest("{requirement: app, versions: 2}", "other"), graph)

    assert {pins["lib"] for pins in installed(lock, P312).values()} == {"1.0"}


@pytest.mark.parametrize("text", ["0", "-1", "some", "1.5", "1000"])
def test_a_count_that_cannot_be_meant_is_an_error(text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifest(f"{{requirement: app, versions: {text}}}")

    assert str(caught.value).startswith(
        "packages.yaml:14: packages[0].versions: expected 'newest', 'all' or a number such as 3, "
        f"got {text!r}"
    )
