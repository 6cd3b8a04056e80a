"""Build the catalogue for real: ``nox -s recipes [-- PROJECT...]``."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from ..e2e import older
from ..e2e.images import BUILDER, Images, Recipe
from ..e2e.podman import Podman
from . import table
from .building import Result, build, interpreters
from .cases import cases

CACHE: Final = user_cache_path("wheelyard-e2e")
DIRECTORY: Final = CACHE / "recipes"


def main() -> int:
    """Build, say what came of each, and keep it as data and table; 1 when a build failed."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("projects", nargs="*", metavar="PROJECT")
    parser.add_argument(
        "--python", action="append", default=[], metavar="X.Y", help="only this one; repeatable"
    )
    parser.add_argument("--ci", action="store_true", help="a few on one Python; writes no table")
    parser.add_argument(
        "--directory", type=Path, default=DIRECTORY, help="where manifests, wheels and logs stay"
    )
    asked = parser.parse_args()
    images = _images()
    if asked.ci:
        images.make()
    image = BUILDER if asked.ci else older.make(images)
    versions = interpreters(images.podman, image)
    failures = 0
    for case in cases(asked.projects, ci=asked.ci, series=asked.python):
        started = time.monotonic()
        results = tuple(
            build(
                case,
                image=image,
                versions=versions,
                environment=images.podman.environment,
                directory=asked.directory / case.project,
            )
        )
        failures += sum(map(_say, results))
        print(f"{case.project}: {time.monotonic() - started:.0f} s in all", flush=True)
        if not asked.ci:
            table.keep(results)
    return 1 if failures else 0


def _say(result: Result) -> bool:
    told = f"{result.seconds} s" if result.seconds else result.reason
    print(f"{result.project} {result.version} on {result.series}: {told}", flush=True)
    return result.reason.startswith("failed: ")


def _images() -> Images:
    environment = dict(os.environ)
    return Images(
        podman=Podman.found(environment, directory=CACHE),
        recipe=Recipe.of_this_machine(environment),
        environment=environment,
        say=lambda text: print(text, file=sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
