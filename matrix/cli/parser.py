"""The parser of the command line: the whole of it for ``--help``, else what one verb needs."""

import argparse
import re
import textwrap
from collections.abc import Sequence
from typing import Final

from matrix import __version__
from matrix.cli.arguments import add_common, add_loudness
from matrix.cli.printing import COMMAND
from matrix.cli.verbs import VERBS, Verb
from matrix.errors import INTERRUPTED, KINDS

_BEFORE_VERB: Final = re.compile("-[vq]+|--verbose|--quiet|--")
_DESCRIPTION: Final = (
    "One file of requirements in; a proven folder of wheels out, "
    "ready to carry into a network without internet."
)


def make_parser(verbs: Sequence[Verb] = VERBS, program: str = COMMAND) -> argparse.ArgumentParser:
    """
    Return a parser of ``verbs``.

    To load a verb is to import its module, so this is for help, documentation and completion;
    ``parse_verb`` loads the one verb that is run.
    """
    top = _make_top(program)
    subparsers = top.add_subparsers(metavar="VERB", dest="verb", required=True)
    for verb in verbs:
        parser = subparsers.add_parser(
            verb.name,
            help=verb.summary,
            description=textwrap.fill(verb.load().DESCRIPTION, 79),
            epilog=_format_examples(verb),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add_common(parser)
        verb.load().add_arguments(parser)
    return top


def make_summary(program: str = COMMAND) -> argparse.ArgumentParser:
    """Return a parser that knows the names of all verbs and their summaries, and loads none."""
    top = _make_top(program)
    subparsers = top.add_subparsers(metavar="VERB", dest="verb", required=True)
    for verb in VERBS:
        subparsers.add_parser(verb.name, help=verb.summary, add_help=False)
    return top


def find_verb(arguments: Sequence[str]) -> Verb | None:
    """Return the verb that is named: the first argument after ``-v`` or ``-q``."""
    verb_by_name = {verb.name: verb for verb in VERBS}
    first = next((text for text in arguments if not _BEFORE_VERB.fullmatch(text)), "")
    return verb_by_name.get(first)


def _make_top(program: str) -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog=program,
        description=textwrap.fill(_DESCRIPTION, 79),
        epilog=_format_exit_codes(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"wheelyard {__version__}")
    add_loudness(top)
    return top


def _format_examples(verb: Verb) -> str:
    return "examples:\n" + "\n".join(f"  {line}" for line in verb.load().EXAMPLES)


def _format_exit_codes() -> str:
    rows = [f"  {kind.exit_code:>3}  {kind.meaning}" for kind in KINDS]
    rows = ["    0  it worked", *rows, f"  {INTERRUPTED}  interrupted"]
    return "exit codes:\n" + "\n".join(rows)
