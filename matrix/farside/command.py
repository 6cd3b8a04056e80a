"""The command line that travels: its verbs are those of ``wheelyard`` with the same names."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from matrix import __version__
from matrix.edge import streams
from matrix.errors import INTERRUPTED, MatrixError, NotWritten, printable_lines
from matrix.farside import help_texts
from matrix.farside.stamps import ServerOptions, make_access
from matrix.farside.verbs import VERBS


def main(texts: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    arguments = _make_parser().parse_args(texts)
    now = datetime.datetime.now(tz=datetime.timezone.utc).replace(microsecond=0)
    if "break_lock" in arguments:
        options = ServerOptions(
            arguments.login, arguments.break_lock, arguments.limit, arguments.ledgers
        )
        arguments.access = make_access(os.environ, now, options)
    say = _ignore if arguments.quiet else _say
    (run,) = (verb.run for verb in VERBS if verb.name == arguments.verb)
    try:
        if text := run(arguments, say):
            streams.write(sys.stdout, f"{text}\n", name="stdout")
    except MatrixError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted: nothing was left half-written")
        return INTERRUPTED
    return 0


def _make_parser() -> argparse.ArgumentParser:
    called = Path(sys.argv[0]).name
    program = called if called.endswith(".pyz") else "python -m matrix.farside"
    parser = argparse.ArgumentParser(
        prog=program, allow_abbrev=False, description=help_texts.PROGRAM
    )
    parser.add_argument("--version", action="version", version=f"wheelyard {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS:
        own = verbs.add_parser(verb.name, allow_abbrev=False, help=verb.summary)
        verb.add_arguments(own)
        own.add_argument("--quiet", action="store_true", help=help_texts.QUIET)
    return parser


def _say(text: str) -> None:
    # A closed stderr takes no progress; the exit code still says how the verb ended.
    with contextlib.suppress(NotWritten):
        streams.write(sys.stderr, f"{printable_lines(text)}\n", name="stderr")


def _ignore(text: str) -> None:
    del text
