"""``lock --diff``: the lock beside the one of a revision."""

import argparse

from matrix.cli.session import Session, result
from matrix.edge.programs import Finished, run
from matrix.errors import LockError, NotEquipped, Problem, UsageError
from matrix.report import locks
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock

_PLACE = "lock --diff"


def diff(session: Session, asked: argparse.Namespace) -> None:
    """Show what the lock changes since a revision; nothing is resolved and nothing written."""
    old = _lock_at(session, asked.diff)
    new = session.present_lock()
    if new is None:
        what, hint = "is not there", lockfile.COMMAND
        raise LockError(Problem(place=session.lock_path.name, what=what, hint=hint))
    found = locks.compare_locks(old, new)
    result(locks.dump(found) if asked.json else locks.text(found, len(new.targets)))


def _lock_at(session: Session, revision: str) -> Lock | None:
    """The lock as it was, or None where the revision has none."""
    commit = _commit(session, revision)
    name = session.lock_path.name
    if not _git(session, "ls-tree", "--name-only", commit, "--", name).output.strip():
        return None
    shown = _git(session, "show", f"{commit}:./{name}")
    if not shown.succeeded:
        raise UsageError(_said(shown, f"cannot read {name} of {revision!r}"))
    source = f"{name} of {revision}"
    return lockfile.parse(shown.output, source=source, understood=lockfile.READABLE)


def _commit(session: Session, revision: str) -> str:
    inside = _git(session, "rev-parse", "--is-inside-work-tree")
    if not inside.succeeded:
        what = f"expected a git checkout, got {session.root.resolve().name!r}, which is none"
        raise UsageError(_said(inside, what))
    # A revision that begins with a hyphen would be an option.
    asked = f"{revision}^{{commit}}"
    found = _git(session, "rev-parse", "--verify", "--quiet", "--end-of-options", asked)
    if not found.succeeded:
        what = f"expected a revision of this checkout, got {revision!r}"
        raise UsageError(Problem(place=_PLACE, what=what, hint="git log --oneline"))
    return found.output.strip()


def _said(finished: Finished, what: str) -> Problem:
    """What we say of a refusal that git explains itself."""
    known = "not a git repository" in finished.output
    reason = "" if known else f": {finished.output.strip().partition(chr(10))[0]}"
    return Problem(place=_PLACE, what=f"{what}{reason}")


def _git(session: Session, *arguments: str) -> Finished:
    command = ["git", "-C", str(session.root.resolve()), *arguments]
    # The output is read, so it must not depend on whose language this is.
    environment = {**session.environment, "LC_ALL": "C"}
    try:
        return run(command, environment=environment, timeout=60.0)
    except FileNotFoundError as error:
        what = "expected the program 'git', got none"
        raise NotEquipped(Problem(place=_PLACE, what=what)) from error
