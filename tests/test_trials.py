"""Pure wheels that several classes test: what is collected is what each of them has tested."""

from pathlib import Path

import pytest

from matrix.bundle import collecting
from matrix.bundle.collecting import Collected
from matrix.errors import Incomplete
from matrix.plan.model import Plan
from matrix.plan.planning import plan
from matrix.report import explanation, plans

from . import locks
from .locks import P27, P39, P312, WIN
from .manifests import manifest
from .test_plan_builds import locked_build, with_builds
from .wheels import make_wheel

TRIAL = Path("somewhere/trials/win-amd64-cibw4")


LOCK = with_builds(
    locks.lock(locks.sdist("calm", targets=(P312, WIN))),
    locked_build("calm", P312, WIN, is_pure=True),
)


@pytest.fixture
def owing() -> Plan:
    """A plan in which Windows tests what Linux hands over."""
    return plan(manifest("calm"), LOCK)


def collected(made: Plan, wheels: Path, allowed: dict[tuple[str, str], str]) -> Collected:
    return collecting.collect(made, collecting.read(collecting.below(wheels)), allowed=allowed)


def refusal(made: Plan, wheels: Path) -> list[str]:
    with pytest.raises(Incomplete) as caught:
        collected(made, wheels, {})
    return str(caught.value).splitlines()[1:-1]


def test_a_wheel_that_was_tested_there_answers_the_other_class(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "calm", "1.0", members={"calm.py": "A = 1\n"})
    make_wheel(tmp_path / TRIAL, "calm", "1.0", members={"calm.py": "A = 1\r\n"})

    (built,) = collected(owing, tmp_path, {}).wheels

    assert built.path.parent == tmp_path
    assert [cell.target for cell in built.cells] == [P312, WIN]


def test_a_wheel_that_nobody_has_tested_there_does_not(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "calm", "1.0")

    job = next(cell.job for cell in owing.cells if cell.target == WIN)
    assert refusal(owing, tmp_path) == [f"  untested   calm 1.0 for {WIN} (job {job})"]


def test_what_may_be_missing_is_left_out_of_that_target(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "calm", "1.0")

    found = collected(owing, tmp_path, {("calm", WIN): "no runner"})

    assert [[cell.target for cell in built.cells] for built in found.wheels] == [[P312]]
    assert [(cell.target, reason) for cell, reason in found.allowed_missing] == [(WIN, "no runner")]


def test_a_wheel_that_is_another_there_is_refused(owing: Plan, tmp_path: Path) -> None:
    texts = {f"calm/{name}.py": "" for name in "abcd"}
    make_wheel(tmp_path, "calm", "1.0", members=texts)
    make_wheel(
        tmp_path / TRIAL,
        "calm",
        "1.0",
        members=dict.fromkeys(texts, "import winreg\n"),
        requires=["pywin32"],
    )

    (told,) = refusal(owing, tmp_path)
    assert told.startswith(
        f"  other there (calm/a.py, calm/b.py, calm/c.py ...)  calm 1.0 for {WIN}"
    )


def test_a_wheel_that_requires_something_else_there_is_refused(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "calm", "1.0")
    make_wheel(tmp_path / TRIAL, "calm", "1.0", requires=["pywin32"])

    (told,) = refusal(owing, tmp_path)
    assert told.startswith("  other there (Requires-Dist)  calm 1.0")


def test_a_test_alone_is_no_wheel(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path / TRIAL, "calm", "1.0")

    assert [line.split()[0] for line in refusal(owing, tmp_path)] == ["missing", "missing"]


def test_a_test_of_another_class_says_nothing(owing: Plan, tmp_path: Path) -> None:
    make_wheel(tmp_path, "calm", "1.0")
    make_wheel(tmp_path / "trials" / "macosx-arm64-cibw4", "calm", "1.0")

    assert [line.split()[0] for line in refusal(owing, tmp_path)] == ["untested"]


def test_wheels_for_python_2_and_3_are_two(tmp_path: Path) -> None:
    made = plan(
        manifest("calm"),
        with_builds(
            locks.lock(locks.sdist("calm", targets=(P27, P39))),
            locked_build("calm", P27, P39, is_pure=True),
        ),
    )
    make_wheel(tmp_path, "calm", "1.0", tag="py2-none-any")
    make_wheel(tmp_path, "calm", "1.0", tag="py3-none-any")

    found = collected(made, tmp_path, {})

    assert [[cell.target for cell in built.cells] for built in found.wheels] == [[P27], [P39]]


def test_who_only_tests_is_told(owing: Plan) -> None:
    told = explanation.explain(owing, "calm", manifest=manifest("calm"), lock=LOCK, target=WIN)

    line = "  only tests  the bundle takes what manylinux-x86-64-cibw4 builds"
    assert line in explanation.text(told, owing).splitlines()
    assert "calm 1.0 to test it (about" in plans.overview(owing)
