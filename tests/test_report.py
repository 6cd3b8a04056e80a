"""The merge request's report, from a plan and what was there before it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from matrix.plan.model import (
    Build,
    Cell,
    Job,
    JobClass,
    Plan,
    PlannedRequirement,
    PlannedTarget,
    RunnerLabels,
    State,
)
from matrix.policy.advisories import Advisory, Affected, Snapshot
from matrix.report import comparing, merge_request
from matrix.report.comparing import Holdings
from matrix.report.facts import Facts, dump, find_added_releases, gather
from matrix.report.merge_request import LIMIT, full, summary

P39, P312 = "cp39-manylinux_2_28_x86_64", "cp312-manylinux_2_28_x86_64"

LINUX = JobClass(
    id="manylinux-x86-64-cibw4",
    system="linux",
    platform="manylinux_x86_64",
    lane="4.3.3",
    engine="podman",
    image="",
    runner=(RunnerLabels(provider="github", labels=("ubuntu-24.04",)),),
)


def cell(project: str, version: str, target: str, state: State, **more: object) -> Cell:
    suffix = "tar.gz" if state is State.BUILD else "whl"
    filled: dict[str, object] = {
        "reason": "",
        "filename": f"{project}-{version}.{suffix}",
        "sha256": f"{project}-{version}",
        "size": 2_000_000,
        "job": "manylinux-x86-64-cibw4.0" if state is State.BUILD else "",
        **more,
    }
    return Cell(project=project, version=version, target=target, state=state, **filled)  # type: ignore[arg-type]


def planned(*cells: Cell, bundle: str = "small") -> Plan:
    return Plan(
        bundle=bundle,
        targets=tuple(
            PlannedTarget(id=name, python=python, platform="manylinux_2_28_x86_64")
            for name, python in ((P312, "3.12.4"), (P39, "3.9.18"))
        ),
        requirements=(
            PlannedRequirement(name="six", requirements=("six",), targets=(P312, P39), excluded=()),
        ),
        cells=tuple(sorted(cells)),
        job_classes=(LINUX,),
        jobs=(
            Job(id="manylinux-x86-64-cibw4.0", job_class=LINUX.id, builds=builds(cells), seconds=0),
        ),
    )


def builds(cells: tuple[Cell, ...]) -> tuple[Build, ...]:
    owed = [one for one in cells if one.state is State.BUILD]
    return tuple(
        Build(
            project=project,
            version=version,
            sdist=f"{project}-{version}.tar.gz",
            sha256="0" * 64,
            size=2_000_000,
            identifiers=tuple(one.target for one in owed if one.project == project),
            targets=tuple(sorted(one.target for one in owed if one.project == project)),
        )
        for project, version in sorted({(one.project, one.version) for one in owed})
    )


SIX = [cell("six", "1.0", target, State.PUBLISHED, size=11_000) for target in (P39, P312)]
NATIVE = [cell("native", "2.0", target, State.BUILD) for target in (P39, P312)]
NEVER = cell("never", "", P39, State.IMPOSSIBLE, filename="", sha256="", reason="no release fits")
SPARED = cell("spared", "", P39, State.EXCLUDED, filename="", sha256="", reason="not | there")

SNAPSHOT = Snapshot(
    name="osv.zip",
    advisories_by_project={
        name: (
            Advisory(
                id="OSV-1",
                aliases=frozenset({"CVE-1"}),
                summary="reads too far",
                affected=(
                    Affected(
                        project=name,
                        versions=frozenset(),
                        ranges=((("introduced", "0"), ("fixed", "2.1")),),
                    ),
                ),
            ),
        )
        for name in map(canonicalize_name, ("native", "six"))
    },
)


def before(*cells: Cell) -> Holdings:
    return comparing.summarize_plan(planned(*cells), name="packages.lock")


def facts_of(made: Plan, **more: object) -> Facts:
    given = {"base": None, "licence_by_release": {}, "osv": None, **more}
    return gather(made, **given)  # type: ignore[arg-type]


def test_a_change_is_told_whole() -> None:
    made = planned(*SIX, *NATIVE, NEVER, SPARED)
    base = before(
        *SIX, cell("native", "1.9", P39, State.BUILD), cell("gone", "3", P39, State.REUSED)
    )

    facts = facts_of(made, base=base, licence_by_release={("native", "2.0"): "MIT"}, osv=SNAPSHOT)

    assert (
        full(facts)
        == summary(facts)
        == (
            """\
<!-- wheelyard:report small -->
**This cannot be planned:** never on cp39-manylinux_2_28_x86_64: no release fits.

# small: what this change brings

1 requirement on 2 targets: 2 published, 2 to build, 1 impossible, 1 excluded. \
0.0 MB to download, 0.0 MB of it new. About 6 runner minutes.

## Impossible

| project | targets | reason |
| --- | --- | --- |
| never | cp39-manylinux_2_28_x86_64 | no release fits |

## Changes

Compared with `packages.lock`.

| project | before | after | targets | required by |
| --- | --- | --- | --- | --- |
| gone | 3 |  | cp39-manylinux_2_28_x86_64 |  |
| native |  | 2.0 | cp312-manylinux_2_28_x86_64 |  |
| native | 1.9 | 2.0 | cp39-manylinux_2_28_x86_64 |  |

## Targets

| target | published | reused | to build | impossible | excluded | download |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| cp312-manylinux_2_28_x86_64 | 1 | 0 | 1 | 0 | 0 | 0.0 MB |
| cp39-manylinux_2_28_x86_64 | 1 | 0 | 1 | 1 | 1 | 0.0 MB |

## To build

| release | targets | runner | source | minutes |
| --- | --- | --- | ---: | ---: |
| native 2.0 | cp312-manylinux_2_28_x86_64, cp39-manylinux_2_28_x86_64 \
| linux: ubuntu-24.04 | 2.0 MB | 6 |

## Excluded

| project | targets | reason |
| --- | --- | --- |
| spared | cp39-manylinux_2_28_x86_64 | not &#124; there |

## Licences of what is added

As the distributions state them.

| release | licence |
| --- | --- |
| native 2.0 | MIT |

## Known vulnerabilities

By `osv.zip`.

| release | since | names | fixed in | summary |
| --- | --- | --- | --- | --- |
| native 2.0 | added | CVE-1, OSV-1 | 2.1 | reads too far |
| six 1.0 | present before | CVE-1, OSV-1 | 2.1 | reads too far |

## Runner minutes

Estimated from the size of the sources.

| runner | builds | minutes |
| --- | ---: | ---: |
| linux: ubuntu-24.04 | 1 | 6 |
"""
        )
    )


def test_a_change_that_brings_nothing_says_so() -> None:
    facts = facts_of(planned(*SIX), base=before(*SIX))

    assert summary(facts) == (
        """\
<!-- wheelyard:report small -->
Everything can be planned.

# small: what this change brings

1 requirement on 2 targets: 2 published. 0.0 MB to download, 0.0 MB of it new. \
About 0 runner minutes.

## Changes

None, compared with `packages.lock`.

## Targets

| target | published | reused | to build | impossible | excluded | download |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| cp312-manylinux_2_28_x86_64 | 1 | 0 | 0 | 0 | 0 | 0.0 MB |
| cp39-manylinux_2_28_x86_64 | 1 | 0 | 0 | 0 | 0 | 0.0 MB |

## To build

Nothing: every wheel exists.

## Licences of what is added

Nothing is added.

## Known vulnerabilities

Not checked: no snapshot was given (`--osv FILE`, `policy.advisories`).
"""
    )


def test_without_a_base_everything_counts_as_added() -> None:
    made = planned(*SIX, *NATIVE)

    assert find_added_releases(made, None) == (("native", "2.0"), ("six", "1.0"))
    assert "Compared with nothing: everything counts as added." in summary(facts_of(made))
    assert "| six |  | 1.0 | all |" in summary(facts_of(made))


def test_a_snapshot_that_knows_nothing_of_the_plan_says_none_by_its_name() -> None:
    text = summary(facts_of(planned(*SIX), osv=Snapshot(name="osv.zip", advisories_by_project={})))

    assert "## Known vulnerabilities\n\nNone by `osv.zip`.\n" in text


def test_each_file_is_downloaded_once() -> None:
    old = cell("old", "1", P39, State.PUBLISHED, size=1_000_000)
    facts = facts_of(planned(*SIX, old), base=before(old))

    assert (facts.download, facts.added) == (1_011_000, 11_000)
    assert [target.size for target in facts.targets] == [11_000, 1_011_000]


def test_the_json_holds_what_the_text_says() -> None:
    loaded = json.loads(dump(facts_of(planned(*SIX, *NATIVE), osv=SNAPSHOT)))

    assert loaded["schema"] == 3
    assert loaded["snapshot"] == "osv.zip"
    assert loaded["builds"][0]["seconds"] == 320
    assert [known["finding"]["ids"] for known in loaded["vulnerable"]] == [["CVE-1", "OSV-1"]] * 2


def test_a_huge_plan_is_folded_and_the_rest_is_in_the_other_file() -> None:
    cells = [cell(f"project-{n:04}", "1.0", P39, State.PUBLISHED) for n in range(3000)]
    facts = facts_of(planned(*cells))

    text = summary(facts)

    shown = text.count("\n| project-")
    assert LIMIT - 200 < len(text.encode()) < LIMIT
    assert f"\n{3000 - shown} more lines in `report.md`.\n" in text
    assert full(facts).count("\n| project-") == 3000


HOSTILE = st.text(st.sampled_from("ab|`\\*_<>&$@#\n\u202e\U0001f600"), max_size=300)


@settings(max_examples=15, deadline=None)
@given(
    bundle=HOSTILE,
    names=st.lists(HOSTILE, min_size=1, max_size=10),
    reason=HOSTILE,
    copies=st.integers(min_value=1, max_value=40),
    base=HOSTILE,
)
def test_the_summary_fits_at_any_size(
    bundle: str, names: list[str], reason: str, copies: int, base: str
) -> None:
    states = (State.BUILD, State.PUBLISHED, State.IMPOSSIBLE, State.EXCLUDED)
    cells = [
        cell(f"{name}{copy}", name or "1", P39, states[copy % 4], reason=f"{reason}{copy}")
        for name in names
        for copy in range(copies)
    ]
    made = planned(*cells, bundle=bundle)
    licences = dict.fromkeys(find_added_releases(made, None), reason)
    old = comparing.summarize_plan(planned(*SIX), name=base)

    facts = facts_of(made, licence_by_release=licences, base=old)

    assert len(summary(facts).encode()) < LIMIT
    assert summary(facts) == summary(facts)
    assert full(facts).count("\n|") >= summary(facts).count("\n|")


def test_rows_that_are_all_too_long_are_clipped_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_request, "LIMIT", 2600)
    cells = [cell("n" * 300, "1" * 300, P39, State.BUILD, reason="r" * 300)]

    text = summary(facts_of(planned(*cells)))

    assert "n" * 39 + "…" in text
    assert len(text.encode()) < 2600


def test_the_facts_do_not_depend_on_the_order_of_cells() -> None:
    made = planned(*SIX, *NATIVE)
    turned = planned(*NATIVE[::-1], *SIX[::-1])

    assert dump(facts_of(made)) == dump(facts_of(turned))
