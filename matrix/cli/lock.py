"""
``lock``: renew the lock, or compare or export the one that exists.

What resolves, compares and exports is imported by the function that needs it, so that
``lock --check`` is as quick as ``check``.
"""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from matrix.cli import check
from matrix.cli.arguments import Common, Export
from matrix.cli.session import Session
from matrix.errors import Problem, UsageError

DESCRIPTION: Final = (
    "Resolve every requirement on every target and write packages.lock. Versions move "
    "only where they must or may. The export writes one file for each target."
)
EXAMPLES: Final = (
    "wheelyard lock",
    "wheelyard lock --upgrade django",
    "wheelyard lock --upgrade --report upgrade",
    "wheelyard lock --diff origin/main",
    "wheelyard lock --export requirements --target cp312-manylinux_2_28_x86_64",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """``upgrade`` is None without the option, and empty where it names no project."""

    common: Common
    check: bool = False
    upgrade: tuple[str, ...] | None = None
    diff: str | None = None
    offline: bool = False
    report: Path | None = None
    export: Export


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="only report whether the lock is up to date"
    )
    what.add_argument(
        "--upgrade",
        nargs="*",
        metavar="PROJECT",
        help="upgrade these projects, or all of them; keep the versions of the rest",
    )
    what.add_argument("--diff", metavar="REV", help="show what changed in the lock since REV")
    what.add_argument(
        "--export",
        choices=("pylock", "requirements", "constraints"),
        help="write the lock for other tools, one file a target",
    )
    parser.add_argument(
        "--offline", action="store_true", help="use only the cache; make no requests"
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="leave the lock alone; write there what would change, as Markdown, JSON and a patch",
    )
    _add_export(parser)


def _add_export(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("with --export")
    group.add_argument(
        "--out",
        type=Path,
        default=Export().out,
        metavar="DIR",
        help="where to write; default: %(default)s",
    )
    group.add_argument(
        "--target", action="append", default=[], metavar="ID", help="default: all; may be repeated"
    )
    group.add_argument(
        "--root", default="", metavar="NAME", help="one requirement or environment; default: all"
    )
    group.add_argument(
        "--bundle", type=Path, metavar="DIR", help="take the wheels of a bundle, built ones too"
    )


def run(session: Session, arguments: Arguments) -> None:
    """Check, compare or export the lock; else renew it."""
    options = arguments.export
    if not options.export and (options.target or options.root or options.bundle):
        what = "--target, --root and --bundle choose what --export writes"
        hint = "wheelyard lock --export requirements"
        raise UsageError(Problem(place="lock", what=what, hint=hint))
    is_renewal = not (arguments.check or arguments.diff is not None or options.export)
    if arguments.report is not None and not is_renewal:
        what = "--report is for a lock that would be renewed"
        hint = "wheelyard lock --upgrade --report upgrade"
        raise UsageError(Problem(place="lock", what=what, hint=hint))
    if arguments.offline:
        session.go_offline()
    if arguments.check:
        check.check_lock(session, arguments.common)
    elif arguments.diff is not None:
        from matrix.cli import lock_diff  # noqa: PLC0415 - see above

        lock_diff.show(session, revision=arguments.diff)
    elif arguments.export.export:
        from matrix.cli import lock_export  # noqa: PLC0415 - see above

        lock_export.write(session, arguments.export)
    else:
        _renew(session, arguments)


def _renew(session: Session, arguments: Arguments) -> None:
    # pip answers while the resolver is imported.
    session.begin_to_ask_pip()
    if arguments.report is not None:
        from matrix.cli import upgrade_report  # noqa: PLC0415 - see above

        upgrade_report.write_report(session, arguments.upgrade, arguments.report)
        return
    from matrix.cli import relock  # noqa: PLC0415 - see above

    relock.renew(session, arguments.upgrade)
