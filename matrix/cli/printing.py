"""
What one command prints: the only writer to stdout, and to stderr besides the reporter.

Everything goes through ``errors.printable``: names and texts come from indexes, wheels, bundles
and manifests, and a terminal or a CI service would obey some of them.
"""

import contextlib
import dataclasses
import enum
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from matrix.edge import streams
from matrix.errors import MatrixError, NotWritten, Problem, Service, printable, printable_lines
from matrix.manifest.filename import DEFAULT

if TYPE_CHECKING:
    from matrix.report.annotations import Annotation, Level

COMMAND: Final = "wheelyard"
# The table of verbs imports every module of this room, and each of those prints: a test compares.
VERB_NAMES: Final = (
    *("build", "bundle", "cache", "check", "collect", "completion", "diff", "explain"),
    *("fetch", "generate", "history", "import", "lock", "pack", "plan", "prune"),
    *("release", "report", "roll-back", "runner", "schema", "serve", "settings", "sign"),
    *("store", "targets", "tool", "toolchain", "trust", "upload", "verify", "wait"),
    *("withdraw",),
)
_HINTED: Final = re.compile(rf"\b{COMMAND} ({'|'.join(VERB_NAMES)})\b")


class Format(enum.StrEnum):
    """How problems are printed; ``JSON`` is for results too."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    GITLAB = "gitlab"
    SARIF = "sarif"

    @property
    def is_document(self) -> bool:
        """Whether stdout holds one document about the problems, in place of the result."""
        return self in {Format.GITLAB, Format.SARIF}


@dataclasses.dataclass(slots=True, kw_only=True)
class Printer:
    """
    stdout and stderr of one command, which was called as ``program``.

    It changes with what is printed: it knows whether a result stands on stdout, which only one JSON
    text may do, and keeps warnings for a document at the end.
    """

    format: Format = Format.TEXT
    manifest: Path = DEFAULT
    program: str = COMMAND
    service: Service = ""
    is_coloured: bool = False
    has_result: bool = False
    warnings: list[Problem] = dataclasses.field(default_factory=list)
    summary: Path | None = None
    """The file of a pipeline's page: the problems of an error are appended to it."""

    @classmethod
    def make(cls, environment: Mapping[str, str], *, program: str = COMMAND) -> "Printer":
        """Return the printer for an environment and the stderr that there is."""
        return cls(
            program=program,
            service=detect_service(environment),
            is_coloured=has_colour(sys.stderr, environment),
        )

    def show(self, text: str) -> None:
        """Print a result for people; what it quotes must be ``printable``."""
        if not self.format.is_document:
            lines = printable_lines(self._name_program(text), service=self.service)
            self._print_result(wrap_lines(lines, width=find_width(sys.stdout)))

    def show_json(self, text: str) -> None:
        """Print a result as JSON."""
        if not self.format.is_document:
            # The same text to a reader of JSON, and no command to GitHub's runner.
            is_github = self.service == "github"
            self._print_result(text.replace("##[", "#\\u0023[") if is_github else text)

    def show_program(self, text: str) -> None:
        """Print a program or a schema of ours, byte for byte."""
        self._print_result(text)

    def _print_result(self, text: str) -> None:
        streams.write(sys.stdout, text if text.endswith("\n") else f"{text}\n", name="stdout")
        self.has_result = True

    def fail(self, error: MatrixError) -> int:
        """Print the problems of ``error`` and return the exit code."""
        if self.format is not Format.GITHUB:
            for problem in _share_hints(error.problems):
                self.print_problem(problem)
        try:
            self.finish(error)
            self._summarize(error)
        except NotWritten as unwritten:
            for problem in unwritten.problems:
                self.print_problem(problem)
        return error.exit_code

    def finish(self, error: MatrixError | None = None) -> None:
        """Print the document about ``error`` and the warnings, where the format has one."""
        if self.format is Format.TEXT or (
            self.format is Format.JSON and (self.has_result or not error)
        ):
            return
        from matrix.report import annotations  # noqa: PLC0415 - most commands need none

        rows = self._annotate(error)
        default = _find_path(self.manifest.name, self.manifest)
        match self.format:
            case Format.GITHUB:
                self._print_error(annotations.render_github(rows))
            case Format.GITLAB:
                self.show_program(annotations.render_gitlab(rows, default=default))
            case Format.SARIF:
                self.show_program(annotations.render_sarif(rows, default=default))
            case Format.JSON:
                code = error.exit_code if error else 0
                self.show_json(annotations.render_json(rows, exit_code=code))

    def _summarize(self, error: MatrixError) -> None:
        """Append the problems to the summary, where there is one."""
        if self.summary is None:
            return
        from matrix.edge import files  # noqa: PLC0415 - few commands have one
        from matrix.report import failed_builds  # noqa: PLC0415 - the same

        problems = [dataclasses.replace(p, hint=self._name_program(p.hint)) for p in error.problems]
        files.append(self.summary, failed_builds.markdown(problems))

    def _annotate(self, error: MatrixError | None) -> "Sequence[Annotation]":
        from matrix.report.annotations import Annotation, name_rule  # noqa: PLC0415 - see above

        rows: list[tuple[Problem, Level, str]] = [(p, "warning", "warning") for p in self.warnings]
        if error:
            rows += ((problem, "error", name_rule(error)) for problem in error.problems)
        return tuple(
            Annotation(
                problem=dataclasses.replace(problem, hint=self._name_program(problem.hint)),
                level=level,
                rule=rule,
                path=_find_path(problem.place, self.manifest),
            )
            for problem, level, rule in rows
        )

    def print_problem(self, problem: Problem) -> None:
        """Print one problem on stderr."""
        first, *more = self._name_program(str(problem)).split("\n")
        lines = [printable(line, service=self.service) for line in (first, *more)]
        if self.is_coloured:
            place = printable(problem.position, service=self.service)
            if problem.place and lines[0].startswith(f"{place}: "):
                lines[0] = f"\x1b[1m{place}:\x1b[0m{lines[0][len(place) + 1 :]}"
            if problem.hint:
                lines[-1] = f"\x1b[36m{lines[-1]}\x1b[0m"
        self._print_error("\n".join(lines) + "\n")

    def print_line(self, text: str) -> None:
        """Print one line on stderr."""
        self._print_error(printable(text, service=self.service) + "\n")

    def _print_error(self, text: str) -> None:
        # The exit code says it, where stderr is closed or full.
        with contextlib.suppress(NotWritten):
            streams.write(sys.stderr, text, name="stderr")

    def _name_program(self, text: str) -> str:
        """Show commands as this one was called, and for the same manifest."""
        is_usual = self.manifest.name == DEFAULT.name or "--manifest" in text
        if self.program == COMMAND and is_usual:
            return text
        option = "" if is_usual else f" --manifest {shlex.quote(str(self.manifest))}"
        return _HINTED.sub(lambda match: f"{self.program} {match[1]}{option}", text)


def detect_service(environment: Mapping[str, str]) -> Service:
    """
    Return the CI service that reads what is printed.

    >>> detect_service({"GITLAB_CI": "true"})
    'gitlab'
    """
    if environment.get("GITHUB_ACTIONS"):
        return "github"
    return "gitlab" if environment.get("GITLAB_CI") else ""


def find_width(stream: TextIO | None) -> int:
    """Return the columns of a terminal; 0 for anything else, which is never wrapped."""
    if stream is None or not stream.isatty():
        return 0
    import shutil  # noqa: PLC0415 - terminals only

    return shutil.get_terminal_size().columns


def wrap_lines(text: str, *, width: int) -> str:
    """
    Wrap each line of ``text`` at ``width``, and indent what follows it; 0 leaves all as it is.

    >>> print(wrap_lines("  missing: six on cp312-win_amd64", width=24))
      missing: six on
          cp312-win_amd64
    """
    if not width:
        return text
    return "\n".join(_wrap_line(line, width) for line in text.split("\n"))


def _wrap_line(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    import textwrap  # noqa: PLC0415 - terminals only

    indent = len(line) - len(line.lstrip()) + 4
    return textwrap.fill(
        line,
        width,
        subsequent_indent=" " * indent,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def has_colour(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Return whether to print colours: NO_COLOR, FORCE_COLOR, else whether it is a terminal."""
    if stream is None or environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb" and os.name != "nt"


def _share_hints(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Yield ``problems``; a hint that many in a row have stands below the last of them."""
    following = (*(problem.hint for problem in problems[1:]), "")
    for problem, next_hint in zip(problems, following, strict=True):
        yield dataclasses.replace(problem, hint="" if problem.hint == next_hint else problem.hint)


def _find_path(place: str, manifest: Path) -> str:
    """Return the file of a problem, relative to the working directory; empty if it is no file."""
    for path in (manifest.parent / place, Path(place)):
        if place and path.is_file():
            with contextlib.suppress(ValueError):
                return path.resolve().relative_to(Path.cwd()).as_posix()
    return ""
