"""Wheels that several classes make: what is taken is what each of them has tested."""

from pathlib import Path

import pytest

from matrix.bundle import arrivals, collecting
from matrix.bundle.collecting import Collected
from matrix.errors import Incomplete
from matrix.plan.model import Plan
from matrix.plan.planning import create_plan

from . import locks
from .locks import P27, P39, P312, WIN
from .manifests import manifest
from .test_plan_builds import build_row, with_builds
from .wheels import make_wheel

LINUX = Path("one/shared/manylinux-x86-64-cibw4")
WINDOWS = Path("other/shared/win-amd64-cibw4")


LOCK = with_builds(
    locks.lock(locks.sdist("calm", targets=(P312, WIN))),
    build_row("calm", P312, WIN, is_pure=True),
)


@pytest.fixture
def owing() -> Plan:
    """A plan in which Linux and Windows share a wheel."""
    return create_plan(manifest("calm"), LOCK)


def collected(made: Plan, wheels: Path, allowed: dict[tuple[str, str], str]) -> Collected:
    return collecting.collect(
        made, arrivals.read_wheels(arrivals.find_wheels(wheels)), reason_by_pair=allowed
    )


def refusal(made: Plan, wheels: Path, *, hint: str = "build these jobs again") -> list[str]:
    with pytest.raises(Incomplete) as caught:
        collected(made, wheels, {})
    _, *rows, last = str(caught.value).splitlines()
    end = "" if hint == SUPERFLUOUS else ", or pass --allow-missing PROJECT@TARGET"
    assert last == f"  hint: {hint}{end}"
    return rows


SUPERFLUOUS = "remove them: they come from another plan, or from a job that it does not name"
SAME_TOOLS = "pin the build tool for every job: recipes: {calm: {requires: [TOOL<VERSION]}}"


def test_what_each_class_has_made_answers_each(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path / LINUX, "calm", "1.0", members={"calm.py": "A = 1\n"})
    make_wheel(tmp_path / WINDOWS, "calm", "1.0", members={"calm.py": "A = 1\r\n"})

    (built,) = collected(owing, tmp_path, {}).wheels

    assert built.path.parent == tmp_path / LINUX
    assert [cell.target for cell in built.cells] == [P312, WIN]


def test_a_wheel_that_a_class_has_not_tested_does_not_answer_it(
    owing: Plan, tmp_path: Path
) -> None:
    make_wheel(tmp_path / LINUX, "calm", "1.0")

    job = next(cell.job for cell in owing.cells if cell.target == WIN)
    assert refusal(owing, tmp_path) == [f"  untested   calm 1.0 for {WIN} (job {job})"]


def test_what_may_be_missing_is_left_out_of_that_target(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path / LINUX, "calm", "1.0")

    found = collected(owing, tmp_path, {("calm", WIN): "no runner"})

    assert [[cell.target for cell in built.cells] for built in found.wheels] == [[P312]]
    assert [(cell.target, reason) for cell, reason in found.allowed_missing] == [(WIN, "no runner")]


def test_the_wheel_of_windows_is_taken_where_nobody_else_has_one(
    owing: Plan, tmp_path: Path
) -> None:
    path = make_wheel(tmp_path / WINDOWS, "calm", "1.0")

    found = collected(owing, tmp_path, {("calm", P312): "no runner"})

    assert [(built.path, [c.target for c in built.cells]) for built in found.wheels] == [
        (path, [WIN])
    ]


def test_a_wheel_that_is_another_there_is_refused(owing: Plan, tmp_path: Path) -> None:
    texts = {f"calm/{name}.py": "" for name in "abcd"}
    make_wheel(tmp_path / LINUX, "calm", "1.0", members=texts)
    make_wheel(tmp_path / WINDOWS, "calm", "1.0", members=dict.fromkeys(texts, "import winreg\n"))

    (told,) = refusal(owing, tmp_path, hint=SAME_TOOLS)
    assert told.startswith(
        "  differs from the wheel that was tested (calm/a.py, calm/b.py, calm/c.py ...)"
        f"  calm 1.0 for {WIN}"
    )


def test_a_wheel_that_requires_something_else_there_is_refused(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path / LINUX, "calm", "1.0")
    make_wheel(tmp_path / WINDOWS, "calm", "1.0", requires=["pywin32"])

    (told,) = refusal(owing, tmp_path, hint=SAME_TOOLS)
    assert told.startswith("  differs from the wheel that was tested (Requires-Dist)  calm 1.0")


def test_a_shared_wheel_that_nobody_says_to_have_tested_is_none(
    owing: Plan, tmp_path: Path
) -> None:
    make_wheel(tmp_path, "calm", "1.0")

    assert [line.split()[:2] for line in refusal(owing, tmp_path)] == [
        ["untested", "calm"],
        ["untested", "calm"],
        ["unplanned", "calm-1.0-py2.py3-none-any.whl"],
    ]


def test_a_class_that_was_not_asked_is_named(owing: Plan, tmp_path: Path) -> None:
    for place in (LINUX, WINDOWS, Path("shared/macosx-arm64-cibw4")):
        make_wheel(tmp_path / place, "calm", "1.0")

    assert refusal(owing, tmp_path, hint=SUPERFLUOUS) == [
        "  unplanned  calm-1.0-py2.py3-none-any.whl of macosx-arm64-cibw4"
    ]


def test_wheels_for_python_2_and_3_are_two(tmp_path: Path) -> None:
    made = create_plan(
        manifest("calm"),
        with_builds(
            locks.lock(locks.sdist("calm", targets=(P27, P39))),
            build_row("calm", P27, P39, is_pure=True),
        ),
    )
    make_wheel(tmp_path / "shared/manylinux-x86-64-cibw1", "calm", "1.0", tag="py2-none-any")
    make_wheel(tmp_path / LINUX, "calm", "1.0", tag="py3-none-any")

    found = collected(made, tmp_path, {})

    assert [[cell.target for cell in built.cells] for built in found.wheels] == [[P27], [P39]]


def test_of_several_lanes_the_newest_s_is_taken(tmp_path: Path) -> None:
    made = create_plan(manifest("calm"), locks.lock(locks.sdist("calm", targets=(P27, P39))))
    for job_class in ("manylinux-x86-64-cibw1", "manylinux-x86-64-cibw4"):
        make_wheel(tmp_path / "shared" / job_class, "calm", "1.0")

    (built,) = collected(made, tmp_path, {}).wheels

    assert built.path.parent.name == "manylinux-x86-64-cibw4"
    assert [cell.target for cell in built.cells] == [P27, P39]


def test_a_difference_in_a_vendored_dist_info_counts(owing: Plan, tmp_path: Path) -> None:
    vendored = "calm/_vendor/six-1.0.dist-info/METADATA"
    make_wheel(tmp_path / LINUX, "calm", "1.0", members={vendored: "Name: six\n"})
    make_wheel(tmp_path / WINDOWS, "calm", "1.0", members={vendored: "Name: seven\n"})

    (row,) = refusal(owing, tmp_path, hint=SAME_TOOLS)
    difference = "differs from the wheel that was tested (calm/_vendor/six-1.0.dist-info/METADATA)"
    assert row.startswith(f"  {difference}  calm 1.0 for {WIN}")
