import dataclasses
import json
from html.parser import HTMLParser
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matrix.record import canonical, environment, pages, proof, schema
from matrix.record.canonical import InvalidRecord
from matrix.record.schema import (
    Exclusion,
    Missing,
    Record,
    RecordedFile,
    RecordedRequirement,
    RecordedTarget,
    RecordedWheel,
)

T = TypeVar("T")

TEXTS = st.text(max_size=5)
NUMBERS = st.integers(0, canonical.MAX_NUMBER)
TUPLES = st.lists(TEXTS, max_size=2).map(tuple)


def few(cls: type[T], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(st.builds(cls, **fields), max_size=2).map(tuple)


RECORDS = st.builds(
    Record,
    name=TEXTS,
    sequence=NUMBERS,
    targets=few(
        RecordedTarget, tags=TUPLES, marker_environment=st.dictionaries(TEXTS, TEXTS, max_size=2)
    ),
    wishes=few(RecordedRequirement, requirements=TUPLES, targets=TUPLES, excluded=few(Exclusion)),
    wheels=few(RecordedWheel, size=NUMBERS, build_seconds=NUMBERS, targets=TUPLES),
    missing=few(Missing),
    files=few(RecordedFile, size=NUMBERS),
)
PROOFS = st.builds(
    proof.ProofFile,
    proofs=few(proof.ProvenRequirement, wheels=TUPLES),
    missing=few(proof.IncompleteRequirement, needs=TUPLES),
)


def record() -> Record:
    return Record(
        name="acme",
        version="2026.1",
        sequence=7,
        created="2026-11-22T00:00:00Z",
        generator="wheelyard 0.1",
        source=schema.NO_SOURCE,
        targets=(),
        wishes=(),
        wheels=(),
        missing=(),
        files=(),
    )


@settings(max_examples=30, deadline=None)
@given(RECORDS)
def test_a_record_survives_being_written(texts: Record) -> None:
    assert schema.parse(schema.dump(texts)) == texts


@settings(max_examples=30, deadline=None)
@given(PROOFS)
def test_a_proof_survives_being_written(texts: proof.ProofFile) -> None:
    assert proof.parse(proof.dump(texts)) == texts


def test_a_record_is_sorted_text_that_ends_with_a_newline() -> None:
    text = schema.dump(record())

    assert text.splitlines()[:4] == [
        "{",
        ' "created": "2026-11-22T00:00:00Z",',
        ' "files": [],',
        ' "generator": "wheelyard 0.1",',
    ]
    assert text.endswith("\n}\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"extra": 1}, "unknown key 'extra'", id="unknown-key"),
        pytest.param({"schema": 4}, "schema: expected 3, got 4", id="newer-schema"),
        pytest.param({"schema": 4, "new": 1}, "schema: expected 3, got 4", id="schema-first"),
        pytest.param({"schema": True}, "schema: expected 3, got True", id="schema-true"),
        pytest.param({"sequence": "7"}, "sequence: expected a whole number, got a text", id="text"),
        pytest.param(
            {"sequence": True}, "sequence: expected a whole number, got true or false", id="bool"
        ),
        pytest.param({"schema": 2.0}, "schema: expected 3, got 2.0", id="schema-fraction"),
        pytest.param(
            {"sequence": 2**63},
            "sequence: expected a whole number from 0 to 9223372036854775807, got another",
            id="number-above",
        ),
        pytest.param(
            {"sequence": -1},
            "sequence: expected a whole number from 0 to 9223372036854775807, got another",
            id="number-below",
        ),
        pytest.param(
            {"version": "1\ud800"},
            "version: expected Unicode text, got half of a surrogate pair",
            id="surrogate",
        ),
        pytest.param({"files": {}}, "files: expected a list, got an object", id="object-for-list"),
        pytest.param(
            {"missing": [{"project": "a", "version": "1", "target": "t"}]},
            "missing[0]: missing key 'reason'",
            id="missing-key",
        ),
        pytest.param(
            {"missing": ["a"]}, "missing[0]: expected an object, got a text", id="text-for-object"
        ),
    ],
)
def test_a_record_of_another_shape_is_refused(change: dict[str, object], message: str) -> None:
    text = json.dumps(json.loads(schema.dump(record())) | change)

    with pytest.raises(InvalidRecord) as caught:
        schema.parse(text)

    assert str(caught.value) == message


def test_an_unknown_origin_is_refused() -> None:
    texts = dataclasses.replace(record(), wheels=(wheel("a", "1"),))
    text = schema.dump(texts).replace('"published"', '"stolen"')

    with pytest.raises(InvalidRecord) as caught:
        schema.parse(text)

    assert str(caught.value) == (
        "wheels[0].origin: expected 'published' or 'built' or 'reused', got 'stolen'"
    )


def test_a_repeated_key_is_refused() -> None:
    text = schema.dump(record()).replace(' "sequence": 7', ' "sequence": 6,\n "sequence": 7')

    with pytest.raises(InvalidRecord) as caught:
        schema.parse(text)

    assert str(caught.value) == "not in canonical form: sorted keys, one space, each key once"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000], ids=["empty", "open", "deep"])
def test_text_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecord, match=r"^not JSON: "):
        schema.parse(text)


def test_exclusions_and_missing_releases_have_an_order() -> None:
    first = Exclusion(target="a", reason="z")
    lack = Missing(project="a", version="1", target="t", reason="r")

    assert first < Exclusion(target="b", reason="a")
    assert lack < dataclasses.replace(lack, target="u")


def test_an_environment_is_what_pex_calls_a_complete_platform() -> None:
    target = RecordedTarget(
        id="cp27",
        python_full_version="2.7.18",
        platform="manylinux_2_17_x86_64",
        marker_environment={"os_name": "posix"},
        tags=("cp27-cp27mu-linux_x86_64", "py2-none-any"),
    )

    assert json.loads(environment.dump(target)) == {
        "path": "",
        "compatible_tags": ["cp27-cp27mu-linux_x86_64", "py2-none-any"],
        "marker_environment": {"os_name": "posix"},
    }


def wheel(
    project: str, version: str, *, requires_python: str = "", tag: str = "py3-none-any"
) -> RecordedWheel:
    return RecordedWheel(
        filename=f"{project}-{version}-{tag}.whl",
        sha256="ab" * 32,
        size=5,
        project=project,
        version=version,
        requires_python=requires_python,
        metadata_sha256="cd" * 32,
        targets=(),
        origin="published",
        content_keys=(),
        test_keys=(),
        build_seconds=0,
        unlocked="",
        fetched=(),
    )


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs))


def test_a_project_page_links_with_digest_python_and_metadata() -> None:
    texts = pages.render_pages([wheel("a", "1", requires_python=">=3.9,<4")], files_prefix="../../")

    assert 'data-requires-python="&gt;=3.9,&lt;4"' in texts["a/index.html"]
    assert _Links(texts["a/index.html"]).links == [
        {
            "href": "../../files/a-1-py3-none-any.whl#sha256=" + "ab" * 32,
            "data-requires-python": ">=3.9,<4",
            "data-core-metadata": "sha256=" + "cd" * 32,
        }
    ]


def test_a_json_page_says_the_same_as_the_html() -> None:
    texts = pages.render_pages([wheel("a", "1", requires_python=">=3.9")], files_prefix="../../")

    assert json.loads(texts["a/index.json"]) == {
        "meta": {"api-version": "1.1"},
        "name": "a",
        "versions": ["1"],
        "files": [
            {
                "filename": "a-1-py3-none-any.whl",
                "url": "../../files/a-1-py3-none-any.whl",
                "hashes": {"sha256": "ab" * 32},
                "size": 5,
                "requires-python": ">=3.9",
                "core-metadata": {"sha256": "cd" * 32},
            }
        ],
    }


def test_the_root_lists_projects_and_html_never_names_json() -> None:
    texts = pages.render_pages([wheel("b", "1"), wheel("a", "1")], files_prefix="../../")

    assert [link["href"] for link in _Links(texts["index.html"]).links] == ["a/", "b/"]
    assert json.loads(texts["index.json"])["projects"] == [{"name": "a"}, {"name": "b"}]
    assert not any("json" in text for path, text in texts.items() if path.endswith(".html"))


def test_files_go_by_version_then_name() -> None:
    wheels = [wheel("a", "1.10"), wheel("a", "1.9", tag="py3-none-win32"), wheel("a", "1.9")]

    texts = pages.render_pages(wheels, files_prefix="")

    assert [file["filename"] for file in json.loads(texts["a/index.json"])["files"]] == [
        "a-1.9-py3-none-any.whl",
        "a-1.9-py3-none-win32.whl",
        "a-1.10-py3-none-any.whl",
    ]


def test_a_local_version_is_quoted_in_links_only() -> None:
    texts = pages.render_pages([wheel("a", "1+local")], files_prefix="")

    assert "files/a-1%2Blocal-py3-none-any.whl#" in texts["a/index.html"]
    assert ">a-1+local-py3-none-any.whl</a>" in texts["a/index.html"]


def test_pages_do_not_depend_on_the_order_of_wheels() -> None:
    wheels = [wheel("a", "1"), wheel("a", "2"), wheel("b", "1")]

    assert pages.render_pages(wheels, files_prefix="") == pages.render_pages(
        wheels[::-1], files_prefix=""
    )
