"""``cache``: where the cache is, and remove what this program has put there."""

import argparse
import dataclasses
import shutil
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.edge import files
from matrix.edge.quantities import count

DESCRIPTION: Final = (
    "Print the directory of the cache, or remove what wheelyard has put there. Nothing "
    "but time is lost."
)
EXAMPLES: Final = ("wheelyard cache dir", "wheelyard cache clean --dry-run")

# ``--cache`` may name any directory: only these are ours.
PATTERNS: Final = ("build", "built", "downloads", "index", "joined", "logs", "toolchain*")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    action: str
    dry_run: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=["dir", "clean"], help="print the directory, or remove its contents"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with clean: list the directories; remove nothing"
    )


def run(session: Session, arguments: Arguments) -> None:
    """Print the directory, or remove what is in it."""
    if arguments.action == "dir":
        path = str(session.cache)
        session.show(format_json({"dir": path}) if arguments.common.json else path)
        return
    directories = _find_directories(session.cache)
    if not arguments.dry_run:
        for directory in directories:
            _remove(directory)
    verb = "would be removed" if arguments.dry_run else "removed"
    if arguments.common.json:
        session.show(format_json({verb: [str(path) for path in directories]}))
    else:
        session.show(
            "\n".join([*map(str, directories), f"{count(len(directories), 'folder')} {verb}"])
        )


def _find_directories(cache: Path) -> list[Path]:
    return sorted({path for pattern in PATTERNS for path in cache.glob(pattern) if path.is_dir()})


def _remove(directory: Path) -> None:
    try:
        shutil.rmtree(directory)
    except OSError as error:
        path = Path(error.filename) if error.filename else directory
        raise files.write_error(path, error) from error
