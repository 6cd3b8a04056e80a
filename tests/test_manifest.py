import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.errors import ManifestError
from matrix.manifest import json_schema
from matrix.manifest.reading import load, read

from .manifests import TARGETS, manifest, text

ROOT = Path(__file__).parent.parent


def complaint(manifest_text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read(manifest_text)
    return str(caught.value)


def test_a_version_stays_the_text_that_was_written() -> None:
    python = manifest("requests").targets["prod"].python

    assert [str(version) for version in python] == ["3.9.18", "3.12.4"]


def test_an_unquoted_minor_version_is_asked_for_in_full() -> None:
    bad = text("requests").replace("[3.9.18, 3.12.4]", "[3.10]")

    assert complaint(bad) == (
        "packages.yaml:3: targets.prod.python[0]: "
        "expected a full version such as '3.12.4', got '3.10'\n"
        "  hint: wheelyard targets --probe prints this machine's"
    )


def test_a_repeated_key_names_both_lines() -> None:
    bad = text("requests", more="bundle: other\n")

    assert complaint(bad) == "packages.yaml:15: repeated key 'bundle', first on line 1"


def test_an_unknown_key_gets_the_nearest_known_one() -> None:
    assert complaint(text("{requirment: requests}")) == (
        "packages.yaml:14: packages[0]: missing key 'requirement'\n"
        "packages.yaml:14: packages[0]: unknown key 'requirment'\n"
        "  hint: did you mean 'requirement'?"
    )


def test_an_unknown_target_gets_the_nearest_known_one() -> None:
    assert complaint(text("{requirement: requests, targets: [prd]}")) == (
        "packages.yaml:14: packages.requests: unknown target 'prd'\n  hint: did you mean 'prod'?"
    )


def test_a_target_that_no_runner_matches_is_an_error() -> None:
    bad = text("requests").replace('match: "win_*"', 'match: "macosx_*"')

    assert complaint(bad) == (
        "packages.yaml:5: targets.desktop: no runner matches 'win_amd64'\n"
        '  hint: add `- match: "win_amd64"` to runners'
    )


def test_no_requirements_is_an_error() -> None:
    assert complaint(TARGETS + "packages: []\n") == (
        "packages.yaml:13: packages: expected at least one, got none"
    )


def test_two_names_that_normalize_alike_name_both_lines() -> None:
    assert complaint(text("ruamel.yaml", "six", "Ruamel_YAML >=0.17")) == (
        "packages.yaml:16: packages.Ruamel_YAML: names the project 'ruamel-yaml', "
        "as line 14 does\n  hint: write one requirement for both"
    )


def test_every_problem_is_told_in_one_run_in_the_order_of_lines() -> None:
    bad = text("requests >> 2", "{requirement: six, exclude: [{target: x, reason: y}]}").replace(
        "platform: win_amd64", "platform: win_amd65"
    )

    assert [line.partition(":")[2].partition(":")[0] for line in complaint(bad).splitlines()] == [
        "5", " wheelyard targets --probe prints this machine's", "14", "15", " known",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "packages.yaml: is empty\n  hint: see docs/manifest.md for a first one"),
        ("a: [", "packages.yaml:1: not YAML: expected the node content, but found '<stream end>'"),
        ("- a\n", "packages.yaml:1: expected a mapping, got a list"),
        ("\tx: 1", "packages.yaml:1: not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\n---\nb: 2\n", "packages.yaml:2: not YAML: but found another document"),
        (
            "packages:\n  - six\n<<<<<<< ours\n  - toml\n=======\n  - yarl\n>>>>>>> theirs\n",
            (
                "packages.yaml:3: has conflicts that git could not merge\n"
                "  hint: edit packages.yaml, then: wheelyard lock"
            ),
        ),
    ],
    ids=["empty", "unclosed", "a-list", "a-tab", "two-documents", "unmerged"],
)
def test_what_is_not_a_manifest_is_told_at_its_line(written: str, said: str) -> None:
    assert complaint(written) == said


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("'not a requirement'", "is not a PEP 508 requirement: Expected semicolon"),
        (
            "pip @ https://index.example/pip.whl",
            "names an address; expected a project of the index",
        ),
        ("~", "expected a value, got nothing"),
        ("{requirement: six, source: biuld}", "expected one of 'any', 'build', got 'biuld'"),
        ("{requirement: six, exclude: [{target: prod}]}", "missing key 'reason'"),
        (
            "{requirement: six, exclude: [{target: prod, reason: x, until: soon}]}",
            "expected a date such as '2027-06-01', got 'soon'",
        ),
    ],
)
def test_bad_entries_say_what_was_expected(entry: str, said: str) -> None:
    assert said in complaint(text(entry))


def test_a_manifest_with_windows_line_ends_and_a_mark_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "packages.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + text("requests").replace("\n", "\r\n").encode())

    assert load(path) == manifest("requests")


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "absent.yaml")

    assert str(caught.value).endswith(
        "absent.yaml: not found\n  hint: name it with --manifest FILE"
    )


def test_one_target_twice_is_an_error_that_names_the_other() -> None:
    bad = text("six").replace("[3.9.18, 3.12.4]", "[3.9.18, 3.9.2]")

    assert complaint(bad) == (
        "packages.yaml:3: targets.prod: cp39-manylinux_2_28_x86_64 is a target of 'prod' already, "
        "on line 3\n  hint: keep one full version of an interpreter per platform"
    )


def test_the_committed_schema_is_the_one_of_the_types() -> None:
    assert (ROOT / "docs" / "packages.schema.json").read_text(
        encoding="utf-8"
    ) == json_schema.text()


def test_the_schema_knows_every_key_that_the_reader_knows() -> None:
    properties = json.loads(json_schema.text())["properties"]

    assert set(properties) == {
        "bot", "bundle", "coordinator", "environments", "github", "gitlab", "keep",
        "merge-requests", "network", "output", "packages", "policy", "recipes", "runners",
        "schedule", "sign", "store", "targets", "tool", "untested",
    }  # fmt: skip


@given(st.text(max_size=200))
def test_any_text_is_read_or_explained(anything: str) -> None:
    with contextlib.suppress(ManifestError):
        read(anything)


@given(st.permutations(["requests", "six >=1.10", "numpy", "{requirement: lxml, targets: [prod]}"]))
def test_the_order_of_requirements_changes_no_target(order: list[str]) -> None:
    assert manifest(*order).all_targets == manifest("requests").all_targets
