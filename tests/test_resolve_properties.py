"""Laws of resolution, on graphs that Hypothesis makes up and makes small again when one breaks."""

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.tags import parse_tag
from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock
from matrix.targets.target import Target

from . import graphs, independent
from .memory_index import Graph, Release, lock_of

ROOT = Path(__file__).resolve().parent.parent
THOROUGH = settings(max_examples=60, deadline=None)


def manifest(roots: Sequence[str], targets: Sequence[str], more: str = "") -> Manifest:
    groups = "".join(
        f"  {name.replace('_', '-')}: {{platform: {platform}, python: ['{python}']}}\n"
        for name, (platform, python) in ((t, graphs.TARGETS[t]) for t in targets)
    )
    entries = "".join(f"  - '{root}'\n" for root in roots)
    runners = "runners: [{match: '*', github: any, gitlab: [any]}]\n"
    return read(f"bundle: laws\ntargets:\n{groups}{runners}packages:\n{entries}{more}")


def answers(lock: Lock, targets: Sequence[str]) -> set[tuple[str, tuple[str, ...], str, object]]:
    """What the lock says about some targets, without how it is grouped."""
    rows: set[tuple[str, tuple[str, ...], str, object]] = {
        (s.root, s.requirements, target, s.pins) for s in lock.solutions for target in s.targets
    }
    rows |= {(no.root, no.requirements, no.target, no.reason) for no in lock.impossible}
    return {row for row in rows if row[2] in targets}


@THOROUGH
@given(graphs.graphs, graphs.roots, graphs.targets, graphs.targets)
def test_another_target_never_changes_what_a_target_installs(
    graph: Graph, roots: list[str], some: list[str], others: list[str]
) -> None:
    few = lock_of(manifest(roots, some), graph)
    many = lock_of(manifest(roots, sorted({*some, *others})), graph)

    assert answers(many, some) == answers(few, some)


@THOROUGH
@given(graphs.graphs, graphs.roots, graphs.targets, st.randoms(use_true_random=False))
def test_the_order_of_the_manifest_never_changes_the_lock(
    graph: Graph, roots: list[str], targets: list[str], chance: random.Random
) -> None:
    def shuffled(texts: list[str]) -> list[str]:
        return chance.sample(texts, len(texts))

    first = lock_of(manifest(roots, targets), graph)
    second = lock_of(manifest(shuffled(roots), shuffled(targets)), graph)

    assert lockfile.dump(first) == lockfile.dump(second)


@THOROUGH
@given(graphs.graphs, graphs.roots, graphs.targets)
def test_every_answer_is_one_in_the_eyes_of_a_checker_of_its_own(
    graph: Graph, roots: list[str], targets: list[str]
) -> None:
    wanted = manifest(roots, targets, more=f"environments: {{all: {roots!r}}}\n")
    lock = lock_of(wanted, graph)

    said = [
        (solution.root, target.id, fault)
        for target in wanted.all_targets
        for solution in lock.solutions
        if target.id in solution.targets
        for fault in _faults(solution.requirements, solution.pins, graph, target)
    ]
    assert said == []
    assert {(root, t) for root, _, t, _ in answers(lock, targets)} == {
        (root, t) for root in [*(p.project for p in wanted.packages), "environment all"]
        for t in targets
    }  # fmt: skip


@THOROUGH
@given(graphs.graphs, graphs.roots, graphs.targets)
def test_nothing_is_called_impossible_that_some_combination_allows(
    graph: Graph, roots: list[str], targets: list[str]
) -> None:
    wanted = manifest(roots, targets, more=f"environments: {{all: {roots!r}}}\n")
    lock = lock_of(wanted, graph)

    by_id = {target.id: target for target in wanted.all_targets}
    overlooked = [
        (no, found)
        for no in lock.impossible
        for found in itertools.islice(_every_way(no.requirements, graph, by_id[no.target]), 1)
    ]
    assert overlooked == []


ONLY_3 = "py3-none-any"
TWO_REASONS: Graph = {
    "beta": {"1.0": Release(), "1.1": Release(requires=("epsilon",))},
    "delta": {"1.0": Release(tag=ONLY_3), "1.1": Release(requires=("epsilon", "gamma"))},
    "epsilon": {"1.0": Release(tag=ONLY_3)},
    "gamma": {"1.0": Release(tag=ONLY_3)},
}


@THOROUGH
@given(graphs.graphs, graphs.roots, graphs.targets)
@example(TWO_REASONS, ["beta", "delta"], ["cp27-manylinux_2_17_x86_64"])
def test_locking_again_changes_nothing(graph: Graph, roots: list[str], targets: list[str]) -> None:
    wanted = manifest(roots, targets)
    first = lock_of(wanted, graph)

    assert lock_of(wanted, graph, first) == first


@THOROUGH
@given(graphs.graphs, graphs.roots, graphs.targets)
def test_pins_stay_when_newer_releases_appear(
    graph: Graph, roots: list[str], targets: list[str]
) -> None:
    wanted = manifest(roots, targets)
    first = lock_of(wanted, graph)
    later = {name: {**releases, "9.0": Release()} for name, releases in graph.items()}
    second = lock_of(wanted, later, first)

    # Where requirements had no answer or had to be split, a newer release may bring them together.
    agreed = [t for t in targets if _is_joint(first, t)]
    assert answers(second, agreed) == answers(first, agreed)


def _is_joint(lock: Lock, target: str) -> bool:
    here = [pin for s in lock.solutions if target in s.targets for pin in s.pins]
    return len(dict(here)) == len(set(here)) and target not in {no.target for no in lock.impossible}


def _every_way(asked: Sequence[str], graph: Graph, target: Target) -> Iterator[dict[str, str]]:
    python, tags = str(target.python), {str(tag) for tag in target.tags()}
    usable = {
        name: {
            version: release.requires
            for version, release in releases.items()
            if SpecifierSet(release.requires_python).contains(python)
            and tags & {str(tag) for tag in parse_tag(release.tag)}
        }
        for name, releases in graph.items()
    }
    return independent.solutions(asked, usable, target.marker_environment())


def _faults(
    asked: Sequence[str],
    pins: Sequence[tuple[NormalizedName, Version]],
    graph: Graph,
    target: Target,
) -> list[str]:
    releases = {name: graph[name][str(version)] for name, version in pins}
    return independent.faults(
        asked,
        {name: str(version) for name, version in pins},
        {name: release.requires for name, release in releases.items()},
        {name: release.requires_python for name, release in releases.items()},
        target.marker_environment(),
    )


def test_the_checker_sees_what_is_wrong() -> None:
    (target,) = manifest(["alpha"], ["cp39-manylinux_2_28_x86_64"]).all_targets
    pins = {"alpha": "1.0", "beta": "1.0", "delta": "1.0"}
    requires = {"alpha": ["beta[more] >=2", "gamma; python_version < '3'"], "beta": (), "delta": ()}
    pythons = {"alpha": ">=3", "beta": "<3", "delta": ""}

    said = independent.faults(
        ["alpha", "gamma"], pins, requires, pythons, target.marker_environment()
    )

    assert said == [
        "beta 1.0 does not run on 3.9.18",
        "gamma is not answered by gamma None",
        "beta[more] >=2 is not answered by beta 1.0",
        "beta is needed by nobody",
        "delta is needed by nobody",
    ]


PRINT_A_LOCK = """
from matrix.resolve import lockfile
from tests.memory_index import lock_of
from tests.test_resolve_properties import GRAPH, manifest
from tests.graphs import TARGETS
lock = lock_of(manifest(["alpha", "beta", "gamma[more]", "delta <2"], sorted(TARGETS)), GRAPH)
print(lockfile.dump(lock))
"""
GRAPH: Graph = {
    "alpha": {
        "2.0": Release(requires=("gamma >=2", "beta", "zeta")),
        "1.0": Release(requires=("gamma",)),
    },
    "beta": {"1.0": Release(requires=("gamma[more] <2", "alpha"))},
    "gamma": {
        version: Release(requires=("epsilon; extra == 'more'", "delta; sys_platform == 'win32'"))
        for version in ("1.0", "2.0")
    },
    "delta": {"1.0": Release(requires_python=">=3"), "2.0": Release()},
    "epsilon": {"1.0": Release(requires=("beta",))},
    "zeta": {"1.0": Release(), "1.1": Release(requires_python=">=3.9")},
}


@pytest.mark.parametrize(
    ("seed", "locale", "zone"),
    [
        ("0", "C", "UTC"),
        ("1", "tr_TR.UTF-8", "Asia/Kathmandu"),
        ("4242", "C.UTF-8", "Pacific/Apia"),
    ],
    ids=["0", "1", "4242"],
)
def test_hash_seed_locale_zone_and_directory_change_nothing(
    seed: str, locale: str, zone: str, tmp_path: Path
) -> None:
    here = lock_of(
        manifest(["alpha", "beta", "gamma[more]", "delta <2"], sorted(graphs.TARGETS)), GRAPH
    )
    around = {"PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone, "PYTHONPATH": str(ROOT)}
    there = subprocess.run(
        [sys.executable, "-c", PRINT_A_LOCK],
        cwd=tmp_path,
        env={**os.environ, **around},
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.strip() == lockfile.dump(here).strip()
    assert here.solutions != ()
