"""``plan``: what exists, what must be built, and what cannot be."""

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix.cli import stale_lock
from matrix.cli.arguments import Common, add_expect, add_previous
from matrix.cli.relock import relock
from matrix.cli.session import Session, read_text
from matrix.edge import files
from matrix.errors import Problem, UsageError
from matrix.pipelines.providers import PROVIDERS
from matrix.plan import planfile
from matrix.plan.model import Plan
from matrix.report import locks, plans
from matrix.resolve import freshness, lockfile
from matrix.resolve.lock import Lock

if TYPE_CHECKING:
    from matrix.cli.store_access import Stored

DESCRIPTION: Final = (
    "Show every cell (project, version, target) and every job of the plan. With --out and "
    "--provider it is written for the jobs of a pipeline."
)
EXAMPLES: Final = (
    "wheelyard plan",
    "wheelyard plan --previous release/acme-python-2026.9.21 --out plan",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    previous: Path | None = None
    out: Path | None = None
    relock: bool = False
    expect: str | None = None
    provider: str | None = None
    outputs: Path | None = None
    child: Path | None = None
    no_store: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_previous(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write plan.json and packages.lock there"
    )
    parser.add_argument(
        "--relock", action="store_true", help="renew a stale lock first, without writing it"
    )
    add_expect(parser)
    parser.add_argument(
        "--provider", choices=sorted(PROVIDERS), help="the CI service of --outputs and --child"
    )
    parser.add_argument(
        "--outputs", type=Path, metavar="FILE", help="append the outputs of the planning job"
    )
    parser.add_argument(
        "--no-store",
        action="store_true",
        help="plan without the wheels of earlier runs; with --provider the store is asked",
    )
    parser.add_argument("--child", type=Path, metavar="FILE", help="write the child pipeline")


def run(session: Session, arguments: Arguments) -> None:
    """Make the plan; show it, and write it for the jobs of a pipeline."""
    if _has_expected_plan(session, arguments):
        return
    if arguments.expect is None:
        # A plan that is expected was judged when it was made; midnight must not change it.
        session.check_manifest()
    old = session.present_lock()
    lock = _renew_lock(session, old, is_renewed=arguments.relock)
    plan, stored = _make_plan(session, lock, arguments)
    text = planfile.dump(plan)
    session.require_digest(text, arguments.expect)
    if arguments.out is not None:
        session.write(arguments.out / planfile.FILENAME, text)
        session.write(arguments.out / lockfile.FILENAME, lockfile.dump(lock))
        if lock is not old:
            stale_lock.write_patch(session, lock, arguments.out)
        if stored is not None:
            stored.copy_prerequisites(plan, arguments.out)
    is_stale = lock is not old and stale_lock.is_refused(session)
    _write_outputs(session, plan, arguments, is_stale=is_stale)
    session.show(text if arguments.common.json else plans.overview(plan))
    session.refuse_impossible(lock)


def _has_expected_plan(session: Session, arguments: Arguments) -> bool:
    """
    Whether an earlier job's plan lies where this one would be written, and is the expected one.

    Made again it could differ: the store has more wheels by then.
    """
    if arguments.expect is None or arguments.out is None:
        return False
    path = arguments.out / planfile.FILENAME
    if not path.is_file():
        return False
    text = read_text(path)
    session.require_digest(text, arguments.expect)
    session.reporter.say(f"{path} is the expected plan")
    plan = planfile.parse(text, source=path.name)
    session.show(text if arguments.common.json else plans.overview(plan))
    return True


def _make_plan(session: Session, lock: Lock, arguments: Arguments) -> "tuple[Plan, Stored | None]":
    """Return a plan that knows the wheels of the store, where a CI service is named."""
    is_asked = arguments.provider is not None or bool(session.manifest.store.directory)
    if arguments.no_store or not is_asked:
        return session.plan_of(lock, previous=arguments.previous), None
    from matrix.cli import store_access  # noqa: PLC0415 - half of what a plan alone imports

    missing = session.draft_plan(lock, previous=arguments.previous)
    stored = store_access.look_up(session, missing, arguments.provider or "")
    plan = session.plan_of(
        lock, previous=arguments.previous, inventory=stored.inventory, past=stored.past
    )
    return plan, stored


def _renew_lock(session: Session, old: Lock | None, *, is_renewed: bool) -> Lock:
    """Return the lock, renewed where that is allowed and it is stale."""
    if not is_renewed and stale_lock.is_refused(session):
        return freshness.require_fresh(session.manifest, old, source=session.lock_path.name)
    if old is not None and not freshness.find_staleness(session.manifest, old):
        return old
    new = relock(session, old)
    changes = locks.list_changes(old, new)
    what = f"it would become:\n{changes}" if changes else "no version would change"
    session.reporter.say_lines(f"the lock is stale; {what}")
    return new


def _write_outputs(session: Session, plan: Plan, arguments: Arguments, *, is_stale: bool) -> None:
    if arguments.outputs is None and arguments.child is None:
        return
    if arguments.provider is None:
        what = "`--outputs` and `--child` need a CI service"
        hint = f"add --provider {' or '.join(sorted(PROVIDERS))}"
        raise UsageError(Problem(place="plan", what=what, hint=hint))
    provider = PROVIDERS[arguments.provider]
    if arguments.outputs is not None:
        outputs = provider.render_outputs(session.manifest, plan, session.run_facts)
        outputs["stale"] = "true" if is_stale else "false"
        lines = (f"{name}={value}\n" for name, value in sorted(outputs.items()))
        files.append(arguments.outputs, "".join(lines))
    if arguments.child is not None:
        child = provider.render_child(session.manifest, plan)
        if not child:
            what = f"{provider.name} has no child pipeline for the runners of the manifest"
            raise UsageError(Problem(place="plan", what=what))
        session.write(arguments.child, child)
