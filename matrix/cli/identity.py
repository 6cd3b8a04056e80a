"""
What a new bundle is called, and what it was made from.

A commit decides version and sequence, so that both CI services, and a job that is tried again, give
a bundle the same ones; a runner's clock decides nothing. Outside a commit, as on the machine of a
person who tries something, the clock decides.
"""

import dataclasses
import datetime
import itertools
from pathlib import Path

from matrix import __version__
from matrix.bundle import sealing
from matrix.cli import git
from matrix.cli.arguments import Identity
from matrix.cli.git import Commit
from matrix.cli.session import Session, read_text
from matrix.errors import NotEquipped, NotVerified, Problem
from matrix.pipelines import release
from matrix.pipelines.run_facts import RunFacts
from matrix.plan.model import Plan
from matrix.record import schema
from matrix.record.schema import Source


def make_identity(
    session: Session,
    plan: Plan,
    options: Identity,
    *,
    out: Path,
    tag: str = "",
    previous: Path | None = None,
    untested: str = "",
) -> sealing.Identity:
    """Return what a new bundle in ``out`` is called; ``previous`` is the newest that there is."""
    tagged = release.parse_tag(tag, session.manifest.output.tags) if tag else ""
    commit = find_source_commit(session)
    moment = _date(commit) if commit else session.now
    chosen = options.version or tagged
    # A job that is tried again starts in an empty directory; a person tries again in the same one.
    number = 0 if chosen or session.run_facts else _count_earlier(plan.bundle, moment, commit, out)
    version = chosen or _name_version(moment, commit, number)
    sequence = options.sequence
    if sequence is None:
        least = _read_least_sequence(previous, version)
        sequence = max(int(moment.timestamp()) + number, least)
    is_dated = bool(session.environment.get("SOURCE_DATE_EPOCH"))
    return sealing.Identity(
        version=version,
        sequence=sequence,
        created=(session.now if is_dated else moment).isoformat().replace("+00:00", "Z"),
        generator=f"wheelyard {__version__}",
        source=dataclasses.replace(
            make_source(session, commit), lock_sha256=plan.lock_sha256, untested=untested
        ),
    )


def make_source(session: Session, commit: Commit | None) -> Source:
    """Return the commit and the run; both are empty where there is none."""
    facts = session.run_facts
    ref = facts.ref if facts else commit.ref if commit else ""
    return dataclasses.replace(
        schema.NO_SOURCE,
        commit=commit.sha if commit else "",
        ref=ref if commit else "",
        run=facts.address if facts else "",
    )


def find_source_commit(session: Session) -> Commit | None:
    """
    Return the commit that manifest and lock are those of; None where there is none.

    In a pipeline there is always one: ``NotEquipped`` says why it cannot be read.
    """
    commit, facts = git.find_commit(session), session.run_facts
    if facts:
        return _require_commit(session, commit, facts)
    if isinstance(commit, str):
        return None
    names = (session.manifest_path.name, session.lock_path.name)
    changed = git.list_changed(session, names)
    if changed:
        what = f"{' and '.join(changed)} differs from the commit: the bundle names no commit"
        session.warn(Problem(place="", what=what, hint="commit first, then seal"))
        return None
    return commit


def _require_commit(session: Session, commit: Commit | str, facts: RunFacts) -> Commit:
    if isinstance(commit, Commit):
        if commit.sha != facts.commit:
            what = f"expected the checkout of {facts.commit}, got {commit.sha}"
            session.warn(Problem(place="", what=f"{what}, which the bundle names"))
        return commit
    # An image without git: GitLab says the same date.
    text = session.environment.get("CI_COMMIT_TIMESTAMP", "")
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        what = f"the date of commit {facts.commit} cannot be read: {commit}"
        hint = "install git on the runner"
        raise NotEquipped(Problem(place="bundle", what=what, hint=hint)) from error
    return Commit(sha=facts.commit, seconds=int(moment.timestamp()), ref=facts.ref)


def _date(commit: Commit) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(commit.seconds, tz=datetime.UTC)


def _name_version(moment: datetime.datetime, commit: Commit | None, number: int) -> str:
    day = f"{moment.year}.{moment.month}.{moment.day}"
    text = f"{day}.{moment:%H%M%S}" if commit else day
    return f"{text}.{number}" if number else text


def _count_earlier(name: str, moment: datetime.datetime, commit: Commit | None, out: Path) -> int:
    """Return the number of bundles of the same date that ``out`` holds already."""
    return next(
        number
        for number in itertools.count()
        if not (out / f"{name}-{_name_version(moment, commit, number)}").exists()
    )


def _read_least_sequence(previous: Path | None, version: str) -> int:
    """Return one more than the sequence of ``previous``, unless it is this very version."""
    if previous is None:
        return 0
    text = read_text(previous / schema.FILENAME)
    try:
        record = schema.parse(text)
    except schema.InvalidRecord as error:
        raise NotVerified(Problem(place=schema.FILENAME, what=str(error))) from error
    return record.sequence if record.version == version else record.sequence + 1
