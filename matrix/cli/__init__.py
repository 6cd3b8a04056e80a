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

from matrix.cli.arguments import Common, parse_values
from matrix.cli.parser import find_verb, make_parser, make_summary
from matrix.cli.session import Session
from matrix.errors import INTERRUPTED, MatrixError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    texts = sys.argv[1:] if arguments is None else arguments
    verb = find_verb(texts)
    if verb is None:
        make_summary().parse_args(texts)  # which exits: there is no verb
        raise AssertionError(texts)
    values = vars(make_parser([verb]).parse_args(texts))
    module = verb.load()
    signals = _Signals()
    try:
        with signals, Session.open(parse_values(Common, values)) as session:
            module.run(session, parse_values(module.Arguments, values))
    except MatrixError as error:
        if signals.received:
            return _interrupted()
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # The reader has read enough (`| head`). Python flushes stdout once more at exit, and would
        # fail.
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
                # A shell that starts us in the background ignores Ctrl-C for us.
                if before is not signal.SIG_IGN:
                    signal.signal(number, self._interrupt)
                    self.callback(signal.signal, number, before)
        return super().__enter__()

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True
        raise KeyboardInterrupt
