"""What the report is made from: what was there before, and what metadata states."""

import json

import pytest

from matrix.distributions.core_metadata import parse_fields, parse_licence
from matrix.errors import MatrixError
from matrix.plan import planfile
from matrix.policy.licences import words
from matrix.report import comparing
from matrix.report.merge_request import summary

from .test_report import P39, P312, SIX, facts_of, planned


@pytest.mark.parametrize("kind", ["plan", "lock", "bundle"])
def test_a_plan_a_lock_and_a_bundle_say_the_same_of_what_was_before(kind: str) -> None:
    made = planned(*SIX)
    texts = {
        "plan": planfile.dump(made),
        "lock": json.dumps(
            {
                "schema": comparing._SCHEMAS["solutions"],
                "files": [{"sha256": "six-1.0"}],
                "solutions": [
                    {
                        "targets": [P39, P312],
                        "pins": {"six": "1.0"},
                        "root": "six",
                        "requirements": ["six"],
                    }
                ],
            }
        ),
        "bundle": json.dumps(
            {
                "schema": comparing._SCHEMAS["wheels"],
                "wishes": [{"root": "six", "requirements": ["six"]}],
                "wheels": [
                    {
                        "project": "six",
                        "version": "1.0",
                        "targets": [P39, P312],
                        "sha256": "six-1.0",
                    }
                ],
            }
        ),
    }

    assert comparing.parse_holdings(texts[kind], name="base") == comparing.summarize_plan(
        made, name="base"
    )


def test_a_base_of_another_schema_is_told_and_stops_nothing() -> None:
    base = comparing.parse_holdings('{"schema": 0, "solutions": []}', name="packages.lock")

    wanted = comparing._SCHEMAS["solutions"]
    assert (
        f"Not compared with `packages.lock`: expected schema {wanted}, got 0.\n\n| project |"
        in summary(facts_of(planned(*SIX), base=base))
    )


HALF_A_PLAN = json.dumps({"schema": comparing._SCHEMAS["cells"], "cells": [{}]})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": []}', HALF_A_PLAN])
def test_a_base_that_is_none_of_the_three_is_an_error(text: str) -> None:
    with pytest.raises(MatrixError) as caught:
        comparing.parse_holdings(text, name="base.json")

    assert str(caught.value) == (
        "base.json: expected a plan, a lock or a bundle, got a file that cannot be read as one"
    )


SEVERAL = ("", " :: BSD License", " :: Apache Software License")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: ignored", "MIT OR Apache-2.0"),
        ("License: BSD\nClassifier: License :: OSI Approved :: MIT License", "MIT"),
        (
            "\n".join(f"Classifier: License :: OSI Approved{name}" for name in SEVERAL),
            "Apache-2.0, BSD License",
        ),
        ("License: LGPL with exceptions", "LGPL with exceptions"),
        ("License: UNKNOWN", ""),
        ("Name: six", ""),
    ],
    ids=["expression", "classifier", "several", "field", "distutils", "nothing"],
)
def test_a_licence_is_what_the_metadata_states(metadata: str, expected: str) -> None:
    stated = parse_licence(parse_fields(f"Metadata-Version: 2.4\n{metadata}\n\n".encode()))

    assert words(stated) == expected
