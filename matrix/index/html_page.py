"""
An HTML page of the Simple API (PEP 503, 592, 629, 658, 714), for indexes that know nothing else.
"""

from collections.abc import Mapping
from urllib.parse import parse_qs, urljoin

from matrix.index import filenames
from matrix.index.html_links import Links
from matrix.index.listing import Digests, InvalidPage, ListedFile, check_version


def read(text: str) -> list[ListedFile]:
    """The files that the page links to; links to anything else are passed over."""
    page = Links(text)
    check_version(page.version)
    files = [file for link in page.links if (file := _file(*link, page.address))]
    if page.links and not files:
        # A login page or a directory of something else answers 200 as well.
        raise InvalidPage(f"expected links to distributions, got {len(page.links)} others")
    return files


def _file(values: Mapping[str, str], text: str, address: str) -> ListedFile | None:
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
