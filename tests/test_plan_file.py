"""plan.json: what another job wrote is checked before it is believed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are another dependency
import pytest

from matrix.errors import MatrixError
from matrix.plan import planfile
from matrix.plan.planning import create_plan

from .locks import lock, sdist, wheel
from .manifests import manifest

HINT = "\n  hint: make it again: wheelyard plan --out DIR"


def document() -> dict[str, Any]:
    """A plan with two jobs and a published wheel, as JSON."""
    files = (sdist("netifaces"), sdist("psutil"), wheel("six"))
    plan = create_plan(manifest("netifaces", "psutil", "six"), lock(*files))
    loaded: dict[str, Any] = json.loads(planfile.dump(plan))
    return loaded


def refuse(text: str) -> str:
    with pytest.raises(MatrixError) as caught:
        planfile.parse(text, source="plan.json")
    return str(caught.value)


def test_the_documented_schema_is_that_of_the_types() -> None:
    written = (Path(__file__).parent.parent / "docs" / "plan.schema.json").read_text("utf-8")

    assert written == planfile.render_schema()


def test_a_plan_is_what_its_schema_says() -> None:
    jsonschema.validate(document(), json.loads(planfile.render_schema()))


def test_a_plan_has_the_same_bytes_after_reading() -> None:
    plan = create_plan(manifest("netifaces"), lock(sdist("netifaces")))
    text = planfile.dump(plan)

    assert planfile.dump(planfile.parse(text, source="plan.json")) == text
    assert planfile.parse(json.dumps(json.loads(text)), source="plan.json") == plan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "plan.json:1: not JSON: Expecting value"),
        ("null", "plan.json: expected an object with schema 5, got null"),
        ("{}", "plan.json: expected schema 5, got null"),
        ('{"schema": 4}', "plan.json: expected schema 5, got 4"),
        ('{"schema": 5}', "plan.json: missing key 'build_requirements'"),
        ("[" * 100_000, "plan.json: nested too deeply"),
    ],
    ids=["empty", "null", "object", "older", "keys", "deep"],
)
def test_other_text_is_not_a_plan(text: str, message: str) -> None:
    assert refuse(text) == message + HINT


def test_a_plan_of_a_newer_version_is_refused() -> None:
    assert refuse('{"schema": 9}') == (
        "plan.json: expected schema 5, got 9\n  hint: use the version that wrote it"
    )


Change = Callable[[Any], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda plan: plan["targets"][0].update(python=3.12),
            "targets[0].python: expected a string, got a number",
        ),
        (
            lambda plan: plan["cells"][0].update(filename=7),
            "cells[0].filename: expected a string, got an integer",
        ),
        (
            lambda plan: plan["cells"][0].update(size="many"),
            "cells[0].size: expected an integer, got a string",
        ),
        (
            lambda plan: plan["cells"][0].update(size=-1),
            f"cells[0].size: expected an integer from 0 to {2**53 - 1}, got -1",
        ),
        (
            lambda plan: plan["cells"][0].update(sha256="0"),
            "cells[0].sha256: expected 64 hexadecimal digits or nothing, got '0'",
        ),
        (
            lambda plan: plan["cells"][0].update(filename="../a"),
            "cells[0].filename: expected a file name or nothing, got '../a'",
        ),
        (
            lambda plan: plan["jobs"][0]["builds"][0].update(sdist=".."),
            "jobs[0].builds[0].sdist: expected a file name, got '..'",
        ),
        (
            lambda plan: plan["jobs"][0].update(id="../a"),
            "jobs[0].id: expected the name of a job, got '../a'",
        ),
        (
            lambda plan: plan["jobs"][0]["builds"][0].update(after="lxml"),
            "jobs[0].builds[0].after: expected an array, got a string",
        ),
    ],
)
def test_a_value_of_another_kind_is_refused_with_its_place(change: Change, message: str) -> None:
    plan = document()
    change(plan)

    assert refuse(json.dumps(plan)) == f"plan.json: {message}{HINT}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda plan: plan["targets"][0].update(python="3.12"),
            "targets[0]: expected a full version such as '3.12.4', got '3.12'",
        ),
        (
            lambda plan: plan["targets"][0].update(id="cp39-win32"),
            "targets[0].id: expected 'cp27-manylinux_2_17_x86_64', got 'cp39-win32'",
        ),
        (
            lambda plan: plan["requirements"][0].update(targets=["cp39-win32"]),
            "requirements[0].targets: the plan has no 'cp39-win32'",
        ),
        (
            lambda plan: plan["cells"][0].update(target="cp39-win32"),
            "cells[0].target: the plan has no 'cp39-win32'",
        ),
        (
            lambda plan: plan["cells"][0].update(job="absent"),
            "cells[0].job: the plan has no 'absent'",
        ),
        (
            lambda plan: plan["job_classes"][0].update(lane="4.3.9"),
            (
                "job_classes[0].lane: "
                "expected cibuildwheel 4.3.3 or 3.4.1 or 2.23.4 or 1.12.0, got '4.3.9'"
            ),
        ),
        (
            lambda plan: plan["jobs"][0].update(job_class="absent"),
            "jobs[0].job_class: the plan has no 'absent'",
        ),
        (
            lambda plan: plan["jobs"][0]["builds"][0].update(targets=["cp39-win32"]),
            "jobs[0].builds[0].targets: the plan has no 'cp39-win32'",
        ),
        (
            lambda plan: plan["jobs"][0]["builds"][0].update(build_requirements=["a.whl"]),
            "jobs[0].builds[0].build_requirements: the plan has no 'a.whl'",
        ),
    ],
)
def test_a_row_that_refers_to_nothing_is_refused(change: Change, message: str) -> None:
    plan = document()
    change(plan)

    assert refuse(json.dumps(plan)) == f"plan.json: {message}{HINT}"
