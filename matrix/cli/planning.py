"""``plan`` and ``explain``."""

import argparse
import dataclasses
import json
import shlex

from packaging.utils import canonicalize_name

from matrix.cli.locking import refuse_unsolved, relock
from matrix.cli.session import Session, result
from matrix.edge import files
from matrix.errors import Problem, UsageError
from matrix.manifest.decoding import did_you_mean
from matrix.manifest.reading import DEFAULT
from matrix.pipelines import agreement, gitlab
from matrix.pipelines.providers import PROVIDERS
from matrix.plan import serial
from matrix.plan.model import Plan
from matrix.report import explanation, locks, plans
from matrix.resolve import freshness, lockfile
from matrix.resolve.lock import Lock


def plan(session: Session, asked: argparse.Namespace) -> None:
    """Make the plan; show it, and hand it on to the jobs of a pipeline."""
    lock = _lock(session, asked)
    made = session.plan_of(lock, previous=asked.previous)
    if asked.expect is not None:
        agreement.require(made, asked.expect)
    if asked.out is not None:
        session.write(asked.out / "plan.json", serial.dump(made))
        session.write(asked.out / lockfile.FILENAME, lockfile.dump(lock))
    _hand_on(session, made, asked)
    result(serial.dump(made) if asked.json else plans.overview(made))
    refuse_unsolved(session, lock)


def _lock(session: Session, asked: argparse.Namespace) -> Lock:
    """The lock, brought up to date where that is allowed and due; then the change is told."""
    if not (asked.relock or session.manifest.policy.lock == "refresh"):
        return session.lock()
    old = session.present_lock()
    if old is not None and not freshness.staleness(session.manifest, old):
        return old
    new = relock(session, old)
    session.reporter.say(f"the lock is stale; it would become:\n{locks.list_changes(old, new)}")
    return new


def _hand_on(session: Session, made: Plan, asked: argparse.Namespace) -> None:
    if asked.github_output is not None:
        outputs = PROVIDERS["github"].run_time(session.manifest, made)
        files.append(asked.github_output, "".join(f"{k}={v}\n" for k, v in sorted(outputs.items())))
    if asked.gitlab_child is not None:
        texts = PROVIDERS["gitlab"].run_time(session.manifest, made)
        session.write(asked.gitlab_child, texts[gitlab.CHILD])


def explain(session: Session, asked: argparse.Namespace) -> None:
    """Say how a project gets to its targets."""
    made, project = session.plan(asked), canonicalize_name(asked.project)
    projects = {cell.project for cell in made.cells}
    if project not in projects:
        hint = did_you_mean(project, projects)
        raise UsageError(Problem(place="explain", what=f"the plan has no {project!r}", hint=hint))
    targets = {target.id for target in made.targets}
    if asked.target and asked.target not in targets:
        hint = did_you_mean(asked.target, targets) or "python -m matrix targets"
        what = f"the plan has no target {asked.target!r}"
        raise UsageError(Problem(place="explain", what=what, hint=hint))
    lock = _lock_of(session, asked)
    explained = explanation.explain(
        made,
        project,
        manifest=session.manifest,
        lock=lock,
        target=asked.target,
        options=_options(asked),
    )
    if asked.json:
        result(json.dumps(dataclasses.asdict(explained), indent=1))
    else:
        result(explanation.text(explained, made))


def _lock_of(session: Session, asked: argparse.Namespace) -> Lock:
    """The lock that the plan was made from: `plan --out` has left it beside the plan."""
    beside = asked.plan.parent / lockfile.FILENAME if asked.plan else session.lock_path
    path = beside if beside.exists() else session.lock_path
    lock = lockfile.load(path)
    return freshness.fresh(session.manifest, lock, source=path.name)


def _options(asked: argparse.Namespace) -> str:
    """What another command needs to find the same files."""
    said = {"--manifest": asked.manifest, "--plan": asked.plan, "--previous": asked.previous}
    said = {name: path for name, path in said.items() if path not in {None, DEFAULT}}
    return "".join(f" {name} {shlex.quote(str(path))}" for name, path in said.items())
