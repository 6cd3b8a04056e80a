"""Links of HTML pages: what the standard library finds in whole pages, in linear time in any."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.index.html_links import Links

from .growth import find_growth

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
NAMES = st.sampled_from(["href", "data-yanked", "data-requires-python", "HREF", "x"])
PIECES = ["<a ", "<a href=x", "<", ">", '"', "'", "=", "</a>", "<!--", "-->", "x", " ", "&amp;",
          "<base href='/y'>", "<script>", "</script>", "<br/>", "\n", "<!x>", "<?y>"]  # fmt: skip


class Standard(HTMLParser):
    """The links as the standard library finds them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[dict[str, str], str]] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in values:
            self.links.append((values, ""))
            self._is_inside = True

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            values, text = self.links[-1]
            self.links[-1] = values, text + data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._is_inside = False


@given(
    st.lists(
        st.tuples(st.dictionaries(NAMES, TEXTS, max_size=4), TEXTS, st.sampled_from(["'", '"'])),
        max_size=5,
    )
)
def test_a_whole_page_has_the_links_that_the_standard_library_finds(
    links: list[tuple[dict[str, str], str, str]],
) -> None:
    page = "<!DOCTYPE html><html><body>\n<!-- <a href='no'>no</a> -->"
    for values, text, quote in links:
        attributes = "".join(f" {n}={quote}{html.escape(v)}{quote}" for n, v in values.items())
        page += f"<a{attributes}>{html.escape(text)}<b></b></a><br/>\n"
    standard = Standard()
    standard.feed(page)
    standard.close()

    assert Links(page).links == standard.links


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_no_text_is_a_crash(pieces: list[str]) -> None:
    Links("".join(pieces))


@pytest.mark.parametrize(
    "unit",
    ["<a ", '<a b="', "<!--", "</a", "<?", "<a href=x>y<b>", "<a href=x>", "<script>", "< ",
     "<a b ", "<a\t\t\t", "<a =", "<a href=x>&#", "<a href='", "<base href=x>"],
)  # fmt: skip
def test_time_grows_with_the_length_of_a_page(unit: str) -> None:
    half = unit * ((1 << 16) // len(unit))

    assert find_growth(Links, half, half * 2) < 3
