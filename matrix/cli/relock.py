"""Renew the lock: for ``lock``, and for ``plan`` and ``release`` where it is stale."""

import contextlib
import dataclasses
import gc
from collections.abc import Iterator, Sequence

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.cli import policy_rules
from matrix.cli.session import Session, read_text
from matrix.errors import Problem, UsageError
from matrix.manifest.policy import Policy
from matrix.policy import locked_rules
from matrix.report import locks
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock
from matrix.resolve.metadata_builder import MetadataBuilder
from matrix.resolve.resolving import resolve


def renew(session: Session, projects: Sequence[str] | None) -> None:
    """Bring the lock up to date and show what changed; ``projects`` are upgraded, all if empty."""
    session.check_manifest()
    old = lockfile.load_to_renew(session.lock_path)
    upgrade = parse_upgrade(projects, old)
    new = relock(session, old, upgrade=upgrade)
    text = lockfile.dump(new)
    if old is None or read_text(session.lock_path) != text:
        session.write(session.lock_path, text)
    if session.common.json:
        session.show(text)
    else:
        session.show(locks.list_changes(old, new) + "\n".join(locks.summary(new)))
    session.refuse_impossible(new)


def relock(
    session: Session, old: Lock | None, *, upgrade: frozenset[NormalizedName] | None = frozenset()
) -> Lock:
    """
    Return a lock that answers the manifest.

    Versions move only where they must, or where ``upgrade`` lets them: these projects, or all of
    them for None.
    """
    pins = lockfile.read_pins(old, upgrade=upgrade)
    with policy_rules.open_rules(session) as rules, _without_garbage_collection():
        new = resolve(
            session.manifest,
            session.index,
            pins=pins,
            reporter=session.reporter,
            rules=rules,
            previous=None if upgrade is None else old,
            metadata_builder=_make_metadata_builder(session),
        )
    new = dataclasses.replace(new, policy=locked_rules.digest(session.manifest.policy))
    for why in rules.list_passed_over(_list_releases(new)):
        session.reporter.say(why)
    for doubt in (
        *rules.list_warnings(_list_releases(new)),
        *_find_unlocked(session.manifest.policy, new),
    ):
        session.warn(Problem(place="", what=doubt))
    return new


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """
    Do not collect garbage meanwhile: a lock is made of values without cycles, and to look at all of
    them again and again takes a tenth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _make_metadata_builder(session: Session) -> MetadataBuilder | None:
    """Return what builds metadata, where the manifest allows it."""
    where = session.manifest.policy.dynamic_metadata
    if where == "believe":
        return None
    from matrix.builds.metadata import MetadataBuilds  # noqa: PLC0415 - few policies build
    from matrix.cli import building  # noqa: PLC0415 - the same

    return MetadataBuilds(
        building.apply_pip_options(session),
        where=where,
        workspace=building.make_workspace(session),
        cache=session.index.cache,
        offline=session.offline,
    )


def _find_unlocked(policy: Policy, lock: Lock) -> Iterator[str]:
    """Yield a warning for each build whose requirements are not locked: no policy holds there."""
    for build in lock.builds if locked_rules.is_binding(policy) else ():
        if build.reason:
            where = ", ".join(build.targets)
            yield f"{build.sdist}: no policy holds for what its build installs on {where}: " + (
                build.reason
            )


def _list_releases(lock: Lock) -> list[tuple[NormalizedName, Version]]:
    installed = {(file.project, file.version) for file in lock.files}
    return sorted(installed | {(file.project, file.version) for file in lock.build_files})


def parse_upgrade(
    names: Sequence[str] | None, old: Lock | None
) -> frozenset[NormalizedName] | None:
    """Return the projects of ``--upgrade``: none without the option, None for all of them."""
    if names is None:
        return frozenset()
    if not names:
        return None
    projects = frozenset(canonicalize_name(name) for name in names)
    known = {file.project for file in old.files} if old else set()
    if old and (unknown := sorted(projects - known)):
        what = f"--upgrade: {', '.join(unknown)} is not in the lock"
        raise UsageError(Problem(place="lock", what=what, hint="wheelyard explain PROJECT"))
    return projects
