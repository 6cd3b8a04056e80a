"""From one bundle to the next: wheels that were built before, by their keys."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from matrix.bundle import arrivals, collecting, fetching, sealing
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import NotVerified
from matrix.manifest.model import Manifest
from matrix.plan import handover, inventory
from matrix.plan.handover import BuildNote
from matrix.plan.model import Plan, State
from matrix.plan.planning import create_plan
from matrix.resolve.lock import Lock
from matrix.verify.verify import verify

from .manifests import manifest
from .sealing import describe_nothing
from .test_plan import P39, P312, lock, row
from .wheels import make_wheel

IDENTITY = sealing.Identity(
    version="2026.1", sequence=1, created="2026-01-01T00:00:00Z", generator="tests"
)
NEXT = dataclasses.replace(IDENTITY, version="2026.2", sequence=2)
QUIET = Reporter.on_stderr(Loudness.QUIET)
SDIST = "netifaces-0.11.0.tar.gz"
WANTED = "{requirement: netifaces, targets: [prod]}"


@pytest.fixture
def wanted() -> Manifest:
    return manifest(WANTED)


@pytest.fixture
def locked() -> Lock:
    return lock(row(SDIST, P39, P312))


@pytest.fixture
def previous(wanted: Manifest, locked: Lock, tmp_path: Path) -> Path:
    """A bundle with one wheel for two targets, whose build took 90 seconds."""
    wheel = make_wheel(
        tmp_path / "wheels", "netifaces", "0.11.0", tag="cp38-abi3-manylinux_2_17_x86_64"
    )
    handover.note_path(wheel).write_text(handover.render_note(BuildNote(seconds=90)))
    plan = create_plan(wanted, locked)
    return seal(plan, tmp_path, identity=IDENTITY)


def seal(
    plan: Plan, directory: Path, *, identity: sealing.Identity, previous: Path | None = None
) -> Path:
    wheels = () if previous else arrivals.find_wheels(directory / "wheels")
    return sealing.seal(
        plan,
        collecting.collect(plan, arrivals.read_wheels(wheels), reason_by_pair={}),
        fetching.find_reused(plan, previous),
        identity=identity,
        describe=describe_nothing,
        out=directory / "out",
        reporter=QUIET,
    )


def plan_again(manifest: Manifest, lock: Lock, previous: Path) -> Plan:
    record = verify(previous).record
    return create_plan(
        manifest,
        lock,
        inventory=inventory.read_inventory(record),
        past=inventory.read_durations(record),
    )


def states(plan: Plan) -> set[State]:
    return {cell.state for cell in plan.cells}


def test_a_reused_wheel_goes_into_the_next_bundle_with_its_keys_and_its_build_time(
    wanted: Manifest, locked: Lock, previous: Path, tmp_path: Path
) -> None:
    plan = plan_again(wanted, locked, previous)

    bundle = seal(plan, tmp_path, identity=NEXT, previous=previous)

    (before,), (after,) = verify(previous).record.wheels, verify(bundle).record.wheels
    assert (before.origin, after.origin) == ("built", "reused")
    assert after == dataclasses.replace(before, origin="reused")
    assert (after.build_seconds, len(after.content_keys), len(after.test_keys)) == (90, 2, 2)


def test_build_times_travel_through_any_number_of_bundles(
    wanted: Manifest, locked: Lock, previous: Path, tmp_path: Path
) -> None:
    plan = plan_again(wanted, locked, previous)
    second = seal(plan, tmp_path, identity=NEXT, previous=previous)
    third = seal(
        plan_again(wanted, locked, second),
        tmp_path,
        identity=dataclasses.replace(IDENTITY, version="2026.3", sequence=3),
        previous=second,
    )

    first, last = (inventory.read_durations(verify(path).record) for path in (previous, third))
    assert first == last == {("netifaces", P39): 45, ("netifaces", P312): 45}


@pytest.mark.parametrize(
    "recipe",
    ["test: {command: 'true'}", "environment: {CFLAGS: -O1}"],
    ids=["another-test", "another-build"],
)
def test_a_wheel_is_built_again_when_its_test_or_its_build_changes(
    recipe: str, locked: Lock, previous: Path
) -> None:
    changed = manifest(WANTED, more=f"recipes: {{netifaces: {{{recipe}}}}}\n")

    assert states(plan_again(changed, locked, previous)) == {State.BUILD}


def test_a_changed_test_leaves_the_content_key(locked: Lock, wanted: Manifest) -> None:
    changed = manifest(WANTED, more="recipes: {netifaces: {test: {command: 'true'}}}\n")

    before, after = create_plan(wanted, locked).cells, create_plan(changed, locked).cells

    assert [cell.content_key for cell in before] == [cell.content_key for cell in after]
    assert all(a.test_key != b.test_key for a, b in zip(before, after, strict=True))


def test_a_reused_wheel_with_other_bytes_is_refused(
    wanted: Manifest, locked: Lock, previous: Path
) -> None:
    plan = plan_again(wanted, locked, previous)
    (wheel,) = (previous / "files").glob("*.whl")
    shutil.copy(make_wheel(previous, "netifaces", "0.11.0", members={"other.py": ""}), wheel)

    with pytest.raises(NotVerified) as caught:
        fetching.find_reused(plan, previous)

    assert str(caught.value) == (
        f"{previous}: expected {wheel.name} with sha256 {plan.cells[0].sha256}, "
        "got another file or none\n"
        "  hint: wheelyard store fetch --plan plan/plan.json --out wheels, or --previous BUNDLE"
    )


def test_reused_wheels_need_the_bundle_that_holds_them(
    wanted: Manifest, locked: Lock, previous: Path
) -> None:
    with pytest.raises(NotVerified) as caught:
        fetching.find_reused(plan_again(wanted, locked, previous), None)

    assert str(caught.value) == (
        "reused: the plan reuses 1 wheel of earlier runs, got none\n"
        "  hint: wheelyard store fetch --plan plan/plan.json --out wheels, or --previous BUNDLE"
    )
