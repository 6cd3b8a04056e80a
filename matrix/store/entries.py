"""
``store.json``: the wheels that one run has built or reused, a row for each wheel and target.

A run writes it beside its wheels, and the runs after it read it. It says where a wheel is and never
that it can be trusted: which run wrote it is asked from the provider.
"""

import dataclasses
import json
from collections.abc import Iterable
from typing import Annotated, Final

from matrix.configurations.inputs import Keys
from matrix.documents import rows
from matrix.documents.fields import Digest, Filename, Matching, ProjectName, Size
from matrix.edge import limits
from matrix.errors import MatrixError, Problem

SCHEMA: Final = 1
FILENAME: Final = "store.json"
_HINT: Final = "wheelyard store index WHEELS --plan plan/plan.json --out DIR"

# "$" also matches before a newline, and JSON Schema has no \\Z.
_END: Final = r"(?![\s\S])"
Text = Annotated[str, Matching(rf"^[^\x00-\x1f\x7f]{{0,400}}{_END}", "a line of text")]
MemberPath = Annotated[
    str,
    Matching(
        rf"^(?!\.{{1,2}}/)([^\x00-\x1f/\\]+/(?!\.{{1,2}}/)){{0,8}}[^\x00-\x1f/\\]+{_END}",
        "a path inside an artifact",
    ),
]
"""Relative, with slashes, and without ``..``."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entry:
    """A wheel as the cell of one target knows it, and where it is."""

    content_key: Digest
    test_key: Digest
    target: Text
    project: ProjectName
    version: Text
    filename: Filename
    sha256: Digest
    size: Size
    seconds: Size
    """The part of this target in the seconds that the build took; 0 when unknown."""
    unlocked: Text
    """Why the index of the day decided a part of the build; empty when nothing did."""
    run: Text
    """The id of the run that built it."""
    artifact: Text
    """What holds it, in that run: ``wheels-JOB.ATTEMPT``."""
    path: MemberPath
    """Its path in there."""

    @property
    def keys(self) -> Keys:
        """The keys by which it is reused."""
        return Keys(content=self.content_key, test=self.test_key)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoreIndex:
    """The whole of ``store.json``; what it says of its run is for people."""

    provider: Text
    repository: Text
    run: Text
    attempt: Size
    event: Text
    ref: Text
    commit: Text
    generator: Text
    wheels: tuple[Entry, ...]


def dump(index: StoreIndex) -> str:
    """The text of ``store.json``; the wheels are sorted."""
    return rows.dump(dataclasses.replace(index, wheels=sort_entries(index.wheels)), schema=SCHEMA)


def sort_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Each entry once, by key and target."""
    return tuple(sorted(set(entries)))


def parse(text: str | bytes, *, source: str) -> StoreIndex:
    """Invert ``dump``; ``source`` is how messages name the document."""
    if len(text) > limits.cap("store index bytes"):
        what = f"expected at most {limits.cap('store index bytes')} bytes, got {len(text)}"
        raise MatrixError(Problem(place=source, what=what))
    index = rows.parse(
        text, StoreIndex, schema=SCHEMA, source=source, error=MatrixError, hint=_HINT
    )
    limits.check(
        "store index rows",
        len(index.wheels),
        lambda what: MatrixError(Problem(place=source, what=what)),
    )
    return index


def render_schema() -> str:
    """The JSON Schema of the file, from the types."""
    schema = rows.json_schema(StoreIndex, title="store.json of wheelyard", version=SCHEMA)
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=True) + "\n"
