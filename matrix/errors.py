"""
What can go wrong on purpose.

::

    MatrixError              1
    ├── UsageError           2   arguments that argparse cannot judge
    ├── ManifestError        3   packages.yaml has problems
    ├── LockError            4   packages.lock is missing, stale or unreadable
    ├── Impossible           5   a requirement that nothing satisfies
    ├── IndexUnavailable     6   the package index or the store did not answer, or not as its API says
    ├── Drift                7   generated files are not what the manifest asks for
    ├── BuildFailed          8   cibuildwheel, or what it ran
    ├── Incomplete           9   the collected wheels do not match the plan
    ├── NotProven           10   a requirement does not install from the bundle's own index
    ├── NotVerified         11   a bundle that must not be trusted, its digests included
    ├── DigestMismatch      12   a file of an index or a toolchain whose digest is not the locked one
    ├── NotWritten          13   the file system refused to write: full, read-only, permissions
    └── NotEquipped         14   a required program is not installed

Anything else is a bug, and keeps its traceback. ``cli.main`` is the only place that catches ``MatrixError``;
an interrupt exits with 130, as shells expect.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, ClassVar, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Service = Literal["", "github", "gitlab"]
"""The CI service that reads what is printed, and takes some of it as commands."""

INTERRUPTED: Final = 130


@dataclasses.dataclass(frozen=True)
class Problem:
    """
    One line for a person: where, what, and at most one hint that can be typed.

    ``lines`` are shown below, indented. Problems sort by place and line. As text everything is
    ``printable``, so that a name from outside is one line and stays on it.

    >>> print(Problem(place="packages.yaml:3", what="unknown key 'verson'", hint="did you mean 'version'?"))
    packages.yaml:3: unknown key 'verson'
      hint: did you mean 'version'?
    """

    place: str
    what: str
    line: int = 0
    hint: str = ""
    lines: tuple[str, ...] = ()

    def __lt__(self, other: Problem) -> bool:
        return self._sort_key < other._sort_key

    @property
    def _sort_key(self) -> tuple[str, int, str, str, tuple[str, ...]]:
        return self.place, self.line, self.what, self.hint, self.lines

    @property
    def position(self) -> str:
        """The place, with its line if there is one."""
        return f"{self.place}:{self.line}" if self.line else self.place

    def __str__(self) -> str:
        first = f"{self.position}: {self.what}" if self.place else self.what
        hint = (f"hint: {self.hint}",) if self.hint else ()
        return "\n  ".join(map(printable, (first, *self.lines, *hint)))


_GITLAB_SECTION: Final = re.compile("section_(start|end):")


def printable(text: str, *, service: Service = "") -> str:
    r"""
    Make ``text`` one line that a terminal shows and a CI service does not obey.

    Control characters, bidirectional overrides, invisible characters and surrogates are escaped.
    GitHub's runner takes ``::`` at the beginning of a line, after blanks, and ``##[`` anywhere as
    commands; GitLab's takes ``section_start:`` and ``section_end:``.

    >>> print(printable("a\x1b[2J\nb\u202e"))
    a\x1b[2J\nb\u202e
    >>> print(printable("  ::add-mask::x ##[error]y", service="github"))
      : :add-mask::x # #[error]y
    """
    if not text.isprintable():
        text = "".join(
            character if character.isprintable() else _escape(character) for character in text
        )
    if service == "github":
        text = text.replace("##[", "# #[")
        if text.lstrip().startswith("::"):
            text = text.replace("::", ": :", 1)
    elif service == "gitlab":
        text = _GITLAB_SECTION.sub(r"section_\1 :", text)
    return text


def printable_lines(text: str, *, service: Service = "") -> str:
    """Make each line of ``text`` ``printable``; line ends stay."""
    if text.isascii() and not service and text.replace("\n", "").isprintable():
        return text
    return "\n".join(printable(line, service=service) for line in text.split("\n"))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint with the nearest of ``known``, or nothing when none is near."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


class MatrixError(Exception):
    """The root: every subclass has an exit code of its own and carries its problems."""

    exit_code: ClassVar[int] = 1
    meaning: ClassVar[str] = "any other expected failure, such as an unreadable file"

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
    meaning = "the package index or the store did not answer as its API says"


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
    meaning = "a bundle that must not be trusted: changed, older or malformed"


class DigestMismatch(MatrixError):
    exit_code = 12
    meaning = "a file of an index or a toolchain with another digest than the locked"


class NotWritten(MatrixError):
    exit_code = 13
    meaning = "a file, stdout or stderr that cannot be written"


class NotEquipped(MatrixError):
    exit_code = 14
    meaning = "a required program is not installed"


KINDS: Final = (
    MatrixError,
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
