"""
The links of an HTML page, found in linear time.

The standard library's parser takes quadratic time for tags that do not end: a page of 40 kB can
take 15 seconds. A page of the Simple API (PEP 503) needs three tags: ``a``, ``base``, ``meta``.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Final

_NAME: Final = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_ATTRIBUTE: Final = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)\s*(=?)\s*")
_SPACE: Final = re.compile(r"[\s/]*")
_BARE: Final = re.compile(r"[^\s>]*")
_RAW: Final = {
    name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "textarea")
}


class Links:
    """Every link with its attributes and text; ``<base>``; the version that the page states."""

    def __init__(self, text: str) -> None:
        self.links: list[tuple[Mapping[str, str], str]] = []
        self.address = ""
        self.version = "1.0"
        attributes: Mapping[str, str] | None = None
        pieces: list[str] = []
        for name, values, data in _tokens(text):
            if attributes is not None:
                pieces.append(data)
            if name in {"a", "/a"} and attributes is not None:
                self.links.append((attributes, html.unescape("".join(pieces))))
                attributes = None
            if name == "a" and "href" in values:
                attributes, pieces = values, []
            elif name == "base":
                self.address = self.address or values.get("href", "")
            elif name == "meta" and values.get("name") == "pypi:repository-version":
                self.version = values.get("content", "")
        if attributes is not None:
            self.links.append((attributes, html.unescape("".join(pieces))))


def _tokens(text: str) -> Iterator[tuple[str, Mapping[str, str], str]]:
    """Each tag's name (with a slash where it ends), its attributes, and the text before it."""
    start = 0
    while (at := text.find("<", start)) >= 0:
        data = text[start:at]
        if text.startswith(("<!", "<?"), at):
            end = _skip_declaration(text, at)
            name, values = "", dict[str, str]()
        elif match := _NAME.match(text, at):
            name = match[1].lower()
            values, end = _read_attributes(text, match.end())
            if end >= 0 and name in _RAW and text[at + 1] != "/":
                # What stands in these is no markup.
                closing = _RAW[name].search(text, end)
                end = closing.start() if closing else -1
            name = f"/{name}" if text[at + 1] == "/" else name
        else:
            name, values, data, end = "", {}, f"{data}<", at + 1
        if end < 0:
            # What does not end has no content, and nothing stands after it.
            yield "", {}, data
            return
        yield name, values, data
        start = end
    yield "", {}, text[start:]


def _skip_declaration(text: str, at: int) -> int:
    closing = "-->" if text.startswith("<!--", at) else ">"
    end = text.find(closing, at + 2)
    return end if end < 0 else end + len(closing)


def _read_attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes of a tag, and where it ends; -1 when it does not."""
    values: dict[str, str] = {}
    while match := _ATTRIBUTE.match(text, at):
        at, value = match.end(), ""
        if match[2]:
            quote = text[at : at + 1]
            if quote in {'"', "'"}:
                end = text.find(quote, at + 1)
                if end < 0:
                    return values, -1
                value, at = text[at + 1 : end], end + 1
            else:
                bare = _BARE.match(text, at)
                value, at = (bare[0], bare.end()) if bare else ("", at)
        values[match[1].lower()] = html.unescape(value)
    space = _SPACE.match(text, at)
    at = space.end() if space else at
    return values, at + 1 if text.startswith(">", at) else -1
