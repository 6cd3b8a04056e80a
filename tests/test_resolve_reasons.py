"""Why something is impossible, word for word."""

import pytest

from .manifests import manifest
from .memory_index import Graph, Release, lock_of

TARGET = "cp39-manylinux_2_28_x86_64"
PY310 = ">=3.10"


def reason(graph: Graph, root: str, more: str = "") -> str:
    lock = lock_of(manifest(root, more=more), graph)
    (found,) = {no.reason for no in lock.impossible if no.target == TARGET}
    return found


def wheels(*versions: str, requires: tuple[str, ...] = ()) -> dict[str, Release]:
    return {version: Release(requires=requires) for version in versions}


WINDOWS = Release(tag="cp312-cp312-win_amd64")


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        ({}, "the index has no project 'app'"),
        ({"app": wheels("1.0")}, "no release of 'app' satisfies >=2; newest is 1.0"),
        (
            {"app": {"3.0": WINDOWS, "2.0": WINDOWS, **wheels("1.0")}},
            (
                "app 3.0 has no wheel for this target, and no sdist; 1 older release does not fit "
                "either; the newest that fits is 1.0"
            ),
        ),
        (
            {"app": wheels("2.1rc1", "2.2a1", "1.0")},
            ("only pre-releases of 'app' satisfy >=2; newest is 2.2a1, for those who name one"),
        ),
        (
            {"app": {v: Release(requires_python=PY310) for v in ("2.2", "2.1", "2.0")}},
            "app 2.2 requires Python >=3.10; 2 older releases do not fit either",
        ),
    ],
    ids=["no-project", "no-release", "no-wheel", "early", "python"],
)
def test_a_requirement_that_nothing_answers_says_what_there_is(graph: Graph, said: str) -> None:
    assert reason(graph, "app >=2") == said


def test_the_chain_leads_to_the_root_cause() -> None:
    graph = {
        "app": wheels("3.0", "2.0", requires=("cryptography[ssh]",)),
        "cryptography": {
            "50": Release(requires=("cffi>=2",), extras=("ssh",)),
            "49": Release(requires=("cffi>=2",), extras=("ssh",)),
        },
        "cffi": {"2.1": WINDOWS, **wheels("1.17")},
    }

    assert reason(graph, "app") == (
        "cffi 2.1 has no wheel for this target, and no sdist; the newest that fits is 1.17 "
        "(cffi>=2 is asked for by cryptography 50 <- app 3.0)"
    )


def test_what_is_beside_the_point_is_not_told() -> None:
    # The newest `mid` cannot be had either, but an older one could: only `dead` is in the way.
    graph = {
        "app": wheels("1.0", requires=("mid", "far")),
        "mid": {**wheels("2.0", requires=("gone",)), **wheels("1.0")},
        "far": wheels("1.0", requires=("near",)),
        "near": wheels("1.0", requires=("dead >=5",)),
        "dead": wheels("4.0"),
    }

    assert reason(graph, "app") == (
        "no release of 'dead' satisfies >=5 (asked for by near 1.0 <- far 1.0 <- app 1.0); "
        "newest is 4.0"
    )


def test_two_that_disagree_are_both_named() -> None:
    graph = {
        "app": wheels("1.0", requires=("old", "new")),
        "old": wheels("1.0", requires=("lib <2",)),
        "new": wheels("1.0", requires=("lib >=2",)),
        "lib": wheels("1.0", "2.0"),
    }

    assert reason(graph, "app") == (
        "lib<2 (asked for by old 1.0 <- app 1.0) and lib>=2 (asked for by new 1.0 <- app 1.0) "
        "have no version in common"
    )


def test_a_release_with_a_marker_that_compares_nonsense_is_passed_over() -> None:
    graph = {
        "app": {
            **wheels("2.0", requires=("lib; platform_machine ~= 'i386'",)),
            **wheels("1.0", requires=("lib; python_version >= '3.3.*'",)),
        },
        "lib": wheels("1.0"),
    }
    said = reason({"app": {"2.0": graph["app"]["2.0"]}, "lib": graph["lib"]}, "app")

    assert said.startswith("app 2.0: ")
    assert "platform_machine" in said


def test_requirements_that_nobody_can_read_pass_a_release_over() -> None:
    graph = {"app": {**wheels("2.0", requires=("lib (>=1.0.*)",)), **wheels("1.0")}}
    lock = lock_of(manifest("app"), graph)

    assert {str(version) for s in lock.solutions for _, version in s.pins} == {"1.0"}
