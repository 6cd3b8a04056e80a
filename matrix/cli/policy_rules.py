"""The manifest's policy with what it needs to judge: the clock and a source of advisories."""

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
def open_rules(session: Session) -> Iterator[PolicyRules]:
    """Yield the policy in the form that the resolver uses."""
    with _open_advisories(session) as known:
        yield PolicyRules(session.manifest.policy, now=session.now, known=known)


@contextlib.contextmanager
def _open_advisories(session: Session) -> Iterator[Known]:
    policy = session.manifest.policy
    if not policy.advisories or policy.vulnerabilities.action == "ignore":
        yield nothing_known
    elif policy.advisories.startswith(_ADDRESS):
        if session.offline:
            what = "expected a file in policy.advisories with --offline, got an address"
            raise UsageError(
                Problem(
                    place="lock",
                    what=what,
                    hint="add `policy: {advisories: osv.zip}` to packages.yaml",
                )
            )
        with _open_json_api(session, policy.advisories) as known:
            yield known
    else:
        yield advisories.look_up(advisories.read(_find_snapshot(session)))


@contextlib.contextmanager
def _open_json_api(session: Session, address: str) -> Iterator[Known]:
    from matrix.index import settings  # noqa: PLC0415 - few policies need HTTP
    from matrix.index.transport import OK, Transport  # noqa: PLC0415 - the same

    transport = Transport(
        settings.choose_settings(
            session.network, session.pip_options, environment=session.environment
        )
    )

    def get(url: str, wanted: str) -> bytes | None:
        answer = transport.get(url, headers={"Accept": "application/json"}, wanted=wanted)
        return answer.content if answer.status_code == OK else None

    try:
        yield json_api.look_up(address, get)
    finally:
        transport.close()


def _find_snapshot(session: Session) -> Path:
    """The file or directory of OSV records that the manifest names."""
    return session.root / session.manifest.policy.advisories


def read_snapshot(session: Session) -> Snapshot | None:
    """Read the OSV records that the manifest names, if it names a file."""
    source = session.manifest.policy.advisories
    if not source or source.startswith(_ADDRESS):
        return None
    return advisories.read(_find_snapshot(session))


def recheck(session: Session, lock: Lock) -> None:
    """
    Compare the lock with today's snapshot, without network: advisories are published after a lock
    is made. Raise ``LockError`` where the policy says so, warn otherwise.
    """
    policy = session.manifest.policy
    if policy.vulnerabilities.action == "ignore" or (snapshot := read_snapshot(session)) is None:
        return
    releases = sorted({(file.project, file.version) for file in lock.files})
    judge = PolicyRules(policy, now=session.now, known=advisories.look_up(snapshot))
    matches = [
        f"{project} {version}: {what}"
        for project, version in releases
        for what in judge.vulnerabilities(project, version)
    ]
    if matches and policy.vulnerabilities.action == "fail":
        place = session.lock_path.name
        raise LockError(*(Problem(place=place, what=m, hint=lockfile.COMMAND) for m in matches))
    for what in matches:
        session.warn(Problem(place="", what=what))
