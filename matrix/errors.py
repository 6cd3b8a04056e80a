"""
What can go wrong on purpose.

::

    MatrixError              1
    ├── UsageError           2   arguments that argparse cannot judge
    ├── ManifestError        3   packages.yaml has problems
    ├── LockError            4   packages.lock is missing, stale or unreadable
    ├── Impossible           5   a requirement that nothing satisfies
    ├── IndexUnavailable     6   the package index did not answer, or not as the Simple API says
    ├── Drift                7   generated files are not what the manifest asks for
    ├── BuildFailed          8   cibuildwheel, or what it ran
    ├── Incomplete           9   the collected wheels do not match the plan
    ├── NotProven           10   a requirement does not install from the bundle's own index
    ├── NotVerified         11   a bundle that must not be trusted
    ├── DigestMismatch      12   bytes whose digest is not the expected one
    ├── NotWritten          13   the file system refused to write: full, read-only, permissions
    └── NotEquipped         14   a required program is not installed

Anything else is a bug, and keeps its traceback. ``cli.main`` is the only place that catches ``MatrixError``;
an interrupt exits with 130, as shells expect.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

INTERRUPTED: Final = 130


@dataclasses.dataclass(frozen=True)
class Problem:
    """
    One line for a person: where, what, and at most one hint that can be typed.

    Problems sort by place and line.

    >>> print(Problem(place="packages.yaml:3", what="unknown key 'verson'", hint="did you mean 'version'?"))
    packages.yaml:3: unknown key 'verson'
      hint: did you mean 'version'?
    """

    place: str
    what: str
    line: int = 0
    hint: str = ""

    def __lt__(self, other: Problem) -> bool:
        return self._sort_key < other._sort_key

    @property
    def _sort_key(self) -> tuple[str, int, str, str]:
        return self.place, self.line, self.what, self.hint

    def __str__(self) -> str:
        place = f"{self.place}:{self.line}" if self.line else self.place
        text = f"{place}: {self.what}" if place else self.what
        return f"{text}\n  hint: {self.hint}" if self.hint else text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint with the nearest of ``known``, or nothing when none is near."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


class MatrixError(Exception):
    """The root: every subclass has an exit code of its own and carries its problems."""

    exit_code: ClassVar[int] = 1
    meaning: ClassVar[str] = "any other expected failure"

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> MatrixError:
        """An error with all ``problems``, sorted by place and line, each once."""
        return cls(*sorted(set(problems)))


class UsageError(MatrixError):
    exit_code = 2
    meaning = "arguments that do not fit together"


class ManifestError(MatrixError):
    exit_code = 3
    meaning = "packages.yaml has problems"


class LockError(MatrixError):
    exit_code = 4
    meaning = "packages.lock is missing, stale or unreadable"


class Impossible(MatrixError):
    exit_code = 5
    meaning = "a requirement that nothing on the index satisfies"


class IndexUnavailable(MatrixError):
    exit_code = 6
    meaning = "the package index did not answer as the Simple API says"


class Drift(MatrixError):
    exit_code = 7
    meaning = "generated files differ from what the manifest asks for"


class BuildFailed(MatrixError):
    exit_code = 8
    meaning = "a build failed"


class Incomplete(MatrixError):
    exit_code = 9
    meaning = "the built wheels do not match the plan"


class NotProven(MatrixError):
    exit_code = 10
    meaning = "a requirement does not install from the bundle's own index"


class NotVerified(MatrixError):
    exit_code = 11
    meaning = "a bundle, record or inventory that must not be trusted"


class DigestMismatch(MatrixError):
    exit_code = 12
    meaning = "bytes whose digest is not the expected one"


class NotWritten(MatrixError):
    exit_code = 13
    meaning = "the file system refused to write"


class NotEquipped(MatrixError):
    exit_code = 14
    meaning = "a required program is not installed"


KINDS: Final = (
    UsageError,
    ManifestError,
    LockError,
    Impossible,
    IndexUnavailable,
    Drift,
    BuildFailed,
    Incomplete,
    NotProven,
    NotVerified,
    DigestMismatch,
    NotWritten,
    NotEquipped,
)
