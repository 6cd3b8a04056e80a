"""
Graphs on which resolvers are known to take for ever: each ends within a number of steps, with an
answer or with what could not be decided.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from matrix.resolve import solver

from .memory_index import Graph, Release, lock_of, picked
from .test_resolve_properties import manifest

TARGET = "cp312-manylinux_2_28_x86_64"
MOST = 1_000_000
"""Conflicts looked at in one search; ``solver.LIMIT`` is where a search gives up."""


@contextmanager
def within(most: int = MOST) -> Iterator[None]:
    """Hold every search inside to a number of steps, which no other program changes."""
    looked_at = []
    search = solver.Solver._solve

    def counted(self: solver.Solver, roots: tuple[str, ...]) -> object:
        try:
            return search(self, roots)
        finally:
            looked_at.append(self._looked_at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver.Solver, "_solve", counted)
        yield
    assert max(looked_at, default=0) < most, looked_at


def solved(
    graph: Graph, *roots: str, most: int = MOST
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Pins and reasons by root."""
    with within(most):
        lock = lock_of(manifest(roots, [TARGET]), graph)
    names = {solution.root for solution in lock.solutions}
    return {n: picked(lock, TARGET, n) for n in names}, {n.root: n.reason for n in lock.impossible}


def versions(count: int) -> list[str]:
    return [f"{number}.0" for number in range(1, count + 1)]


def test_a_cycle_that_was_given_up_is_no_crash() -> None:
    graph = {
        "alpha": {"1.0": Release(), "2.0": Release(requires=("epsilon",))},
        "epsilon": {"1.0": Release(requires=("alpha <2", "epsilon"))},
    }

    found, _ = solved(graph, "alpha")

    assert found == {"alpha": {"alpha": "1.0"}}


def test_a_ring_that_was_given_up_is_no_crash() -> None:
    ring = ["one", "two", "three"]
    graph: dict[str, dict[str, Release]] = {
        name: {"1.0": Release(requires=(after, "app <2"))}
        for name, after in zip(ring, ring[1:] + ring[:1], strict=True)
    }
    graph["app"] = {"1.0": Release(), "2.0": Release(requires=("one",))}

    found, _ = solved(graph, "app")

    assert found == {"app": {"app": "1.0"}}


def test_the_newest_of_500_that_fits_is_found() -> None:
    """As a client and its generated core: equal versions, and somebody who needs an old one."""
    graph = {
        "client": {v: Release(requires=(f"core =={v}",)) for v in versions(500)},
        "core": {v: Release() for v in versions(500)},
        "app": {"1.0": Release(requires=("client", "core <4"))},
    }

    found, _ = solved(graph, "app")

    assert found["app"] == {"app": "1.0", "client": "3.0", "core": "3.0"}


def test_500_candidates_that_all_need_what_is_not_there() -> None:
    graph = {"app": {v: Release(requires=("lost >=2",)) for v in versions(500)}}

    found, reasons = solved(graph, "app")

    assert found == {}
    assert "lost" in reasons["app"]


def test_500_candidates_whose_metadata_refuses_this_python() -> None:
    graph = {
        "app": {
            **{v: Release(requires=("lib >=2",)) for v in versions(500)[1:]},
            "1.0": Release(requires=("lib",)),
        },
        "lib": {"1.0": Release(), "2.0": Release(requires_python="<3")},
    }

    found, _ = solved(graph, "app")

    assert found["app"] == {"app": "1.0", "lib": "1.0"}


def test_deep_backtracking_finds_the_one_way_down() -> None:
    """A chain in which each newest release asks for too much of a project 30 steps further."""
    length = 30
    graph: dict[str, dict[str, Release]] = {
        f"step-{n}": {
            "1.0": Release(requires=(f"step-{n + 1}",)),
            "2.0": Release(requires=(f"step-{n + 1}", "end >=2")),
        }
        for n in range(length)
    }
    graph[f"step-{length}"] = {"1.0": Release(requires=("end <2",))}
    graph["end"] = {v: Release() for v in versions(20)}

    found, _ = solved(graph, "step-0")

    assert set(found["step-0"].values()) == {"1.0"}
    assert len(found["step-0"]) == length + 2


@pytest.mark.parametrize("layers", [4, 12, 24])
def test_diamonds_upon_diamonds(layers: int) -> None:
    """Two projects a layer, each of which needs both of the next; the ends disagree at first."""
    graph: dict[str, dict[str, Release]] = {
        f"{side}-{n}": {
            v: Release(requires=(f"left-{n + 1} <={v}", f"right-{n + 1} <={v}"))
            for v in versions(5)
        }
        for n in range(layers)
        for side in ("left", "right")
    }
    graph[f"left-{layers}"] = {v: Release(requires=(f"end =={v}",)) for v in versions(5)}
    graph[f"right-{layers}"] = {v: Release(requires=("end <=2",)) for v in versions(5)}
    graph["end"] = {v: Release() for v in versions(5)}

    found, _ = solved(graph, "left-0")

    assert found["left-0"]["end"] == "2.0"
    assert found["left-0"]["left-0"] == "5.0"


def test_a_cycle_through_extras() -> None:
    graph = {
        "web": {
            v: Release(
                requires=("tools[fast]; extra == 'all'", "web[all]; extra == 'dev'"),
                extras=("all", "dev"),
            )
            for v in versions(40)
        },
        "tools": {
            v: Release(requires=("web[dev,all] <20; extra == 'fast'",), extras=("fast",))
            for v in versions(40)
        },
    }

    found, _ = solved(graph, "web[dev]")

    assert found["web"] == {"tools": "40.0", "web": "19.0"}


def test_one_conflict_among_many_splits_only_who_must() -> None:
    """200 requirements that agree, and two that do not: the others keep one version each."""
    graph: dict[str, dict[str, Release]] = {
        f"good-{n:03}": {v: Release(requires=("lib",)) for v in versions(3)} for n in range(200)
    }
    graph["lib"] = {v: Release() for v in versions(10)}
    graph["old"] = {"1.0": Release(requires=("lib <3",))}
    graph["new"] = {"1.0": Release(requires=("lib >=7",))}

    found, reasons = solved(graph, *(name for name in graph if name != "lib"))

    assert reasons == {}
    assert found["old"]["lib"] == "2.0"
    assert found["new"]["lib"] == "10.0"
    assert len({pins["lib"] for pins in found.values()}) == 2


def test_a_conflict_behind_many_innocents_does_not_try_them_all() -> None:
    """What made pip's old search take days: 30 projects of 50 releases between the two causes."""
    graph: dict[str, dict[str, Release]] = {
        f"innocent-{n:02}": {v: Release(requires=(f"leaf-{n:02}",)) for v in versions(50)}
        for n in range(30)
    }
    graph |= {f"leaf-{n:02}": {v: Release() for v in versions(50)} for n in range(30)}
    names = sorted(name for name in graph if name.startswith("innocent"))
    graph["app"] = {"1.0": Release(requires=("aaa", *names, "zzz"))}
    graph["aaa"] = {v: Release(requires=(f"shared =={v}",)) for v in versions(50)}
    graph["zzz"] = {"1.0": Release(requires=("shared ==2.0",))}
    graph["shared"] = {v: Release() for v in versions(50)}

    found, _ = solved(graph, "app")

    assert found["app"]["aaa"] == "2.0"
    assert found["app"]["innocent-29"] == "50.0"


def test_two_that_never_agree_are_called_impossible_and_not_undecided() -> None:
    graph = {
        "app": {v: Release(requires=("left", "right")) for v in versions(60)},
        "left": {v: Release(requires=("shared <2",)) for v in versions(60)},
        "right": {v: Release(requires=("shared >=2",)) for v in versions(60)},
        "shared": {v: Release() for v in versions(3)},
    }

    found, reasons = solved(graph, "app")

    assert found == {}
    assert "shared" in reasons["app"]


@pytest.mark.parametrize("holes", [3, 8])
def test_a_riddle_without_answer_is_decided_or_said_to_be_undecided(holes: int) -> None:
    """More pigeons than holes: no search of this kind proves that in less than exponential time."""
    graph: dict[str, dict[str, Release]] = {
        f"pigeon-{n}": {f"{h}.0": Release(requires=(f"hole-{h} =={n}",)) for h in range(holes)}
        for n in range(holes + 1)
    }
    graph |= {f"hole-{h}": {f"{n}": Release() for n in range(holes + 1)} for h in range(holes)}
    graph["coop"] = {"1.0": Release(requires=tuple(n for n in graph if n.startswith("pigeon")))}

    # Given up soon after the limit: what follows from one decision is not cut short.
    found, reasons = solved(graph, "coop", most=solver.LIMIT + solver.LIMIT // 100)

    assert found == {}
    assert "hole" in reasons["coop"] or "undecided after" in reasons["coop"]
