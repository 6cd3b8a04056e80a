"""``check --recipes``."""

import argparse
from collections.abc import Sequence

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.cli.session import Session, read_text
from matrix.report import recipe_lint


def lint(session: Session, asked: argparse.Namespace) -> None:  # noqa: ARG001 - a verb's shape
    """Warn of every line of a recipe that does nothing."""

    def releases(project: NormalizedName) -> Sequence[Version]:
        page = session.index.page(project)
        return tuple(page.releases) if page else ()

    text = read_text(session.manifest_path)
    found = recipe_lint.problems(session.manifest, text, session.lock(), releases)
    for problem in found:
        session.reporter.say(f"warning: {problem}")
