"""The wheels of several bundles together; no release may have two wheels of other bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from matrix.distributions import wheel as wheels
from matrix.errors import NotVerified, Problem
from matrix.record.schema import Record, RecordedWheel

_HINT = "give the newer build a build tag: `build:` of its recipe in packages.yaml"


def merge_wheels(records: Iterable[Record]) -> dict[str, RecordedWheel]:
    """
    The wheels of all ``records`` by filename, each shown to every target that any record names.

    Raises ``NotVerified`` when one filename has two digests: clients that installed the first would
    get another wheel under the same name. One release under two spellings is the same: of
    ``Acme.Kit-1.0`` and ``acme_kit-1.0.0``, one installer takes the first and another the last.
    """
    wheel_by_filename: dict[str, RecordedWheel] = {}
    wheel_by_identity: dict[wheels.Identity, RecordedWheel] = {}
    problems = []
    for record in records:
        for wheel in record.wheels:
            identity = wheels.parse_filename(wheel.filename).identity
            first = wheel_by_identity.setdefault(identity, wheel)
            if first.sha256 != wheel.sha256:
                name = "" if first.filename == wheel.filename else f"{first.filename} with "
                what = f"expected {name}sha256 {first.sha256}, as imported before"
                what = f"{what}, got {'' if not name else 'the same release with '}{wheel.sha256}"
                problems.append(Problem(place=f"files/{wheel.filename}", what=what, hint=_HINT))
            known = wheel_by_filename.get(wheel.filename, wheel)
            targets = tuple(sorted({*known.targets, *wheel.targets}))
            wheel_by_filename[wheel.filename] = dataclasses.replace(known, targets=targets)
    if problems:
        raise NotVerified.of(problems)
    return wheel_by_filename
