"""
The lock that a merge request's is compared with: of the commit that it is merged into.

Where a pipeline builds the merge itself, that is the merge's first parent, and the difference is
the change alone, however far the target branch has moved. Elsewhere it is what the service names.
"""

import re
from typing import Final

from matrix.cli import git
from matrix.cli.session import Session
from matrix.errors import MatrixError
from matrix.report import comparing
from matrix.report.comparing import Holdings

_PARENT: Final = re.compile("^parent ([0-9a-f]{40}|[0-9a-f]{64})$", re.MULTILINE)
_MERGES: Final = ("/merge", "/train")
"""Refs of both services whose commit is the merge of a request into its target branch."""
_SHORT: Final = 12


def find_base(session: Session) -> Holdings | None:
    """Return the lock of the base; None, and a line that says why, where it cannot be read."""
    facts = session.run_facts
    if facts is None or not facts.is_merge_request:
        return None
    try:
        commit = _find_commit(session, facts.ref) or facts.base_commit
        reason = _fetch(session, commit) if commit else "the service names no commit"
        if not reason:
            return _read_lock(session, commit)
    except (FileNotFoundError, MatrixError) as error:
        reason = str(error).partition("\n")[0]
    session.reporter.say(f"compared with nothing: {reason}")
    return None


def _find_commit(session: Session, ref: str) -> str:
    """Return the first parent of a merge, empty where the commit is none."""
    if not ref.endswith(_MERGES):
        return ""
    header = git.run_git(session, "cat-file", "commit", "HEAD").output.partition("\n\n")[0]
    parents = _PARENT.findall(header)
    return str(parents[0]) if len(parents) > 1 else ""


def _fetch(session: Session, commit: str) -> str:
    """Fetch a commit that the checkout lacks, and return the reason where that fails."""
    if git.run_git(session, "cat-file", "-e", f"{commit}^{{commit}}").succeeded:
        return ""
    fetched = git.run_git(session, "fetch", "--quiet", "--depth=1", "origin", commit)
    if fetched.succeeded:
        return ""
    return f"git fetch {commit}: {fetched.output.strip().partition(chr(10))[0]}"


def _read_lock(session: Session, commit: str) -> Holdings | None:
    name = session.lock_path.name
    shown = git.run_git(session, "show", f"{commit}:./{name}")
    if not shown.succeeded:
        session.reporter.say(f"compared with nothing: {commit[:_SHORT]} has no {name}")
        return None
    return comparing.parse_holdings(shown.output, name=f"{name} of {commit[:_SHORT]}")
