"""
Problems as data, in the formats that show them beside the lines of a merge request.

* ``github``: workflow commands, which GitHub turns into annotations;
* ``gitlab``: a Code Quality report, which GitLab shows in the merge request's changes;
* ``sarif``: SARIF 2.1.0, for code scanning and editors;
* ``json``: our own.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from matrix import __version__
from matrix.errors import MatrixError, Problem, printable

Level = Literal["error", "warning"]

_IN_MESSAGES: Final = "%\r\n"
_IN_PROPERTIES: Final = f"{_IN_MESSAGES}:,"
_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A problem with its rule, and the file that it is in: relative to the repository."""

    problem: Problem
    level: Level
    rule: str
    path: str

    @property
    def message(self) -> str:
        """What to do about it, without the place; several lines."""
        problem = self.problem
        hint = (f"hint: {problem.hint}",) if problem.hint else ()
        # A place that is no file is a part of the message.
        is_file = self.path and self.path.rpartition("/")[2] == problem.place.rpartition("/")[2]
        what = (
            problem.what if is_file or not problem.place else f"{problem.position}: {problem.what}"
        )
        return "\n".join(map(printable, (what, *problem.lines, *hint)))


def name_rule(error: MatrixError | type[MatrixError]) -> str:
    """
    Return the name of an error's kind.

    >>> from matrix.errors import LockError
    >>> name_rule(LockError)
    'lock-error'
    """
    kind = error if isinstance(error, type) else type(error)
    known = next(k for k in kind.__mro__ if "exit_code" in vars(k))
    return re.sub("(?<!^)(?=[A-Z])", "-", known.__name__).lower()


def render_github(annotations: Iterable[Annotation]) -> str:
    """
    Render workflow commands, one line each.

    Values are escaped as actions/toolkit does it (packages/core/src/command.ts).
    """
    return "".join(_render_command(annotation) for annotation in annotations)


def _render_command(annotation: Annotation) -> str:
    values = {
        "file": annotation.path,
        "line": str(annotation.problem.line or ""),
        "title": "wheelyard",
    }
    properties = ",".join(
        f"{name}={_escape(value, _IN_PROPERTIES)}" for name, value in values.items() if value
    )
    return f"::{annotation.level} {properties}::{_escape(annotation.message, _IN_MESSAGES)}\n"


def _escape(value: str, characters: str) -> str:
    for character in characters:
        value = value.replace(character, f"%{ord(character):02X}")
    return value


def render_gitlab(annotations: Iterable[Annotation], *, default: str) -> str:
    """Render a Code Quality report; a problem without a file is shown at ``default``."""
    rows = [
        {
            "description": annotation.message,
            "check_name": annotation.rule,
            "fingerprint": hashlib.sha256(repr(annotation).encode()).hexdigest(),
            "severity": "critical" if annotation.level == "error" else "minor",
            "location": {
                "path": annotation.path or default,
                "lines": {"begin": annotation.problem.line or 1},
            },
        }
        for annotation in annotations
    ]
    return _dump(rows)


def render_sarif(annotations: Iterable[Annotation], *, default: str) -> str:
    """Render a SARIF log with one run; a problem without a file is shown at ``default``."""
    all_annotations = tuple(annotations)
    rules = sorted({annotation.rule for annotation in all_annotations})
    driver = {
        "name": "wheelyard",
        "version": __version__,
        "rules": [{"id": rule} for rule in rules],
    }
    results = [
        {
            "ruleId": annotation.rule,
            "level": annotation.level,
            "message": {"text": annotation.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": annotation.path or default},
                        "region": {"startLine": annotation.problem.line or 1},
                    }
                }
            ],
        }
        for annotation in all_annotations
    ]
    run = {"tool": {"driver": driver}, "results": results}
    return _dump({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def render_json(annotations: Iterable[Annotation], *, exit_code: int) -> str:
    """Render our own object, in which every problem has the fields of ``Problem``."""
    rows = [
        {
            "level": annotation.level,
            "rule": annotation.rule,
            "path": annotation.path,
            **dataclasses.asdict(annotation.problem),
        }
        for annotation in annotations
    ]
    return _dump({"exit_code": exit_code, "problems": rows})


def _dump(value: Any) -> str:  # noqa: ANN401 - what json takes
    return json.dumps(value, indent=1) + "\n"
