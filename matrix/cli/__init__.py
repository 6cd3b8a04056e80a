"""
The command line: load, one call into a room, write.

Results go to stdout and progress to stderr. This is the only room that reads the environment, the
clock and the arguments, and ``main`` is the only place that catches ``MatrixError``.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType

from matrix.cli.parser import parser
from matrix.cli.session import Session
from matrix.errors import INTERRUPTED, MatrixError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    asked = parser().parse_args(arguments)
    try:
        with _ended_like_interrupted(), Session.open(asked) as session:
            asked.verb(session, asked)
    except MatrixError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing was left half-written\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Somebody read enough (`| head`). Python flushes stdout once more at exit; there must be
        # something to flush to.
        sys.stdout = None
        return 0
    return 0


@contextlib.contextmanager
def _ended_like_interrupted() -> Iterator[None]:
    """Let SIGTERM, with which CI services cancel a job, clean up as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
