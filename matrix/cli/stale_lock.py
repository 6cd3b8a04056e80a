"""
A lock that does not answer its manifest, as a pipeline meets it.

A merge request plans with the renewed lock, offers it as a patch, and stays red until the patch is
committed, unless ``policy.lock`` is ``refresh``: so the default branch never turns red from a green
merge request.
"""

from pathlib import Path
from typing import Final

from matrix.cli import git
from matrix.cli.session import Session, read_text
from matrix.report.patches import render_patch
from matrix.resolve import freshness, lockfile
from matrix.resolve.lock import Lock

PATCH: Final = f"{lockfile.FILENAME}.patch"


def list_differences(session: Session, lock: Lock | None) -> tuple[str, ...]:
    """Return every difference between the manifest and the committed lock."""
    if lock is None:
        return (f"{session.lock_path.name} not found",)
    return freshness.find_staleness(session.manifest, lock)


def is_refused(session: Session) -> bool:
    """Whether a stale lock keeps a merge request red."""
    return session.manifest.policy.lock != "refresh"


def is_tolerated(session: Session) -> bool:
    """Whether a stale lock is told, but stops nothing yet."""
    facts = session.run_facts
    return not is_refused(session) or bool(facts and facts.is_merge_request)


def write_patch(session: Session, new: Lock, directory: Path) -> None:
    """Write the patch that makes ``new`` the committed lock."""
    path = session.lock_path
    before = read_text(path) if path.exists() else None
    patch = render_patch(_find_prefix(session) + path.name, before, lockfile.dump(new))
    if patch:
        session.write(directory / PATCH, patch)


def _find_prefix(session: Session) -> str:
    """Return the manifest's directory from the top of the repository, empty or with a slash."""
    try:
        prefix = git.run_git(session, "rev-parse", "--show-prefix")
    except FileNotFoundError:
        return ""
    return prefix.output.strip() if prefix.succeeded else ""
