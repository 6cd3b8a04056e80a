"""One changed file as a patch that ``git apply`` takes, without git."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Final

_CONTEXT: Final = 3
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\"}


def render_patch(path: str, before: str | None, after: str) -> str:
    """
    Render what turns ``before`` into ``after``; None is a file that does not exist.

    ``path`` is relative to the top of the repository. Line ends of ``before`` are git's own: a
    checkout may have others than the repository.
    """
    old = _split("" if before is None else before.replace("\r\n", "\n"))
    new = _split(after)
    if old == new and before is not None:
        return ""
    was, now = _quote(f"a/{path}"), _quote(f"b/{path}")
    lines = [f"diff --git {was} {now}\n"]
    if before is None:
        lines += ["new file mode 100644\n", "--- /dev/null\n"]
    else:
        lines.append(f"--- {was}{_end(was)}\n")
    lines.append(f"+++ {now}{_end(now)}\n")
    lines += _compare(old, new)
    return "".join(lines)


def _split(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one, as for git."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _compare(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    # Locks are long and differ in few lines: what both begin and end with needs no search.
    start = _count_equal(old, new)
    rest = _count_equal(old[start:][::-1], new[start:][::-1])
    before, after = max(0, start - _CONTEXT), max(0, rest - _CONTEXT)
    middle = [list(lines[before : len(lines) - after]) for lines in (old, new)]
    matcher = difflib.SequenceMatcher(None, middle[0], middle[1], autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        ranges = (
            _range(before + first[1], last[2] - first[1]),
            _range(before + first[3], last[4] - first[3]),
        )
        yield f"@@ -{ranges[0]} +{ranges[1]} @@\n"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from _mark(" ", middle[0][i1:i2])
            else:
                yield from _mark("-", middle[0][i1:i2])
                yield from _mark("+", middle[1][j1:j2])


def _count_equal(old: Sequence[str], new: Sequence[str]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(old), len(new)))


def _range(start: int, length: int) -> str:
    # An empty range names the line before it.
    return f"{start + 1 if length else start},{length}"


def _mark(sign: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if line.endswith("\n"):
            yield f"{sign}{line}"
        else:
            yield f"{sign}{line}\n\\ No newline at end of file\n"


def _quote(path: str) -> str:
    """Quote a name as git does (core.quotePath)."""
    if path.isascii() and path.isprintable() and not any(sign in path for sign in _ESCAPES):
        return path
    signs = [
        _ESCAPES.get(chr(byte), chr(byte)) if chr(byte).isprintable() and byte < 0x80  # noqa: PLR2004 - ASCII
        else f"\\{byte:03o}"
        for byte in path.encode("utf-8", "surrogateescape")
    ]  # fmt: skip
    return f'"{"".join(signs)}"'


def _end(name: str) -> str:
    # Without it, what follows a blank in a name counts as a date.
    return "\t" if " " in name and not name.startswith('"') else ""
