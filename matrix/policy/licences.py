"""
The licence that core metadata states, as an SPDX expression where that is possible. It is no
legal opinion.
"""

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Mapping
from typing import Final

from matrix.distributions.core_metadata import StatedLicence
from matrix.manifest.policy import Licences
from matrix.policy.expressions import InvalidLicence, Judge, parse

_FAMILY: Final = "License :: OSI Approved"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a release may not be taken, or what to say of one that is; both empty for most."""

    refusal: str = ""
    warning: str = ""


def judge(stated: StatedLicence, *, project: str, rules: Licences) -> Verdict:
    """What ``rules`` say of a release of ``project`` that states ``stated``."""
    text = rules.known.get(project) or expression(stated)
    try:
        parsed = parse(text)
    except InvalidLicence:
        return _unknown(text or words(stated), rules)
    objection = Judge(allow=rules.allow, deny=rules.deny).objection(parsed)
    return Verdict(refusal=f"licence {objection}" if objection else "")


def _unknown(stated: str, rules: Licences) -> Verdict:
    what = f"{stated!r} is not a valid SPDX expression" if stated else "is not stated"
    sentence = f"licence {what} (policy.licences.unknown)"
    if rules.when_unknown == "fail":
        return Verdict(refusal=sentence)
    return Verdict(warning=sentence if rules.when_unknown == "warn" else "")


def expression(stated: StatedLicence) -> str:
    """
    An SPDX expression for what is stated; empty when nothing says one.

    Several classifiers may mean "both" or "either": they count as both, which no rule can be
    surprised by. A classifier without an identifier keeps its words, as ``LicenseRef-BSD-License``.
    """
    if stated.expression:
        return stated.expression
    classifiers = sorted(set(stated.classifiers) - {_FAMILY})
    identifiers = [known_classifiers().get(classifier, "") for classifier in classifiers]
    if all(identifiers) and identifiers:
        return " AND ".join(dict.fromkeys(identifiers))
    if identifier := _identify(stated.text):
        return identifier
    pairs = zip(identifiers, classifiers, strict=True)
    return " AND ".join(dict.fromkeys(known or _reference(text) for known, text in pairs))


def words(stated: StatedLicence) -> str:
    """
    What is stated, for people: License-Expression (PEP 639), else what the classifiers say, else
    the first line of License; empty when nothing is.
    """
    classifiers = set(stated.classifiers) - {_FAMILY}
    names = (known_classifiers().get(text, text.rpartition(" :: ")[2]) for text in classifiers)
    return stated.expression or ", ".join(sorted(names)) or stated.text


def _identify(text: str) -> str:
    """The License field where it is an identifier, or one of the usual names of a licence."""
    if identifier := _data()["names"].get(text.rstrip(".").lower(), ""):
        return identifier
    try:
        parse(text)
    except InvalidLicence:
        return ""
    return text


def _reference(classifier: str) -> str:
    name = classifier.rpartition(" :: ")[2]
    safe = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
    return "LicenseRef-" + "-".join(part for part in safe.split("-") if part)


def known_classifiers() -> Mapping[str, str]:
    """Classifier to SPDX identifier."""
    return _data()["classifiers"]


@functools.cache
def _data() -> Mapping[str, Mapping[str, str]]:
    data = importlib.resources.files("matrix") / "data" / "licences.json"
    loaded: dict[str, dict[str, str]] = json.loads(data.read_text(encoding="utf-8"))
    return loaded
