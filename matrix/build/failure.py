"""Why cibuildwheel did not succeed: its status in words, and the lines of its log that tell."""

import re
from pathlib import Path
from typing import Final

from matrix.edge.programs import TIMED_OUT, Finished
from matrix.errors import BuildFailed, Problem

# cibuildwheel's errors.py; 1.12.0 knows only the first two.
_MEANINGS: Final = {
    1: "a command of the build failed",
    2: "it did not accept its configuration",
    3: "it knows none of the build identifiers",
    5: "the sdist makes a pure wheel, which runs everywhere and is not cibuildwheel's to build",
    7: "the container engine is too old or broken",
    8: "repairing made none or several wheels",
    10: "the build made no wheel",
    TIMED_OUT: "it took too long",
}
_TELLING: Final = re.compile(
    r"(?<![\w-])error\b|\w*(Error|Exception)\b|\bfatal\b|undefined (symbol|reference)"
    r"|cannot find|: (command )?not found|stopped after",
    re.IGNORECASE,
)
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LINES: Final = 6
_WIDTH: Final = 200


def build_failed(job: str, finished: Finished, *, log: Path) -> BuildFailed:
    """The error for a job whose cibuildwheel ended with anything but success."""
    meaning = _MEANINGS.get(finished.status, "cibuildwheel does not say what that means")
    lines = "".join(f"\n  {line}" for line in telling(finished.output))
    what = f"cibuildwheel ended with status {finished.status}: {meaning}{lines}"
    return BuildFailed(Problem(place=job, what=what, hint=f"read {log}"))


def telling(output: str) -> tuple[str, ...]:
    r"""
    The last lines of a log that look like a reason; the last of all when none does.

    >>> telling("cc x.c\nx.c:1: fatal error: mysql.h: No such file\ncleaning up\n")
    ('x.c:1: fatal error: mysql.h: No such file',)
    """
    lines = [_ANSI.sub("", line).strip()[:_WIDTH] for line in output.splitlines()]
    lines = [line for line in lines if line]
    reasons = [line for line in lines if _TELLING.search(line)]
    return tuple(dict.fromkeys((reasons or lines)[-_LINES:]))
