"""What git says of the checkout that holds the manifest."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Final

from matrix.cli.session import Session
from matrix.edge.programs import Finished, run

TIMEOUT: Final = 60.0
_COMMITTER: Final = re.compile(r"^committer .* ([0-9]{1,12}) [+-][0-9]{4}$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit of the checkout; ``ref`` is empty when no branch is checked out."""

    sha: str
    seconds: int
    """The committer's date in Unix seconds: an amended or rebased commit has a new one."""
    ref: str


def run_git(session: Session, *arguments: str) -> Finished:
    """Run git in the manifest's directory; raises ``FileNotFoundError`` when there is no git."""
    command = ["git", "-C", str(session.root.resolve()), *arguments]
    # The output is read, so it must not depend on whose language this is.
    environment = {**session.environment, "LC_ALL": "C"}
    return run(command, environment=environment, timeout=TIMEOUT)


def find_commit(session: Session) -> Commit | str:
    """The commit that is checked out, or the reason why there is none."""
    try:
        sha = run_git(session, "rev-parse", "--verify", "HEAD^{commit}")
    except FileNotFoundError:
        return "git not found"
    if not sha.succeeded:
        return sha.output.strip().partition("\n")[0]
    # The plumbing command: what ``git log`` prints depends on the user's configuration.
    header = run_git(session, "cat-file", "commit", "HEAD").output.partition("\n\n")[0]
    committer = _COMMITTER.search(header)
    if committer is None:
        return "the commit has no committer's date"
    branch = run_git(session, "symbolic-ref", "--quiet", "HEAD")
    ref = branch.output.strip() if branch.succeeded else ""
    return Commit(sha=sha.output.strip(), seconds=int(committer[1]), ref=ref)


def list_changed(session: Session, names: Iterable[str]) -> tuple[str, ...]:
    """Those of ``names``, files beside the manifest, that differ from the commit."""
    return tuple(
        name
        for name in names
        if run_git(session, "status", "--porcelain", "--ignored", "--", name).output.strip()
    )
