"""
The command line: load, one call into a room, write.

Results go to stdout and progress to stderr. This is the only room that reads the environment, the
clock and the arguments, and ``main`` is the only place that catches ``MatrixError``.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Self

from matrix.cli.parser import parser
from matrix.cli.session import Session
from matrix.errors import INTERRUPTED, MatrixError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    asked = parser(*given[:1]).parse_args(given)
    signals = _Signals()
    try:
        with signals, Session.open(asked) as session:
            asked.verb(session, asked)
    except MatrixError as error:
        if signals.received:
            return _interrupted()
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # Somebody read enough (`| head`). Python flushes stdout once more at exit; there must be
        # something to flush to.
        sys.stdout = None
        return 0
    return 0


def _interrupted() -> int:
    sys.stderr.write("interrupted: nothing was left half-written\n")
    return INTERRUPTED


class _Signals(contextlib.ExitStack):
    """
    Ctrl-C, and SIGTERM with which CI services cancel a job: both end in ``KeyboardInterrupt``.

    Python drops an exception in a callback of its own (while it imports, for one), so it is also
    noted that a signal was ``received``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.received = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.getsignal(number)
                # Whoever starts us in the background may want no Ctrl-C to reach us.
                if before is not signal.SIG_IGN:
                    signal.signal(number, self._interrupt)
                    self.callback(signal.signal, number, before)
        return super().__enter__()

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True
        raise KeyboardInterrupt
