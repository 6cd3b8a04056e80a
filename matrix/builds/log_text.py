"""
The log of a build as lines that can be searched, and the step at which it ended.

cibuildwheel announces its steps in the same words in every lane; on GitHub they carry a group's
mark, and on a terminal colours.
"""

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_MARK: Final = re.compile(r"^::(group|error|warning|endgroup)\b[^:]*::")
WIDTH: Final = 200


class Step(enum.StrEnum):
    """The step of a build at which its log ends."""

    START = "start"
    PREPARE = "prepare"
    BUILD = "build"
    REPAIR = "repair"
    TEST = "test"


# With their dots: pip says "Building wheels for collected packages" in the middle of any step.
_ANNOUNCED: Final = {
    "Running before_all...": Step.PREPARE,
    "Setting up build environment...": Step.BUILD,
    "Running before_build...": Step.BUILD,
    "Building wheel...": Step.BUILD,
    "Repairing wheel...": Step.REPAIR,
    "Testing wheel...": Step.TEST,
}


def split_log(output: str) -> tuple[str, ...]:
    """The lines of a log without colours and marks, those that ``build`` has folded unfolded."""
    bare = (_MARK.sub("", _ANSI.sub("", line)).rstrip() for line in output.splitlines())
    return tuple(_unfold(bare))


def find_last_step(log: Sequence[str]) -> tuple[Step, tuple[str, ...]]:
    """The step at which the log ends, and its lines."""
    for place in range(len(log) - 1, -1, -1):
        for words, step in _ANNOUNCED.items():
            if log[place].startswith(words):
                return step, tuple(log[place:])
    return Step.START, tuple(log)


def _unfold(bare: Iterable[str]) -> Iterator[str]:
    # `build` shows what its subprocess prints after "< ", folded at 80 columns between words and
    # after hyphens, the rest of each line indented by two.
    pending = ""
    for line in bare:
        if pending and line.startswith("  ") and line.strip():
            pending += line.strip() if pending.endswith("-") else f" {line.strip()}"
            continue
        if pending:
            yield pending
        pending = line[2:].strip() if line.startswith("< ") else ""
        if not pending:
            yield line
    if pending:
        yield pending
