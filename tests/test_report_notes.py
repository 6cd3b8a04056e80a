from matrix.plan.model import State
from matrix.report.comparing import Change
from matrix.report.notes import notes

from .test_report import NATIVE, NEVER, P39, P312, SIX, SPARED, cell, planned


def test_notes_name_targets_builds_gaps_and_exclusions() -> None:
    plan = planned(*SIX, *NATIVE, NEVER, SPARED)
    missing = next(cell for cell in plan.cells if cell.project == "native" and cell.target == P39)

    assert notes(plan, [(missing, "no compiler")], version="2026.1") == (
        f"""\
# small 2026.1

## Targets

* `{P312}`: CPython 3.12.4 on manylinux_2_28_x86_64
* `{P39}`: CPython 3.9.18 on manylinux_2_28_x86_64

## Requirements

* six

## Built for this plan

* native 2.0

## Missing

* native 2.0 for `{P39}`: no compiler

## Excluded

* spared on `{P39}`: not &#124; there

## Verify and import

    wheelyard verify BUNDLE
    wheelyard import BUNDLE --to DIRECTORY
"""
    )


def test_a_release_of_which_every_wheel_is_missing_was_not_built() -> None:
    plan = planned(*SIX, *NATIVE)
    missing = [(cell, "no image") for cell in plan.cells if cell.state is State.BUILD]

    assert "Built for this plan" not in notes(plan, missing, version="2026.1")


def test_text_of_the_manifest_stays_text_in_the_notes() -> None:
    reason = "# Heading\n<img onerror=x> [click](javascript:x) @everyone fixes #1"
    attack = cell("spared", "", P39, State.EXCLUDED, filename="", sha256="", reason=reason)

    text = notes(planned(*SIX, attack), [], version="1 <b>")

    (line,) = (line for line in text.splitlines() if "spared" in line)
    assert "<" not in text
    assert "[click](" not in line
    assert "@everyone" not in line
    assert "#1" not in line
    assert [line for line in text.splitlines() if line.startswith("# ")] == [
        "# small 1 &#60;b&#62;"
    ]


def test_notes_say_what_changed_and_what_went_down_first() -> None:
    changes = (
        Change(project="a", before=("1.0",), after=("1.1",), targets=(P312,)),
        Change(project="b", before=("2.0",), after=("1.9",), targets=(P312, P39)),
        Change(project="c", before=(), after=("3|0",), targets=(P39,)),
        Change(project="d", before=("4.0",), after=(), targets=(P39,)),
    )

    text = notes(planned(*SIX), [], version="2", changes=changes, base="acme-1")

    assert (
        f"""\
## Changes since acme-1

* **down** b 2.0 -&#62; 1.9 on `{P312}`, `{P39}`
* **up** a 1.0 -&#62; 1.1 on `{P312}`
* **added** c 3&#124;0 on `{P39}`
* **removed** d 4.0 on `{P39}`
"""
        in text
    )


def test_notes_say_that_nothing_changed() -> None:
    assert "## Changes since acme-1\n\n* nothing\n" in notes(
        planned(*SIX), [], version="2", base="acme-1"
    )


def test_notes_without_an_earlier_bundle_speak_of_no_changes() -> None:
    assert "Changes" not in notes(planned(*SIX), [], version="2")
