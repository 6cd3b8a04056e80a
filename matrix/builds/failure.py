"""
Why cibuildwheel failed: the cause, the lines of its log that show it, and a hint.

A ``Failure`` is printed as text and written as JSON beside the log, for the pipeline's summary.
"""

import dataclasses
from pathlib import Path
from typing import Final

from matrix.builds import causes, log_text
from matrix.builds.causes import Cause, Finding
from matrix.builds.hints import suggest_hint
from matrix.builds.log_text import WIDTH, Step
from matrix.documents import rows
from matrix.edge import files
from matrix.edge.programs import TIMED_OUT, Finished
from matrix.errors import BuildFailed, MatrixError, Problem

SCHEMA: Final = 2
_FOLLOWS: Final = {
    2: Cause.CONFIGURATION,
    3: Cause.CONFIGURATION,
    4: Cause.CONFIGURATION,
    5: Cause.PURE,
    7: Cause.ENGINE,
    8: Cause.REPAIR,
    TIMED_OUT: Cause.TIMEOUT,
}
# cibuildwheel's errors.py; 1.12.0 knows only the first two.
_MEANINGS: Final = {
    1: "a command of the build failed",
    2: "it refused its configuration",
    3: "it has none of the build identifiers",
    4: "it has dropped an option of its configuration",
    5: "the sdist makes a pure wheel, which cibuildwheel does not build",
    6: "two builds made the same wheel",
    7: "the container engine is too old or broken",
    8: "repairing made no wheel, or several",
    10: "the build made no wheel",
    TIMED_OUT: "it took too long",
}
_AT: Final = {
    Step.START: Cause.UNKNOWN,
    Step.PREPARE: Cause.SYSTEM_PACKAGE,
    Step.BUILD: Cause.UNKNOWN,
    Step.REPAIR: Cause.REPAIR,
    Step.TEST: Cause.TEST,
}
# What a cause means where no line names a thing.
_SAID: Final = {
    Cause.COMPILER: "the sources do not compile",
    Cause.BACKEND: "it ended with an error of its own",
    Cause.REQUIREMENT: "its build requirements cannot be installed together",
    Cause.SYSTEM_PACKAGE: "the recipe's system packages cannot be installed",
    Cause.REPAIR: "the wheel was built and cannot be repaired",
    Cause.TEST: "the wheel was built and does not pass its test",
    Cause.RESOURCES: "this runner has too little of it",
    Cause.NOT_PURE: "expected a pure wheel of the sdist, got one for this platform",
    Cause.NETWORK: "this build fetches something, and builds have no network",
    Cause.INFRASTRUCTURE: "an index, a mirror or a registry did not answer",
}
_LINES: Final = 6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a build failed; ``things`` are what its lines name, such as the missing header."""

    cause: Cause
    what: str
    things: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    hint: str = ""

    @property
    def is_retryable(self) -> bool:
        """Whether the same build may succeed a minute later."""
        return self.cause is Cause.INFRASTRUCTURE

    def text(self) -> str:
        """The failure for a person, without the hint."""
        return "\n".join((self.what, *(f"  {line}" for line in self.lines)))


class NotBuilt(BuildFailed):
    """A build that failed, with the reason as a value."""

    def __init__(self, problem: Problem, failure: Failure) -> None:
        self.failure = failure
        super().__init__(problem)


def build_error(
    place: str,
    finished: Finished,
    *,
    log: Path,
    project: str = "",
    is_isolated: bool = False,
) -> NotBuilt:
    """The error for a build that ended without success; see ``classify_failure``."""
    failure = classify_failure(finished, project=project, is_isolated=is_isolated)
    return wrap_failure(place, failure, log=log)


def wrap_failure(place: str, failure: Failure, *, log: Path) -> NotBuilt:
    """The error for a failure; without a hint the log is what to read."""
    read = f"read {log}"
    lines = (*failure.lines, read) if failure.hint else failure.lines
    problem = Problem(place=place, what=failure.what, hint=failure.hint or read, lines=lines)
    return NotBuilt(problem, failure)


def classify_failure(
    finished: Finished,
    *,
    project: str = "",
    is_isolated: bool = False,
) -> Failure:
    """
    Why a build failed; ``project`` is for hints.

    A build that ``is_isolated`` has no network, so wanting it is the build's fault and nothing that
    trying again would mend.
    """
    log = log_text.split_log(finished.output)
    step, lines = log_text.find_last_step(log)
    finding = _find(finished, step, lines, log)
    if is_isolated and finding.cause is Cause.INFRASTRUCTURE and step in {Step.BUILD, Step.TEST}:
        finding = dataclasses.replace(finding, cause=Cause.NETWORK)
    return Failure(
        cause=finding.cause,
        what=_describe(finding, finished.status),
        things=finding.things,
        lines=finding.lines or select_reasons(finished.output),
        hint=suggest_hint(finding, project=project),
    )


def note_path(log: Path) -> Path:
    """The path of the failure of ``log`` as JSON."""
    return log.with_name(f"{log.name}.json")


def write_note(log: Path, failure: Failure) -> None:
    """Write ``failure`` beside ``log``."""
    files.write(note_path(log), rows.dump(failure, schema=SCHEMA))


def read_note(path: Path) -> Failure:
    """Invert ``write_note``; raises ``MatrixError`` with the place of what is not a failure."""
    with files.reading(path) as stream:
        return rows.parse(
            stream.read(),
            Failure,
            schema=SCHEMA,
            source=path.name,
            error=MatrixError,
            hint="build it again",
        )


def _find(finished: Finished, step: Step, lines: tuple[str, ...], log: tuple[str, ...]) -> Finding:
    known = _FOLLOWS.get(finished.status)
    if known is Cause.PURE or known is Cause.CONFIGURATION:
        return Finding(cause=known)
    if known is Cause.TIMEOUT:
        last = [line.strip()[:WIDTH] for line in log if line.strip()][-_LINES:]
        return Finding(cause=known, lines=tuple(last))
    return causes.find_cause(step, lines) or Finding(cause=known or _AT[step])


def _describe(finding: Finding, status: int) -> str:
    if finding.things:
        return f"{finding.cause}: {', '.join(finding.things)}"
    if finding.cause in _SAID:
        return f"{finding.cause}: {_SAID[finding.cause]}"
    meaning = _MEANINGS.get(status, "a status without a documented meaning")
    return f"cibuildwheel ended with status {status}: {meaning}"


def select_reasons(output: str) -> tuple[str, ...]:
    r"""
    The last lines of a log that look like a reason; the last of all when none does.

    >>> select_reasons("cc x.c\nx.c:1: fatal error: mysql.h: No such file\ncleaning up\n")
    ('x.c:1: fatal error: mysql.h: No such file',)
    """
    lines = [line.strip()[:WIDTH] for line in log_text.split_log(output)]
    lines = [line for line in lines if line]
    reasons = [line for line in lines if causes.is_reason(line)]
    return tuple(dict.fromkeys((reasons or lines)[-_LINES:]))
