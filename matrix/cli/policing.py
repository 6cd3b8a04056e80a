"""The manifest's policy with what it needs to be held: the clock, and who knows vulnerabilities."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from matrix.cli.session import Session
from matrix.errors import LockError, Problem, UsageError
from matrix.policy import advisories, json_api
from matrix.policy.advisories import Snapshot
from matrix.policy.rules import Known, PolicyRules, nothing_known
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock

_ADDRESS = ("https://", "http://")


@contextlib.contextmanager
def rules(session: Session) -> Iterator[PolicyRules]:
    """Yield the policy as the resolver asks it."""
    with _known(session) as known:
        yield PolicyRules(session.manifest.policy, now=session.now, known=known)


@contextlib.contextmanager
def _known(session: Session) -> Iterator[Known]:
    policy = session.manifest.policy
    if not policy.advisories or policy.vulnerabilities.found == "ignore":
        yield nothing_known
    elif policy.advisories.startswith(_ADDRESS):
        if session.offline:
            what = (
                "expected a file in policy.advisories, got an address, which --offline cannot ask"
            )
            raise UsageError(Problem(place="lock", what=what, hint="advisories: osv.zip"))
        with _asking(session, policy.advisories) as known:
            yield known
    else:
        yield advisories.known(advisories.read(snapshot_path(session)))


@contextlib.contextmanager
def _asking(session: Session, address: str) -> Iterator[Known]:
    from matrix.index import configuration  # noqa: PLC0415 - few policies need HTTP
    from matrix.index.transport import OK, Transport  # noqa: PLC0415 - the same

    transport = Transport(configuration.settings(session.manifest.network, session.pip_options))

    def get(url: str, wanted: str) -> bytes | None:
        answer = transport.get(url, headers={"Accept": "application/json"}, wanted=wanted)
        return answer.content if answer.status_code == OK else None

    try:
        yield json_api.known(address, get)
    finally:
        transport.close()


def snapshot_path(session: Session) -> Path:
    """The file or directory of OSV records that the manifest names."""
    return session.root / session.manifest.policy.advisories


def snapshot(session: Session) -> Snapshot | None:
    """The OSV records that the manifest names, if it names a file."""
    named = session.manifest.policy.advisories
    if not named or named.startswith(_ADDRESS):
        return None
    return advisories.read(snapshot_path(session))


def recheck(session: Session, lock: Lock) -> None:
    """
    Hold the lock against today's snapshot, without network: it may know more than when the lock was
    made. Raises ``LockError`` where the policy says so, warns otherwise.
    """
    policy = session.manifest.policy
    if policy.vulnerabilities.found == "ignore" or (known := snapshot(session)) is None:
        return
    releases = sorted({(file.project, file.version) for file in lock.files})
    judge = PolicyRules(policy, now=session.now, known=advisories.known(known))
    said = [
        f"{project} {version}: {what}"
        for project, version in releases
        for what in judge.vulnerabilities(project, version)
    ]
    if said and policy.vulnerabilities.found == "fail":
        place = session.lock_path.name
        raise LockError(*(Problem(place=place, what=s, hint=lockfile.COMMAND) for s in said))
    for what in said:
        session.reporter.say(f"warning: {what}")
