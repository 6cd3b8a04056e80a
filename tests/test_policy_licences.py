"""Licence rules on SPDX expressions, and on what older metadata says instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from matrix.distributions.core_metadata import StatedLicence, parse
from matrix.manifest.policy import Licences
from matrix.policy import licences
from matrix.policy.expressions import InvalidLicence, Judge
from matrix.policy.expressions import parse as parse_expression

OSI = "License :: OSI Approved"


def objection(expression: str, *, allow: str = "", deny: str = "") -> str:
    judge = Judge(allow=allow.split(), deny=deny.split())
    return judge.objection(parse_expression(expression))


@pytest.mark.parametrize(
    ("expression", "allow", "deny", "expected"),
    [
        ("MIT", "", "", ""),
        ("mit", "MIT", "", ""),
        ("MIT", "mit", "", ""),
        ("MIT", "ISC", "", "MIT is not allowed (policy.licences.allow)"),
        ("AGPL-3.0-only", "", "AGPL-3.0-only", "AGPL-3.0-only is denied (policy.licences.deny)"),
        ("AGPL-3.0", "", "AGPL-3.0-only", "AGPL-3.0-only is denied (policy.licences.deny)"),
        ("AGPL-3.0+", "", "AGPL-3.0-or-later",
         "AGPL-3.0-or-later is denied (policy.licences.deny)"),
        ("AGPL-3.0-only", "", "AGPL-3.0", "AGPL-3.0-only is denied (policy.licences.deny)"),
        ("AGPL-3.0-or-later", "", "AGPL-*", "AGPL-3.0-or-later is denied (policy.licences.deny)"),
        ("LGPL-3.0-only", "", "GPL-*", ""),
        ("MIT OR GPL-3.0-only", "", "GPL-*", ""),
        ("GPL-2.0-only OR GPL-3.0-only", "", "GPL-*",
         "GPL-2.0-only is denied (policy.licences.deny)"),
        ("MIT AND GPL-3.0-only", "", "GPL-*", "GPL-3.0-only is denied (policy.licences.deny)"),
        ("MIT AND (GPL-3.0-only OR ISC)", "", "GPL-*", ""),
        ("MIT OR ISC AND GPL-3.0-only", "ISC GPL-3.0-only", "", ""),
        ("(MIT OR ISC) AND GPL-3.0-only", "MIT", "",
         "GPL-3.0-only is not allowed (policy.licences.allow)"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0", "", ""),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "", "GPL-2.0-only",
         "GPL-2.0-only WITH Classpath-exception-2.0 is denied (policy.licences.deny)"),
        ("LicenseRef-Acme", "LicenseRef-*", "", ""),
    ],
)  # fmt: skip
def test_an_expression_is_judged_by_its_meaning(
    expression: str, allow: str, deny: str, expected: str
) -> None:
    assert objection(expression, allow=allow, deny=deny) == expected


def test_a_pair_with_an_exception_can_be_allowed_by_its_name() -> None:
    pair = "GPL-2.0-only WITH Classpath-exception-2.0"

    assert Judge(allow=[pair], deny=["GPL-*"]).objection(parse_expression(pair)) == ""
    assert Judge(allow=["GPL-*"], deny=[pair]).objection(parse_expression(pair)) == (
        "GPL-2.0-only WITH Classpath-exception-2.0 is denied (policy.licences.deny)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BSD",
        "see LICENSE",
        "MIT AND",
        "MIT " + "OR MIT " * 400 + "OR MIT",
        "(" * 900,
        "(" * 21 + "MIT" + ")" * 21,
    ],
)
def test_what_is_no_expression_is_no_licence(text: str) -> None:
    with pytest.raises(InvalidLicence):
        parse_expression(text)


def test_many_choices_are_judged_at_once() -> None:
    several = " AND ".join(["(MIT OR ISC)"] * 100)

    assert objection(several, allow="ISC") == ""
    assert objection(several, allow="Zlib") == "MIT is not allowed (policy.licences.allow)"


LEAVES = st.sampled_from(["MIT", "ISC", "Zlib", "GPL-3.0-only", "AGPL-3.0-only"])
EXPRESSIONS = st.recursive(
    LEAVES, lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner), max_leaves=8
)


def text_of(tree: object) -> str:
    return f"({' '.join(map(text_of, tree))})" if isinstance(tree, tuple) else str(tree)


def may(tree: object, allowed: set[str]) -> bool:
    if not isinstance(tree, tuple):
        return tree in allowed
    left, how, right = tree
    sides = may(left, allowed), may(right, allowed)
    return all(sides) if how == "AND" else any(sides)


@given(EXPRESSIONS, st.sets(LEAVES, min_size=1))
def test_or_is_a_choice_and_and_binds(tree: object, allowed: set[str]) -> None:
    said = objection(canonicalize_license_expression(text_of(tree)), allow=" ".join(allowed))

    assert (said == "") == may(tree, allowed)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (StatedLicence(expression="MIT", text="ignored"), "MIT"),
        (StatedLicence(classifiers=(OSI, f"{OSI} :: MIT License")), "MIT"),
        (StatedLicence(classifiers=(f"{OSI} :: BSD License",)), "LicenseRef-BSD-License"),
        (StatedLicence(classifiers=(f"{OSI} :: BSD License",), text="BSD-3-Clause"),
         "BSD-3-Clause"),
        (StatedLicence(classifiers=(f"{OSI} :: MIT License", f"{OSI} :: ISC License (ISCL)")),
         "ISC AND MIT"),
        (StatedLicence(classifiers=("License :: Other/Proprietary License",)),
         "LicenseRef-Other-Proprietary-License"),
        (StatedLicence(text="Apache License, Version 2.0"), "Apache-2.0"),
        (StatedLicence(text="BSD"), ""),
        (StatedLicence(), ""),
    ],
    ids=["expression", "classifier", "family", "family and field", "several", "proprietary",
         "name", "ambiguous name", "nothing"],
)  # fmt: skip
def test_older_metadata_becomes_an_expression_where_it_can(
    stated: StatedLicence, expected: str
) -> None:
    assert licences.expression(stated) == expected


def test_every_expression_of_the_tables_is_one() -> None:
    tables = licences._data()

    texts = [*tables["classifiers"].values(), *tables["names"].values()]

    assert len([parse_expression(text) for text in texts]) > 40


def verdict(stated: StatedLicence, **rules: object) -> tuple[str, str]:
    made = licences.judge(stated, project="native", rules=Licences(**rules))  # type: ignore[arg-type]
    return made.refusal, made.warning


UNSTATED = "licence is not stated (policy.licences.unknown)"


def test_an_unknown_licence_is_refused_by_who_allows_and_doubted_by_who_denies() -> None:
    nothing = StatedLicence()

    assert verdict(nothing, allow=("MIT",)) == (UNSTATED, "")
    assert verdict(nothing, deny=("MIT",)) == ("", UNSTATED)
    assert verdict(nothing, allow=("MIT",), unknown="warn") == ("", UNSTATED)
    assert verdict(nothing, deny=("MIT",), unknown="fail") == (UNSTATED, "")
    assert verdict(nothing, deny=("MIT",), unknown="ignore") == ("", "")


def test_a_licence_in_other_words_is_quoted() -> None:
    stated = StatedLicence(text="see LICENSE")

    assert verdict(stated, allow=("MIT",)) == (
        "licence 'see LICENSE' is not a valid SPDX expression (policy.licences.unknown)",
        "",
    )


def test_what_the_manifest_knows_of_a_project_counts_more() -> None:
    stated = StatedLicence(expression="AGPL-3.0-only")
    denied = "licence AGPL-3.0-only is denied (policy.licences.deny)"

    assert verdict(stated, deny=("AGPL-*",)) == (denied, "")
    assert verdict(stated, deny=("AGPL-*",), known={"native": "MIT"}) == ("", "")
    assert verdict(StatedLicence(), known={"native": "AGPL-3.0"}, deny=("AGPL-*",)) == (denied, "")


def test_core_metadata_carries_what_it_states() -> None:
    text = (
        "Metadata-Version: 2.1\nName: a\nVersion: 1\nLicense: UNKNOWN\n"
        f"Classifier: Topic :: Games\nClassifier: {OSI} :: MIT License\n\n"
    )

    assert parse(text.encode()).licence == StatedLicence(classifiers=(f"{OSI} :: MIT License",))
