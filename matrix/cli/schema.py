"""``schema``: the JSON Schema of each file, for editors; an installed wheel has them too."""

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matrix.bundle import record_schemas
from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.manifest import json_schema
from matrix.plan import planfile
from matrix.resolve import lock_schema
from matrix.store import entries

DESCRIPTION: Final = (
    "Print the JSON Schema of a file, write all of them to a directory, or list their "
    "names. With it an editor completes and checks packages.yaml."
)
EXAMPLES: Final = (
    "wheelyard schema",
    "wheelyard schema packages > packages.schema.json",
    "wheelyard schema --out docs",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    name: str | None = None
    out: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "name",
        nargs="?",
        choices=[*RENDER_BY_NAME],
        metavar="NAME",
        help=f"one of {', '.join(RENDER_BY_NAME)}; default: list them",
    )
    what.add_argument(
        "--out", type=Path, metavar="DIR", help="write every schema to DIR/NAME.schema.json"
    )


def run(session: Session, arguments: Arguments) -> None:
    """Print one schema, write all of them, or list their names."""
    if arguments.name is not None:
        session.printer.show_program(RENDER_BY_NAME[arguments.name]())
    elif arguments.out is not None:
        for name, render in RENDER_BY_NAME.items():
            session.write(arguments.out / f"{name}.schema.json", render())
    else:
        names = [*RENDER_BY_NAME]
        session.show(format_json(names) if arguments.common.json else "\n".join(names))


RENDER_BY_NAME: Final[Mapping[str, Callable[[], str]]] = {
    "packages": json_schema.text,
    "recipes": json_schema.recipe_text,
    "lock": lock_schema.text,
    "plan": planfile.render_schema,
    "store": entries.render_schema,
    "bundle": lambda: record_schemas.render(record_schemas.describe_record()),
    "parts": lambda: record_schemas.render(record_schemas.describe_parts()),
}
