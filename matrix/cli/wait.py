"""``wait``: for the run of the default branch that builds what a release is made from."""

import argparse
import contextlib
import dataclasses
import time
from pathlib import Path
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.edge import files
from matrix.errors import NotVerified, Problem, UsageError
from matrix.pipelines.run_facts import RunFacts
from matrix.store import kinds
from matrix.store.branch_run import BranchRun, Release, is_on_branch, wait_for_run
from matrix.store.github_api import GitHubApi

DESCRIPTION: Final = (
    "In a release on GitHub: refuse a commit that is not on the default branch, and wait until "
    "the branch's own run of the commit has ended, so that the release takes the wheels that the "
    "branch tested. Without a successful run, `untested` of the manifest decides."
)
EXAMPLES: Final = ("wheelyard wait", "wheelyard wait --minutes 30")
MINUTES: Final = 60
_LONGEST: Final = 24 * 60


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    minutes: int = MINUTES
    outputs: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--minutes",
        type=int,
        default=MINUTES,
        metavar="N",
        help="the longest that is waited; default: %(default)s",
    )
    parser.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE",
        help="append why the commit is untested as an output of the job",
    )


def run(session: Session, arguments: Arguments) -> None:
    """Wait; say which run was found, or why there is none."""
    facts = _require_release(session, arguments)
    release = Release(
        commit=facts.commit,
        branch=session.manifest.github.branch,
        workflow=kinds.find_workflow(session.environment),
        run=facts.run,
    )
    api = GitHubApi.open(
        session.environment,
        ca_bundle=session.certificates,
        log=session.reporter.detail,
    )
    with contextlib.closing(api):
        if not is_on_branch(api, release):
            what = f"the commit {release.commit[:12]} is not on the branch {release.branch!r}"
            hint = "merge it, and move the tag to the merged commit"
            raise NotVerified(Problem(place=facts.tag, what=what, hint=hint))
        branch_run = wait_for_run(
            api,
            release,
            seconds=arguments.minutes * 60,
            now=time.monotonic,
            sleep=time.sleep,
            say=session.reporter.say,
        )
    _report(session, arguments, facts, branch_run)


def _require_release(session: Session, arguments: Arguments) -> RunFacts:
    facts, environment = session.run_facts, session.environment
    if facts is None or facts.provider != "github" or not facts.tag:
        what = "expected a run of GitHub at the tag of a release"
        raise UsageError(Problem(place="wait", what=what))
    if not 0 <= arguments.minutes <= _LONGEST:
        what = f"--minutes: expected 0 to {_LONGEST}, got {arguments.minutes}"
        raise UsageError(Problem(place="wait", what=what))
    if missing := [name for name in kinds.GITHUB_VARIABLES if not environment.get(name)]:
        what = f"not set: {', '.join(missing)}"
        raise UsageError(Problem(place="wait", what=what))
    return facts


def _report(session: Session, arguments: Arguments, facts: RunFacts, branch_run: BranchRun) -> None:
    """Show the run; raise where the manifest refuses a release without a run."""
    if branch_run.reason and session.manifest.untested == "refuse":
        hint = "start the workflow on the default branch, then run this job again"
        raise NotVerified(Problem(place=facts.tag, what=branch_run.reason, hint=hint))
    if arguments.outputs is not None:
        files.append(arguments.outputs, f"untested={branch_run.reason}\n")
    if branch_run.reason:
        what = f"{branch_run.reason}; this release builds what is missing (untested: build)"
        session.warn(Problem(place=facts.tag, what=what))
    if arguments.common.json:
        session.show(format_json({"run": branch_run.id, "untested": branch_run.reason}))
    elif not branch_run.reason:
        session.show(f"run {branch_run.id} of the default branch built this commit")
