"""Our reading of metadata's headers against the reference implementation's."""

import importlib.metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.metadata import parse_email

from matrix.distributions import headers

HEAD = b"Metadata-Version: 2.1\nName: six\nVersion: 1.10\n"


def expected(data: bytes) -> dict[str, object]:
    raw = parse_email(data)[0]
    return {field: value for field, value in raw.items() if field in headers.FIELDS}


def read(data: bytes) -> dict[str, object]:
    return {field: value for field, value in headers.parse(data).items() if field in headers.FIELDS}


def test_everything_installed_here_reads_as_packaging_reads_it() -> None:
    texts = [found.read_text("METADATA") for found in importlib.metadata.distributions()]
    installed = [text.encode("utf-8", "surrogateescape") for text in texts if text]

    assert len(installed) > 20
    assert [read(data) for data in installed] == [expected(data) for data in installed]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        HEAD,
        HEAD.replace(b"\n", b"\r\n"),
        HEAD + b"\nRequires-Dist: in-the-description\n",
        HEAD + b"Name: seven\n",
        HEAD + b"NAME: seven\n",
        HEAD + b"License: MIT\n  and more\n\t\n  at length\nRequires-Dist: a\n",
        HEAD + b"License:\n  begins on the next line\n",
        HEAD + b"Requires-Dist: a\n  >=1\n",
        HEAD + b"Summary: folded\n  Requires-Dist: not one\nRequires-Dist: a\n",
        HEAD + "Author: Łukasz\nClassifier: License :: Öffentlich\n".encode(),
        HEAD + b"License: caf\xe9\n",
        HEAD + b"no header at all\nRequires-Dist: a\n",
        b"From nobody Mon Nov 23 10:00:00 2026\n" + HEAD,
        b"  folded before anything\n" + HEAD,
        HEAD + b": nameless\nRequires-Dist: a\n",
        HEAD + b"Requires-Dist:a \nRequires-Dist: \tb\n",
        HEAD + b"Requires-Dist: a\x0bb\n",
    ],
    ids=repr,
)
def test_a_strange_header_reads_as_packaging_reads_it(data: bytes) -> None:
    assert read(data) == expected(data)


LINES = st.lists(
    st.sampled_from(
        [
            "Name: a",
            "name : b",
            "Version: 1",
            "Requires-Dist: x; extra == 'y'",
            "Requires-Dist:",
            "License: one",
            "License:",
            "  folded",
            "\tfolded",
            " ",
            "",
            "Summary: ü",
            "Dynamic: Requires-Dist",
            "Classifier: License :: ü",
            "nothing",
            "\x0c",
        ]
    )
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_headers_read_as_packaging_reads_them(lines: list[str], newline: str) -> None:
    data = newline.join(lines).encode()

    assert read(data) == expected(data)
