"""
Markdown in which text from manifests and metadata stays text.

A name, a licence or a reason may contain any character. In a table it must not end the cell, open
HTML, make a link, or mention a person or an issue.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

# A character reference is text to Markdown wherever it stands (CommonMark 2.5), and, unlike a
# backslash, is read alike by every table parser. An underscore opens emphasis only at the edge of a
# word, and bare addresses become links by what they are known by: "://" and "www.".
_SPECIAL: Final = re.compile(
    r"[&<>|`\\*\[\]~$@#!%^]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|:(?=//)|(?<=www)\.", re.IGNORECASE
)
# GitHub and GitLab look for @people, #issues, !merges, %milestones, $snippets, &epics, ~labels and
# ^alerts in the finished page, where references are letters again: only something invisible in
# between stops them.
_CALLS: Final = frozenset("@#!%^$&~")
_PLAIN: Final = frozenset("@#!%^")
_WORD: Final = re.compile(r"\w")
_NOTHING: Final = "\N{ZERO WIDTH SPACE}"


def escape(text: str) -> str:
    """
    ``text`` as a table's cell shows it, on one line; what cannot be printed becomes a space.

    >>> escape("a|b <c> manylinux_2_28_x86_64")
    'a&#124;b &#60;c&#62; manylinux_2_28_x86_64'
    """
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return _SPECIAL.sub(_escape_sign, " ".join(text.split()))


def _escape_sign(match: re.Match[str]) -> str:
    sign = match[0]
    calls = sign in _CALLS and _WORD.match(match.string, match.end()) is not None
    return (sign if sign in _PLAIN else f"&#{ord(sign)};") + (_NOTHING if calls else "")


def clip(text: str, longest: int) -> str:
    """
    ``text``, or its beginning with an ellipsis.

    >>> clip("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


def heading(columns: Sequence[str], *, numbers: Sequence[str] = ()) -> list[str]:
    """The first two lines of a table; columns named in ``numbers`` stand to the right."""
    rules = ["---:" if column in numbers else "---" for column in columns]
    return [row(columns), row(rules)]


def row(cells: Iterable[str]) -> str:
    """One line of a table, of cells that are Markdown already."""
    return f"| {' | '.join(cells)} |"
