"""Text from manifests and metadata stays text, whatever it holds."""

import html

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from matrix.report.markdown import clip, escape, heading, row

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ZERO_WIDTH = "\N{ZERO WIDTH SPACE}"


def one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("manylinux_2_28_x86_64", "manylinux_2_28_x86_64"),
        ("_private_ and __init__", "&#95;private&#95; and &#95;&#95;init&#95;&#95;"),
        ("a|b", "a&#124;b"),
        ("`id`", "&#96;id&#96;"),
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("<img src=x>", "&#60;img src=x&#62;"),
        ("&lt;", f"&#38;{ZERO_WIDTH}lt;"),
        ("[here](https://evil.example)", "&#91;here&#93;(https&#58;//evil.example)"),
        ("www.evil.example", "www&#46;evil.example"),
        ("thanks @everyone", f"thanks @{ZERO_WIDTH}everyone"),
        ("#1, !2 and %3", f"#{ZERO_WIDTH}1, !{ZERO_WIDTH}2 and %{ZERO_WIDTH}3"),
        ("~label &1 $x$", f"&#126;{ZERO_WIDTH}label &#38;{ZERO_WIDTH}1 &#36;{ZERO_WIDTH}x&#36;"),
        ("django ~=5.2, !=5.3", "django &#126;=5.2, !=5.3"),
        ("back\\slash", "back&#92;slash"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}exe.txt\ud800", "exe.txt"),
    ],
)
def test_what_markdown_or_a_service_would_act_on_is_written_out(text: str, escaped: str) -> None:
    assert escape(text) == escaped


HOSTILE = st.text(st.sampled_from("ab1 |`\\*_~[]()<>&$@#!%^:/.\n\t-+=\"'é\u202e")) | st.text()


@given(cells=st.lists(HOSTILE, min_size=2, max_size=4))
@example(cells=["a\\|b", "```"])
@example(cells=["<!--", "--> https://evil.example/ mail@evil.example"])
def test_a_cell_is_read_back_as_the_text_that_was_written(cells: list[str]) -> None:
    columns = [f"column {number}" for number, _ in enumerate(cells)]
    text = "\n".join([*heading(columns), row(map(escape, cells)), row(map(escape, cells))])

    tokens = PARSER.parse(text)

    shown = [
        "".join(child.content for child in token.children or ())
        for token in tokens
        if token.type == "inline"
    ][len(columns) :]
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert [one.replace(ZERO_WIDTH, "") for one in shown] == [
        one_line(cell).replace(ZERO_WIDTH, "") for cell in cells
    ] * 2
    assert kinds <= {"text", "text_special"}


@given(text=HOSTILE)
def test_escaping_loses_nothing(text: str) -> None:
    assert html.unescape(escape(text)).replace(ZERO_WIDTH, "") == one_line(text)


def test_a_long_text_is_clipped_and_says_so() -> None:
    assert clip("a" * 300, 200) == "a" * 199 + "…"
    assert clip("a" * 200, 200) == "a" * 200
