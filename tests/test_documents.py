"""JSON documents as frozen dataclasses: what is written is read again, all else is refused."""

import dataclasses
import enum
import json
from collections.abc import Mapping
from typing import Any, Literal

import jsonschema  # type: ignore[import-untyped]  # its stubs are another dependency
import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.documents import rows
from matrix.documents.fields import Digest, Pins, ProjectName, Size
from matrix.errors import LockError

RANGE = "expected an integer from 0 to 9007199254740991"
DIGEST = "0123456789abcdef" * 4


class State(enum.StrEnum):
    BUILD = "build"
    REUSED = "reused"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """
    One file
    of a shelf.
    """

    project: ProjectName
    version: Version
    sha256: Digest
    size: Size
    tags: tuple[str, ...] = ()
    link: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    state: State
    system: Literal["linux", "windows"]
    pair: tuple[str, int]
    is_pure: bool
    labels_by_provider: Mapping[str, tuple[str, ...]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    files: tuple[File, ...]
    name: str
    rows: tuple[Row, ...] = ()
    solutions: tuple["Solution", ...] = ()
    first: File | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    pins: Pins


FILE = File(project=NormalizedName("zope-interface"), version=Version("1.0"), sha256=DIGEST, size=7)
SHELF = Shelf(
    name="caf\u00e9",
    files=(FILE, dataclasses.replace(FILE, version=Version("2.0"), tags=("cp312", "abi3"))),
    rows=(
        Row(
            state=State.BUILD,
            system="linux",
            pair=("a", 1),
            is_pure=True,
            labels_by_provider={"github": ("ubuntu-24.04",)},
        ),
    ),
    solutions=(Solution(pins=Pins([(NormalizedName("six"), Version("1.0"))])),),
    first=FILE,
)
TEXT = rows.dump(SHELF, schema=4)


def parse(text: str | bytes, upgrade_by_schema: Mapping[int, rows.Upgrade] | None = None) -> Shelf:
    return rows.parse(
        text,
        Shelf,
        schema=4,
        source="shelf.json",
        error=LockError,
        hint="wheelyard lock",
        upgrade_by_schema=upgrade_by_schema,
    )


def refusal(text: str | bytes) -> str:
    with pytest.raises(LockError) as caught:
        parse(text)
    assert isinstance(caught.value.problems[0].hint, str)
    return str(caught.value).partition("\n  hint: ")[0]


def changed(*path: str | int, to: object) -> str:
    loaded = json.loads(TEXT)
    place = loaded
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(loaded)


def test_a_document_has_one_row_a_line_and_single_values_first() -> None:
    few = Shelf(name="caf\u00e9", files=(FILE,))

    assert rows.dump(few, schema=4, indent=1) == (
        '{\n"schema": 4,\n"name": "caf\\u00e9",\n"first": null,\n"files": [\n'
        ' {"project": "zope-interface", "version": "1.0", "sha256": "' + DIGEST + '", "size": 7,'
        ' "tags": [], "link": null}\n],\n"rows": [],\n"solutions": []\n}\n'
    )


def test_a_document_is_read_as_it_was_written() -> None:
    assert parse(TEXT) == SHELF
    assert parse(TEXT.encode()) == SHELF
    assert '"pins": {"six": "1.0"}' in TEXT


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("files", 1, "size"), "many", "files[1].size: expected an integer, got a string"),
        (("files", 1, "size"), 2.0, "files[1].size: expected an integer, got a number"),
        (("files", 1, "size"), True, "files[1].size: expected an integer, got true or false"),
        (("files", 1, "size"), None, "files[1].size: expected an integer, got null"),
        (
            ("files", 1, "size"),
            -1,
            f"files[1].size: {RANGE}, got -1",
        ),
        (
            ("files", 0, "size"),
            10**19,
            f"files[0].size: {RANGE}, got 10000000000000000000",
        ),
        (("files", 0, "sha256"), 7, "files[0].sha256: expected a string, got an integer"),
        (
            ("files", 0, "sha256"),
            f"{DIGEST}\n",
            f"files[0].sha256: expected 64 hexadecimal digits, got '{DIGEST[:59]}...",
        ),
        (
            ("files", 0, "project"),
            "Zope.Interface",
            "files[0].project: expected a normalized project name, got 'Zope.Interface'",
        ),
        (("files", 0, "version"), "x", "files[0].version: expected a version, got 'x'"),
        (("files", 0, "version"), 1.0, "files[0].version: expected a version, got a number"),
        (
            ("files", 0, "version"),
            "9" * 5000,
            f"files[0].version: expected a version, got '{'9' * 59}...",
        ),
        (("files", 0, "tags"), "cp312", "files[0].tags: expected an array, got a string"),
        (("files", 0, "tags"), [1], "files[0].tags[0]: expected a string, got an integer"),
        (("files", 0, "link"), 7, "files[0].link: expected a string, got an integer"),
        (("files", 0), [], "files[0]: expected an object, got an array"),
        (("files",), {}, "files: expected an array, got an object"),
        (("rows", 0, "state"), "x", "rows[0].state: expected 'build' or 'reused', got 'x'"),
        (("rows", 0, "system"), "x", "rows[0].system: expected 'linux' or 'windows', got 'x'"),
        (("rows", 0, "pair"), ["a"], "rows[0].pair: expected an array of 2 items, got 1"),
        (
            ("rows", 0, "labels_by_provider", "github"),
            7,
            "rows[0].labels_by_provider['github']: expected an array, got an integer",
        ),
        (("rows", 0, "pair"), ["a", "b"], "rows[0].pair[1]: expected an integer, got a string"),
        (("solutions", 0, "pins"), [], "solutions[0].pins: expected an object, got an array"),
        (
            ("solutions", 0, "pins", "six"),
            7,
            "solutions[0].pins['six']: expected a version, got 7",
        ),
        (("first", "size"), "x", "first.size: expected an integer, got a string"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_place(
    path: tuple[str | int, ...], value: object, message: str
) -> None:
    assert refusal(changed(*path, to=value)) == f"shelf.json: {message}"


@pytest.mark.parametrize("path", [(), ("files", 0), ("rows", 0), ("solutions", 0), ("first",)])
def test_unknown_and_missing_keys_are_refused_with_their_place(path: tuple[str | int, ...]) -> None:
    loaded = json.loads(TEXT)
    place = loaded
    for step in path:
        place = place[step]
    where = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).removeprefix(".")
    where = f"{where}: " if where else ""
    for name in [name for name in place if name != "schema"]:
        value = place.pop(name)
        assert refusal(json.dumps(loaded)) == f"shelf.json: {where}missing key {name!r}"
        place[name] = value
    place["x"] = 1
    assert refusal(json.dumps(loaded)) == f"shelf.json: {where}unknown key 'x'"


def test_an_unknown_key_has_a_hint_with_the_nearest_missing_one() -> None:
    text = TEXT.replace('"tags"', '"tag"')

    with pytest.raises(LockError) as caught:
        parse(text)

    assert str(caught.value) == (
        "shelf.json: files[0]: unknown key 'tag'\n  hint: did you mean 'tags'?"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: not JSON: Expecting value"),
        (b"{}\xff", ":1: expected UTF-8, got byte 0xff"),
        (b'{\n"\xff": 1}', ":2: expected UTF-8, got byte 0xff"),
        ('{"schema": 4}}', ":1: not JSON: Extra data"),
        ("[" * 100_000, ": nested too deeply"),
        ('{"a": ' * 100_000, ": nested too deeply"),
        ("9" * 5000, ": not JSON: a number of too many digits"),
        ("[NaN]", ": expected a number, got NaN"),
        ("[]", ": expected an object with schema 4, got an array"),
        ("{}", ": expected schema 4, got null"),
        ('{"schema": 4.0}', ": expected schema 4, got a number"),
        ('{"schema": true}', ": expected schema 4, got true or false"),
        ('{"schema": []}', ": expected schema 4, got an array"),
        ('{"schema": 3}', ": expected schema 4, got 3"),
        ('{"schema": 5}', ": expected schema 4, got 5"),
        ('{"schema": 4, "schema": 4}', ": key 'schema' stands twice in one object"),
        (TEXT.replace("cp312", "\\ud800"), ": expected UTF-8, got half of a surrogate pair"),
        (TEXT.replace("cp312", "\ud800"), ": expected UTF-8, got half of a surrogate pair"),
    ],
    ids=range(18),
)
def test_text_that_is_no_document_is_refused(text: str | bytes, message: str) -> None:
    assert refusal(text) == f"shelf.json{message}"


def test_a_pair_of_escaped_surrogates_is_one_character() -> None:
    text = TEXT.replace("cp312", "\\ud83d\\ude00")

    assert parse(text).files[1].tags[0] == "\U0001f600"


def test_a_newer_schema_has_a_hint_of_its_own() -> None:
    with pytest.raises(LockError) as caught:
        parse('{"schema": 5}')

    assert str(caught.value).endswith("  hint: use the version that wrote it")


def test_an_older_document_is_upgraded() -> None:
    old = json.loads(TEXT)
    old["schema"] = 3
    old["title"] = old.pop("name")

    def upgrade(loaded: dict[str, Any]) -> dict[str, Any]:
        return {**{k: v for k, v in loaded.items() if k != "title"}, "name": loaded["title"]}

    assert parse(json.dumps(old), upgrade_by_schema={3: upgrade}) == SHELF


def test_the_json_schema_takes_what_is_read_and_nothing_else() -> None:
    schema = rows.json_schema(Shelf, title="a shelf", version=4)

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(TEXT), schema)
    for wrong in (
        changed("files", 0, "size", to="many"),
        changed("files", 0, "sha256", to="x"),
        changed("files", 0, "x", to=1),
        changed("schema", to=3),
        changed("solutions", 0, "pins", "six", to=1),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(wrong), schema)
    assert schema["properties"]["files"]["items"]["description"] == "One file of a shelf."
