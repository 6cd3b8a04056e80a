"""The command line that travels: ``verify`` and ``import`` as ``wheelyard`` has them."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from matrix.destinations.destination import Say
from matrix.destinations.kinds import parse_destination
from matrix.edge import streams
from matrix.errors import INTERRUPTED, MatrixError, NotWritten, printable_lines
from matrix.farside import carried, help_texts, summaries


def main(texts: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    arguments = _make_parser().parse_args(texts)
    try:
        text = _verify(arguments) if arguments.verb == "verify" else _import(arguments)
        streams.write(sys.stdout, f"{text}\n", name="stdout")
    except MatrixError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted: nothing was left half-written")
        return INTERRUPTED
    return 0


def _verify(arguments: argparse.Namespace) -> str:
    report = carried.verify_carried(
        arguments.bundle,
        _get_say(arguments),
        scratch=arguments.scratch,
        sha256=arguments.sha256,
    )
    if arguments.json:
        return summaries.dump_json(summaries.describe_bundle(report))
    return summaries.summarize_bundle(report)


def _import(arguments: argparse.Namespace) -> str:
    imported = carried.import_carried(
        arguments.bundle,
        parse_destination(arguments.to),
        _get_say(arguments),
        scratch=arguments.scratch,
        adopt=arguments.adopt,
        sha256=arguments.sha256,
    )
    if arguments.json:
        return summaries.dump_json(summaries.describe_import(imported))
    return summaries.summarize_import(imported)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m matrix.farside", allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verify = verbs.add_parser("verify", allow_abbrev=False, help="check a bundle and prove it")
    import_ = verbs.add_parser("import", allow_abbrev=False, help="verify a bundle and serve it")
    for verb in (verify, import_):
        verb.add_argument("bundle", type=Path, metavar="BUNDLE", help=help_texts.BUNDLE)
        verb.add_argument("--sha256", default="", metavar="DIGEST", help=help_texts.SHA256)
        verb.add_argument("--json", action="store_true", help="print the result as JSON")
        verb.add_argument("--quiet", action="store_true", help="print nothing on stderr but errors")
        verb.add_argument(
            "--scratch",
            type=Path,
            default=Path(tempfile.gettempdir()),
            metavar="DIR",
            help="where parts are joined for a while (default: %(default)s)",
        )
    import_.add_argument("--to", required=True, metavar="DESTINATION", help=help_texts.TO)
    import_.add_argument("--adopt", action="store_true", help=help_texts.ADOPT)
    return parser


def _get_say(arguments: argparse.Namespace) -> Say:
    return _ignore if arguments.quiet else _say


def _say(text: str) -> None:
    # A closed stderr takes no progress; the exit code still says how the verb ended.
    with contextlib.suppress(NotWritten):
        streams.write(sys.stderr, f"{printable_lines(text)}\n", name="stderr")


def _ignore(text: str) -> None:
    del text
