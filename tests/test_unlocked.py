"""Builds whose build requirements are not all locked: named everywhere, refused where asked."""

from pathlib import Path

import pytest

from matrix.bundle import arrivals, collecting, sealing
from matrix.cli import main
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import Impossible
from matrix.plan import handover, inventory
from matrix.plan.handover import BuildNote, FetchedFile
from matrix.plan.model import Plan
from matrix.plan.planning import create_plan
from matrix.plan.unlocked import find_unlocked, list_problems, refuse_unlocked
from matrix.report.notes import notes
from matrix.report.plans import overview
from matrix.verify.verify import verify

from . import locks
from .index_server import IndexServer
from .locks import P39, P312
from .manifests import manifest, text
from .sealing import describe_nothing
from .test_plan_builds import build_row, with_builds
from .wheels import make_sdist, make_wheel

CALM = "{requirement: calm, targets: [prod]}"
REASON = "no wheel of scikit-build"
LOCK = with_builds(
    locks.lock(locks.sdist("calm", targets=(P39, P312))),
    build_row("calm", P39, P312, reason=REASON),
)
IDENTITY = sealing.Identity(
    version="2026.1", sequence=1, created="2026-01-01T00:00:00Z", generator="tests"
)


@pytest.fixture
def plan() -> Plan:
    return create_plan(manifest(CALM), LOCK)


def test_plan_and_notes_name_unlocked_builds(plan: Plan) -> None:
    assert list(find_unlocked(plan)) == [("calm", "calm 1.0", REASON)]
    assert f"unlocked:\n  calm 1.0: {REASON}\n" in overview(plan)
    unlocked = f"## Unlocked builds\n\n* calm 1.0: {REASON}\n"
    assert unlocked in notes(plan, (), version="1")


def test_the_record_names_unlocked_builds_and_the_files_that_they_fetched(
    plan: Plan, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "wheels", "calm", "1.0", tag="cp38-abi3-manylinux_2_17_x86_64")
    fetched = (FetchedFile(filename="scikit_build-1.0.tar.gz", sha256="a" * 64),)
    note = BuildNote(seconds=90, fetched=fetched)
    handover.note_path(wheel).write_text(handover.render_note(note), encoding="utf-8")
    bundle = sealing.seal(
        plan,
        collecting.collect(plan, arrivals.read_wheels([wheel]), reason_by_pair={}),
        (),
        identity=IDENTITY,
        describe=describe_nothing,
        out=tmp_path / "out",
        reporter=Reporter.on_stderr(Loudness.QUIET),
    )

    record = verify(bundle).record
    (recorded,) = record.wheels
    assert recorded.unlocked == REASON
    assert [(file.filename, file.sha256) for file in recorded.fetched] == [
        ("scikit_build-1.0.tar.gz", "a" * 64)
    ]
    # The next bundle, which reuses the wheel, still says so.
    again = create_plan(manifest(CALM), LOCK, inventory=inventory.read_inventory(record))
    assert {(cell.state.value, cell.unlocked) for cell in again.cells} == {("reused", REASON)}


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ("", 1),
        ("policy: {unlocked: warn}\n", 1),
        ("recipes: {calm: {unlocked: allow}}\n", 0),
        ("recipes: {other: {unlocked: allow}}\n", 1),
    ],
)
def test_a_recipe_may_allow_its_own_unlocked_builds(more: str, count: int, plan: Plan) -> None:
    wanted = manifest(CALM, more=more)

    refuse_unlocked(wanted, plan)
    assert [problem.what for problem in list_problems(wanted, plan)] == [
        f"calm 1.0 is unlocked: {REASON}"
    ] * count


def test_a_policy_refuses_unlocked_builds_that_no_recipe_allows(plan: Plan) -> None:
    with pytest.raises(Impossible) as caught:
        refuse_unlocked(manifest(CALM, more="policy: {unlocked: refuse}\n"), plan)

    assert str(caught.value) == (
        f"packages.yaml: calm 1.0 is unlocked: {REASON}\n"
        "  hint: recipes: {calm: {unlocked: allow}}"
    )
    allowed = "policy: {unlocked: refuse}\nrecipes: {calm: {unlocked: allow}}\n"
    refuse_unlocked(manifest(CALM, more=allowed), plan)


@pytest.mark.parametrize(("policy", "code", "start"), [("warn", 0, "warning: "), ("refuse", 5, "")])
def test_plan_warns_or_refuses(
    policy: str,
    code: int,
    start: str,
    index: IndexServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    index.add(make_sdist(index.directory, "native", "2.0"))
    more = f"network: {{index: '{index.url}'}}\npolicy: {{unlocked: {policy}}}\n"
    written = text("{requirement: native, targets: [prod]}", more=more)
    (tmp_path / "packages.yaml").write_text(written, encoding="utf-8")
    options = ("--manifest", str(tmp_path / "packages.yaml"), "--cache", str(tmp_path / "cache"))
    assert main(["lock", *options]) == 0
    capsys.readouterr()

    assert main(["plan", *options]) == code
    errors = capsys.readouterr().err.splitlines()
    assert any(
        line.startswith(f"{start}packages.yaml: native 2.0 is unlocked: ") for line in errors
    )
