"""
The command line: load, one call into a room, write.

Results go to stdout and progress to stderr. This is the only room that reads the environment, the
clock and the arguments, and ``main`` is the only place that catches ``MatrixError``.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Self

from matrix.cli.arguments import Common, parse_values
from matrix.cli.parser import find_verb, make_parser, make_summary
from matrix.cli.printing import COMMAND, Printer
from matrix.cli.verbs import Verb
from matrix.edge import streams
from matrix.errors import INTERRUPTED, MatrixError, NotWritten, Problem


def main(arguments: Sequence[str] | None = None, *, program: str = COMMAND) -> int:
    """Run one verb, called as ``program``, and return the exit code."""
    texts = sys.argv[1:] if arguments is None else arguments
    printer = Printer.make(os.environ, program=program)
    try:
        verb, values = _parse(texts, program)
    except SystemExit as stop:
        # argparse has printed help or a usage error.
        return _flush(printer, stop)
    common = parse_values(Common, values)
    printer.format, printer.manifest = common.format, common.manifest
    printer.summary = common.summary
    signals = _Signals()
    module = verb.load()
    # Help needs none of what a session imports.
    from matrix.cli.session import Session  # noqa: PLC0415

    try:
        with signals, Session.open(common, printer, make_parser) as session:
            module.run(session, parse_values(module.Arguments, values))
            session.warn_of_oddities()
            printer.finish()
    except MatrixError as error:
        if signals.received:
            return _report_interrupt(printer)
        return printer.fail(error)
    except KeyboardInterrupt:
        return _report_interrupt(printer)
    except RecursionError:
        what = "the input is nested too deeply: brackets within brackets, or links of links"
        return printer.fail(MatrixError(Problem(place="", what=what)))
    return 0


def _parse(texts: Sequence[str], program: str) -> tuple[Verb, Mapping[str, Any]]:
    verb = find_verb(texts)
    parser = make_summary(program) if verb is None else make_parser([verb], program)
    # -v and -q have no default: that of the verb would replace what stands before it.
    values = {"loudness": Common().loudness, **vars(parser.parse_args(texts))}
    if verb is None:
        # The summary exits for every input, as it has no verb.
        raise AssertionError(texts)
    return verb, values


def _flush(printer: Printer, stop: SystemExit) -> int:
    """Return the exit code of argparse, unless its help cannot be written."""
    try:
        streams.write(sys.stdout, "", name="stdout")
    except NotWritten as error:
        if not stop.code:
            return printer.fail(error)
    return stop.code if isinstance(stop.code, int) else 0


def _report_interrupt(printer: Printer) -> int:
    printer.print_line("interrupted: nothing was left half-written")
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

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        if self.received and number == signal.SIGTERM:
            # GitHub sends it 7.5 seconds after its Ctrl-C; we are removing containers by then.
            return
        self.received = True
        raise KeyboardInterrupt
