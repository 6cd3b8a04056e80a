"""``plan``, ``explain`` and ``targets``."""

import argparse
import json
from pathlib import Path

from packaging.utils import canonicalize_name

from matrix.cli.locking import refuse_unsolved, relock
from matrix.cli.session import Session, result
from matrix.edge import files
from matrix.errors import Problem, UsageError
from matrix.manifest.decoding import did_you_mean
from matrix.pipelines import agreement, gitlab
from matrix.pipelines.providers import PROVIDERS
from matrix.plan import planning, serial
from matrix.plan.model import Plan
from matrix.report import plans
from matrix.report.targets import rows, text
from matrix.resolve import lockfile


def plan(session: Session, asked: argparse.Namespace) -> None:
    """Make the plan; show it, and hand it on to the jobs of a pipeline."""
    old = session.present_lock()
    lock = relock(session, old) if _is_stale(session, asked) else session.lock()
    made = planning.plan(session.manifest, lock, inventory=session.inventory(asked.previous))
    if asked.expect is not None:
        agreement.require(made, asked.expect)
    if asked.out is not None:
        session.write(asked.out / "plan.json", serial.dump(made))
        session.write(asked.out / lockfile.FILENAME, lockfile.dump(lock))
    _hand_on(session, made, asked)
    result(serial.dump(made) if asked.json else plans.overview(made))
    refuse_unsolved(lock)


def _is_stale(session: Session, asked: argparse.Namespace) -> bool:
    is_allowed = asked.relock or session.manifest.policy.lock == "refresh"
    lock = session.present_lock()
    return is_allowed and (lock is None or bool(lockfile.staleness(session.manifest, lock)))


def _hand_on(session: Session, made: Plan, asked: argparse.Namespace) -> None:
    if asked.github_output is not None:
        outputs = PROVIDERS["github"].run_time(session.manifest, made)
        _append(asked.github_output, "".join(f"{k}={v}\n" for k, v in sorted(outputs.items())))
    if asked.gitlab_child is not None:
        texts = PROVIDERS["gitlab"].run_time(session.manifest, made)
        session.write(asked.gitlab_child, texts[gitlab.CHILD])


def _append(path: Path, text: str) -> None:
    # Not by replacing the file: GitHub made it, and other steps may have written to it.
    try:
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise files.refused(path, error) from error


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
    if asked.json:
        cells = json.loads(serial.dump(made))["cells"]
        wanted = [c for c in cells if c["project"] == project and asked.target in {"", c["target"]}]
        result(json.dumps(wanted, indent=1))
    else:
        result(plans.explanation(made, project, asked.target))


def targets(session: Session, asked: argparse.Namespace) -> None:
    """List the manifest's targets."""
    listed = rows(session.manifest)
    result(json.dumps(listed, indent=1) if asked.json else text(listed))
