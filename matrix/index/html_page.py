"""
An HTML page of the Simple API (PEP 503, 592, 629, 658, 714), for indexes that know nothing else.
"""

from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin

from matrix.index import filenames
from matrix.index.listing import Digests, InvalidPage, ListedFile, check_version

Attributes = list[tuple[str, str | None]]


def read(text: str) -> list[ListedFile]:
    """The files that the page links to; links to anything else are passed over."""
    anchors = _Anchors()
    try:
        anchors.feed(text)
        anchors.close()
    except AssertionError as error:
        # How the standard library's parser refuses some declarations.
        raise InvalidPage(f"not HTML: {error}") from error
    check_version(anchors.version)
    files = [file for link in anchors.links if (file := _file(*link, anchors.address))]
    if anchors.links and not files:
        # A login page or a directory of something else answers 200 as well.
        raise InvalidPage(f"expected links to distributions, got {len(anchors.links)} others")
    return files


class _Anchors(HTMLParser):
    """Every link with its attributes and text; ``<base>``; the version that the page states."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[dict[str, str], str]] = []
        self.address = ""
        self.version = "1.0"
        self._inside = False

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in values:
            self.links.append((values, ""))
            self._inside = True
        elif tag == "base":
            self.address = self.address or values.get("href", "")
        elif tag == "meta" and values.get("name") == "pypi:repository-version":
            self.version = values.get("content", "")

    def handle_data(self, data: str) -> None:
        if self._inside:
            values, text = self.links[-1]
            self.links[-1] = values, text + data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._inside = False


def _file(values: dict[str, str], text: str, address: str) -> ListedFile | None:
    url, _, fragment = values["href"].partition("#")
    filename = text.strip()
    digests = _digests(fragment)
    if filenames.head(filename) is None and not fragment:
        return None
    metadata = values.get("data-core-metadata", values.get("data-dist-info-metadata"))
    try:
        link = urljoin(address, url) if address else url
    except ValueError:
        return None
    return ListedFile(
        filename=filename,
        url=link,
        hashes=digests,
        requires_python=values.get("data-requires-python"),
        yanked="data-yanked" in values,
        core_metadata=_parse_metadata_mark(metadata),
    )


def _digests(fragment: str) -> Digests:
    return Digests(sha256=parse_qs(fragment).get("sha256", [""])[0])


def _parse_metadata_mark(metadata: str | None) -> bool | Digests:
    if metadata is None or metadata == "false":
        return False
    return _digests(metadata) if "=" in metadata else True
