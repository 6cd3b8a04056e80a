"""The licence that a distribution's core metadata states; nobody's legal opinion."""

import functools
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from typing import Final

from packaging.metadata import parse_email

UNKNOWN: Final = "unknown"

_PREFIX: Final = "License :: "
_FAMILY: Final = "License :: OSI Approved"


def licence(metadata: bytes) -> str:
    """
    License-Expression (PEP 639), else what the classifiers say, else the first line of License.

    >>> licence(b"License: Apache 2, see LICENSE")
    'Apache 2, see LICENSE'
    """
    raw, _ = parse_email(metadata)
    if expression := raw.get("license_expression", "").strip():
        return expression
    return _classified(raw.get("classifiers", [])) or _first_line(raw.get("license", "")) or UNKNOWN


def _classified(classifiers: Sequence[str]) -> str:
    # Several may mean "both" or "either": the classifiers do not tell, so neither do we.
    stated = {text for text in classifiers if text.startswith(_PREFIX)} - {_FAMILY}
    return ", ".join(sorted(_known().get(text, text.rpartition(" :: ")[2]) for text in stated))


def _first_line(text: str) -> str:
    # Some put the whole text of the licence here, others the word UNKNOWN (distutils did).
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "" if not lines or lines[0].upper() == "UNKNOWN" else lines[0]


@functools.cache
def _known() -> Mapping[str, str]:
    data = importlib.resources.files("matrix") / "data" / "licences.json"
    loaded: dict[str, str] = json.loads(data.read_text(encoding="utf-8"))["classifiers"]
    return loaded
