import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from matrix.bundle import arrivals, collecting, sealing
from matrix.bundle.collecting import Collected
from matrix.documents.fields import Pins
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import Incomplete, NotProven, NotWritten, UsageError
from matrix.plan import handover, inventory
from matrix.plan.handover import BuildNote
from matrix.plan.model import Plan
from matrix.plan.planning import create_plan
from matrix.resolve.lock import LockedFile, Solution
from matrix.verify.verify import verify

from .manifests import manifest
from .sealing import describe_nothing
from .test_plan import NETIFACES, P27, P39, P312, WIN, lock, row
from .wheels import make_wheel

IDENTITY = sealing.Identity(
    version="2026.1", sequence=1, created="2026-01-01T00:00:00Z", generator="tests"
)
LINUX_39 = "cp39-cp39-manylinux_2_17_x86_64"
LINUX_312 = "cp312-cp312-manylinux_2_28_x86_64"
QUIET = Reporter.on_stderr(Loudness.QUIET)


@pytest.fixture
def owing() -> Plan:
    """A plan that builds netifaces for two targets."""
    return create_plan(
        manifest("{requirement: netifaces, targets: [prod]}"),
        lock(row("netifaces-0.11.0.tar.gz", P39, P312)),
    )


def collected(made: Plan, wheels: Path, **allowed: str) -> Collected:
    pairs = {("netifaces", target): "no runner" for target in allowed.values()}
    return collecting.collect(
        made, arrivals.read_wheels(arrivals.find_wheels(wheels)), reason_by_pair=pairs
    )


def seal(made: Plan, found: Collected, out: Path, fetched: Sequence[Path] = ()) -> Path:
    return sealing.seal(
        made, found, fetched, identity=IDENTITY, describe=describe_nothing, out=out, reporter=QUIET
    )


def test_what_the_plan_owes_is_collected_and_assigned(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "netifaces", "0.11.0", tag=LINUX_39)
    make_wheel(tmp_path / "deeper", "netifaces", "0.11.0", tag=LINUX_312)

    found = collected(owing, tmp_path)

    assert {b.wheel.filename: [c.target for c in b.cells] for b in found.wheels} == {
        f"netifaces-0.11.0-{LINUX_312}.whl": [P312],
        f"netifaces-0.11.0-{LINUX_39}.whl": [P39],
    }


def test_one_stable_abi_wheel_answers_every_newer_interpreter(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "netifaces", "0.11.0", tag="cp38-abi3-manylinux_2_17_x86_64")

    found = collected(owing, tmp_path)

    assert [[cell.target for cell in built.cells] for built in found.wheels] == [[P312, P39]]


def test_missing_and_unplanned_wheels_are_each_named(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "netifaces", "0.11.0", tag=LINUX_39)
    make_wheel(tmp_path, "netifaces", "0.11.0", tag="cp312-cp312-manylinux_2_28_aarch64")
    make_wheel(tmp_path, "netifaces", "0.10.9", tag=LINUX_312)

    with pytest.raises(Incomplete) as caught:
        collected(owing, tmp_path)

    assert str(caught.value) == (
        "the built wheels do not match the plan:\n"
        "  missing    netifaces 0.11.0 for cp312-manylinux_2_28_x86_64"
        " (job manylinux-x86-64-cibw4.00)\n"
        "  unplanned  netifaces-0.10.9-cp312-cp312-manylinux_2_28_x86_64.whl\n"
        "  unplanned  netifaces-0.11.0-cp312-cp312-manylinux_2_28_aarch64.whl\n"
        "  hint: build these jobs again, or pass --allow-missing PROJECT@TARGET"
    )


def test_an_unplanned_wheel_is_refused_although_none_is_missing(
    owing: Plan, tmp_path: Path
) -> None:
    make_wheel(tmp_path, "netifaces", "0.11.0", tag="cp38-abi3-manylinux_2_17_x86_64")
    make_wheel(tmp_path, "evil", "1.0")

    with pytest.raises(Incomplete) as caught:
        collected(owing, tmp_path)

    assert str(caught.value).splitlines()[1:] == [
        "  unplanned  evil-1.0-py2.py3-none-any.whl",
        "  hint: remove them: they come from another plan, or from a job that it does not name",
    ]


def test_a_wheel_above_the_floor_does_not_answer(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "netifaces", "0.11.0", tag=LINUX_39)
    make_wheel(tmp_path, "netifaces", "0.11.0", tag="cp312-cp312-manylinux_2_34_x86_64")

    with pytest.raises(Incomplete):
        collected(owing, tmp_path)


@pytest.mark.parametrize("platform", ["linux_x86_64", "manylinux_2_34_x86_64"])
def test_a_wheel_that_may_not_load_on_its_target_is_not_collected(
    platform: str, owing: Plan, tmp_path: Path
) -> None:
    make_wheel(tmp_path, "netifaces", "0.11.0", tag=LINUX_39)
    name = make_wheel(tmp_path, "netifaces", "0.11.0", tag=f"cp312-cp312-{platform}").name

    with pytest.raises(Incomplete) as caught:
        collected(owing, tmp_path)

    why = "unrepaired" if platform == "linux_x86_64" else "unplanned "
    missing = f"netifaces 0.11.0 for {P312} (job manylinux-x86-64-cibw4.00)"
    assert str(caught.value).splitlines()[1:3] == [f"  missing    {missing}", f"  {why} {name}"]


def test_one_name_with_two_contents_is_refused(owing: Plan, tmp_path: Path) -> None:
    one = make_wheel(tmp_path / "a", "netifaces", "0.11.0", tag=LINUX_39)
    other = make_wheel(
        tmp_path / "b", "netifaces", "0.11.0", tag=LINUX_39, members={"netifaces.py": "OTHER = 1\n"}
    )

    with pytest.raises(Incomplete) as caught:
        collected(owing, tmp_path)

    assert (
        str(caught.value) == f"{one.name}: two wheels share this name but differ: {one} and {other}"
    )


def test_the_same_wheel_twice_counts_once(owing: Plan, tmp_path: Path) -> None:
    for place in ("a", "b"):
        make_wheel(tmp_path / place, "netifaces", "0.11.0", tag="cp38-abi3-manylinux_2_17_x86_64")

    assert len(collected(owing, tmp_path).wheels) == 1


def test_a_damaged_wheel_is_named(owing: Plan, tmp_path: Path) -> None:
    (tmp_path / f"netifaces-0.11.0-{LINUX_39}.whl").write_bytes(b"not a zip")

    with pytest.raises(Incomplete) as caught:
        collected(owing, tmp_path)

    assert str(caught.value).startswith(f"netifaces-0.11.0-{LINUX_39}.whl: ")


def test_a_sealed_bundle_verifies(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "netifaces", "0.11.0", tag=LINUX_39)
    make_wheel(tmp_path / "wheels", "netifaces", "0.11.0", tag=LINUX_312)

    bundle = seal(owing, collected(owing, tmp_path / "wheels"), tmp_path / "out")

    report = verify(bundle)
    assert bundle.name == "small-2026.1"
    assert (len(report.record.wheels), report.proven, report.incomplete) == (2, 4, ())


def test_what_a_build_took_reaches_the_record_and_the_next_plan(
    owing: Plan, tmp_path: Path
) -> None:
    made = make_wheel(
        tmp_path / "wheels", "netifaces", "0.11.0", tag="cp38-abi3-manylinux_2_17_x86_64"
    )
    handover.note_path(made).write_text(handover.render_note(BuildNote(seconds=90)))

    record = verify(seal(owing, collected(owing, tmp_path / "wheels"), tmp_path / "out")).record

    assert [wheel.build_seconds for wheel in record.wheels] == [90]
    assert inventory.read_durations(record) == {("netifaces", P39): 45, ("netifaces", P312): 45}


def test_a_damaged_note_of_a_duration_is_no_duration(tmp_path: Path) -> None:
    made = make_wheel(tmp_path, "netifaces", "0.11.0")
    handover.note_path(made).write_text("soon", encoding="utf-8")

    assert handover.read_note(made) == BuildNote()
    assert handover.read_note(tmp_path / "absent.whl") == BuildNote()


def test_an_allowed_gap_is_written_into_the_record(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "netifaces", "0.11.0", tag=LINUX_39)

    found = collected(owing, tmp_path / "wheels", target=P312)
    report = verify(seal(owing, found, tmp_path / "out"))

    assert [(m.project, m.target, m.reason) for m in report.record.missing] == [
        ("netifaces", P312, "no runner")
    ]
    assert {target for target, _ in report.incomplete} == {P312}


def test_a_requirement_that_would_not_install_is_not_sealed(tmp_path: Path) -> None:
    made = create_plan(
        manifest("{requirement: netifaces, targets: [desktop]}"),
        lock(row("netifaces-0.11.0.tar.gz", WIN)),
    )
    make_wheel(
        tmp_path / "wheels",
        "netifaces",
        "0.11.0",
        tag="cp312-cp312-win_amd64",
        requires=["forgotten >=1"],
    )

    with pytest.raises(NotProven) as caught:
        seal(made, collected(made, tmp_path / "wheels"), tmp_path / "out")

    assert str(caught.value).startswith(f"netifaces on {WIN} (target view): forgotten")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"version": "../x"},
            "--version: expected letters, digits, dots and hyphens, got '../x'",
        ),
        ({"version": ""}, "--version: expected letters, digits, dots and hyphens, got ''"),
        (
            {"sequence": 2**63},
            f"--sequence: expected a number from 0 to {2**63 - 1}, got {2**63}",
        ),
        ({"sequence": -1}, f"--sequence: expected a number from 0 to {2**63 - 1}, got -1"),
    ],
    ids=["version-leads-out", "no-version", "sequence-above", "sequence-below"],
)
def test_an_identity_that_no_record_can_hold_is_refused_before_anything_is_written(
    owing: Plan, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    identity = dataclasses.replace(IDENTITY, **changes)

    with pytest.raises(UsageError) as caught:
        sealing.seal(
            owing,
            Collected(wheels=(), allowed_missing=()),
            [],
            identity=identity,
            describe=describe_nothing,
            out=tmp_path / "out",
            reporter=QUIET,
        )

    assert str(caught.value) == message
    assert not (tmp_path / "out").exists()


def test_a_bundle_is_never_overwritten(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "netifaces", "0.11.0", tag="cp38-abi3-manylinux_2_17_x86_64")
    found = collected(owing, tmp_path / "wheels")
    seal(owing, found, tmp_path / "out")

    with pytest.raises(NotWritten) as caught:
        seal(owing, found, tmp_path / "out")

    assert str(caught.value) == (
        f"{tmp_path / 'out' / 'small-2026.1'}: already exists\n  hint: --version ANOTHER"
    )


def test_the_same_inputs_seal_the_same_bytes(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "netifaces", "0.11.0", tag="cp38-abi3-manylinux_2_17_x86_64")
    found = collected(owing, tmp_path / "wheels")

    one, other = (seal(owing, found, tmp_path / name) for name in ("a", "b"))

    assert _contents(one) == _contents(other)


def _contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_each_target_s_view_shows_its_own_wheels_only(tmp_path: Path) -> None:
    universal = LockedFile(
        project=NETIFACES,
        version=Version("0.10.0"),
        filename="netifaces-0.10.0-py2.py3-none-any.whl",
        sha256="",
        size=0,
        targets=(P27,),
    )
    wheel = make_wheel(tmp_path / "cache", "netifaces", "0.10.0")
    files = lock(universal, row("netifaces-0.11.0.tar.gz", P39, P312))
    old = Solution(
        root="netifaces",
        requirements=("netifaces",),
        targets=(P27,),
        pins=Pins([(NETIFACES, Version("0.10.0"))]),
    )
    new = Solution(
        root="netifaces",
        requirements=("netifaces",),
        targets=(P312, P39),
        pins=Pins([(NETIFACES, Version("0.11.0"))]),
    )
    made = create_plan(
        manifest("{requirement: netifaces, targets: [prod, legacy]}"),
        type(files)(targets=files.targets, files=files.files, solutions=(new, old), impossible=()),
    )
    make_wheel(tmp_path / "wheels", "netifaces", "0.11.0", tag="cp38-abi3-manylinux_2_17_x86_64")

    bundle = seal(made, collected(made, tmp_path / "wheels"), tmp_path / "out", [wheel])

    page = "simple/netifaces/index.html"
    assert "0.11.0" not in (bundle / "targets" / P27 / page).read_text(encoding="utf-8")
    assert "0.10.0" not in (bundle / "targets" / P39 / page).read_text(encoding="utf-8")
    union = (bundle / page).read_text(encoding="utf-8")
    assert "0.10.0" in union
    assert "0.11.0" in union
