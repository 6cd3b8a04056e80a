"""``lock --diff``: the lock beside the one of a revision."""

from matrix.cli import git
from matrix.cli.session import Session
from matrix.edge.programs import Finished
from matrix.errors import LockError, NotEquipped, Problem, UsageError
from matrix.report import locks
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock

_PLACE = "lock --diff"


def show(session: Session, *, revision: str) -> None:
    """Show what changed in the lock since ``revision``; nothing is resolved and nothing written."""
    old = _read_lock_at(session, revision)
    new = session.present_lock()
    if new is None:
        what, hint = "not found", lockfile.COMMAND
        raise LockError(Problem(place=session.lock_path.name, what=what, hint=hint))
    changes = locks.compare_locks(old, new)
    is_json = session.common.json
    session.show(locks.dump(changes) if is_json else locks.text(changes, len(new.targets)))


def _read_lock_at(session: Session, revision: str) -> Lock | None:
    """The lock as it was, or None where the revision has none."""
    commit = _find_commit(session, revision)
    name = session.lock_path.name
    if not _run_git(session, "ls-tree", "--name-only", commit, "--", name).output.strip():
        return None
    shown = _run_git(session, "show", f"{commit}:./{name}")
    if not shown.succeeded:
        raise UsageError(_explain_refusal(shown, f"cannot read {name} of {revision!r}"))
    source = f"{name} of {revision}"
    return lockfile.parse(shown.output, source=source, to_renew=True)


def _find_commit(session: Session, revision: str) -> str:
    inside = _run_git(session, "rev-parse", "--is-inside-work-tree")
    if not inside.succeeded:
        what = f"expected a git checkout, got {session.root.resolve().name!r}, which is none"
        raise UsageError(_explain_refusal(inside, what))
    # A revision that begins with a hyphen would be an option.
    name = f"{revision}^{{commit}}"
    commit = _run_git(session, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
    if not commit.succeeded:
        what = f"expected a revision of this checkout, got {revision!r}"
        raise UsageError(Problem(place=_PLACE, what=what, hint="git log --oneline"))
    return commit.output.strip()


def _explain_refusal(finished: Finished, what: str) -> Problem:
    """The problem of a refusal that git explains itself."""
    is_known = "not a git repository" in finished.output
    reason = "" if is_known else f": {finished.output.strip().partition(chr(10))[0]}"
    return Problem(place=_PLACE, what=f"{what}{reason}")


def _run_git(session: Session, *arguments: str) -> Finished:
    try:
        return git.run_git(session, *arguments)
    except FileNotFoundError as error:
        what = "expected the program 'git', got none"
        raise NotEquipped(Problem(place=_PLACE, what=what)) from error
