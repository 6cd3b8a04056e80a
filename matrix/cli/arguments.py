"""
Options that several verbs share, and the one place where parsed arguments become typed values.

A verb's ``Arguments`` is a frozen dataclass. A field is named like the option's destination, or is
the dataclass of a group below, whose ``add_*`` function adds the options of that group.
"""

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from matrix.cli.printing import Format
from matrix.edge.progress import Loudness
from matrix.edge.quantities import parse_size
from matrix.manifest.filename import DEFAULT

A = TypeVar("A")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every verb has."""

    manifest: Path = DEFAULT
    format: Format = Format.TEXT
    cache: Path | None = None
    summary: Path | None = None
    loudness: Loudness = Loudness.NORMAL

    @property
    def json(self) -> bool:
        """Whether the result is printed as JSON."""
        return self.format is Format.JSON


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlanSource:
    """The plan that another job wrote, or what a plan is made from besides manifest and lock."""

    plan: Path | None = None
    previous: Path | None = None
    expect: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """The parts of a bundle: their size in bytes, None for no parts, and their directory."""

    pack: int | None = None
    parts: Path = Path("parts")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells one bundle from the next."""

    version: str = ""
    sequence: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What ``--export`` writes."""

    export: str | None = None
    out: Path = Path("exports")
    target: tuple[str, ...] = ()
    root: str = ""
    bundle: Path | None = None


def parse_values(kind: type[A], values: Mapping[str, Any]) -> A:
    """Return the ``kind`` of arguments that argparse has parsed into ``values``."""
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # every Arguments is one
        if isinstance(field.type, type) and dataclasses.is_dataclass(field.type):
            fields[field.name] = parse_values(field.type, values)
        else:
            value = values[field.name]
            fields[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**fields)


def add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--manifest",
        type=Path,
        default=DEFAULT,
        metavar="FILE",
        help="default: %(default)s in the current directory; its lock is beside it",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--format",
        type=Format,
        choices=[*Format],
        default=Format.TEXT,
        help="how problems are printed: `text` on stderr, `json` (the result too), `github` "
        "annotations, a `gitlab` Code Quality report, or `sarif`; default: %(default)s",
        metavar="FORMAT",
    )
    output.add_argument(
        "--json",
        action="store_const",
        const=Format.JSON,
        dest="format",
        default=Format.TEXT,
        help="print the result as JSON; the same as --format json",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="default: the user's cache directory"
    )
    parser.add_argument(
        "--summary",
        type=Path,
        metavar="FILE",
        help="append problems to FILE as Markdown, which GitHub shows on the run's page",
    )
    add_loudness(parser)


def add_loudness(parser: argparse.ArgumentParser) -> None:
    """Add ``-v`` and ``-q``, which may stand before and after the verb."""
    loudness = parser.add_mutually_exclusive_group()
    for short, long, level, meaning in (
        ("-v", "--verbose", Loudness.VERBOSE, "print more on stderr"),
        ("-q", "--quiet", Loudness.QUIET, "print only errors on stderr"),
    ):
        loudness.add_argument(
            short,
            long,
            action="store_const",
            const=level,
            dest="loudness",
            default=argparse.SUPPRESS,
            help=meaning,
        )


def add_plan_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plan",
        type=Path,
        metavar="FILE",
        help="a plan.json; default: made from manifest and lock",
    )
    add_previous(parser)
    add_expect(parser)


def add_previous(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--previous", type=Path, metavar="BUNDLE", help="a bundle whose built wheels are reused"
    )


def add_expect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expect", metavar="SHA256", help="fail unless the plan.json has this digest"
    )


def add_allow_missing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-missing",
        action="append",
        default=[],
        metavar="PROJECT@TARGET",
        help="seal without this built wheel and record that it is missing; may be repeated",
    )


def add_toolchain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--toolchain",
        type=Path,
        metavar="DIR",
        help="install the lanes from this directory, which `toolchain --out` wrote",
    )


def add_packing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pack",
        type=parse_size_argument,
        metavar="SIZE",
        help="also write the bundle as parts of that size, such as 2000000000, 100MB or 1.5GiB",
    )
    parser.add_argument(
        "--parts",
        type=Path,
        default=Packing().parts,
        metavar="DIR",
        help="where --pack writes; default: %(default)s",
    )


def parse_size_argument(text: str) -> int:
    """A number of bytes, for argparse."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_identity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--version",
        default="",
        metavar="TEXT",
        help="of the bundle; default: the date and time of the commit, or today's date",
    )
    parser.add_argument(
        "--sequence",
        type=int,
        metavar="N",
        help="must be higher than the last release's; default: the Unix time of the commit",
    )
