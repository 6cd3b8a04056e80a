"""``check --recipes``."""

from collections.abc import Sequence

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.cli.session import Session, read_text
from matrix.report import recipe_lint


def warn(session: Session) -> None:
    """Warn of every line of a recipe that does nothing."""

    def list_releases(project: NormalizedName) -> Sequence[Version]:
        page = session.index.fetch_page(project)
        return tuple(page.releases) if page else ()

    text = read_text(session.manifest_path)
    problems = recipe_lint.problems(session.manifest, text, session.lock(), list_releases)
    for problem in problems:
        session.warn(problem)
