"""``release``: the whole flow on one machine."""

import argparse
import dataclasses
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from matrix.builds.workspace import Availability
from matrix.bundle import arrivals, collecting
from matrix.bundle.collecting import Collected, Pair
from matrix.cli import building, bundle
from matrix.cli.arguments import (
    Common,
    Identity,
    Packing,
    add_identity,
    add_packing,
    add_previous,
    add_toolchain,
)
from matrix.cli.identity import make_identity
from matrix.cli.relock import relock
from matrix.cli.repository import find_top
from matrix.cli.session import Session, format_json
from matrix.farside import summaries
from matrix.pipelines import drift, providers
from matrix.plan.model import Job, Plan
from matrix.report import plans
from matrix.resolve import freshness, lockfile
from matrix.resolve.lock import Lock
from matrix.verify.verify import verify

T = TypeVar("T")

DESCRIPTION: Final = (
    "Lock, plan, generate, fetch, build, seal and verify on this machine. What it cannot "
    "build is named, and recorded as missing."
)
EXAMPLES: Final = (
    "wheelyard release",
    "wheelyard release --previous release/acme-python-2026.9.21",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    identity: Identity
    packing: Packing
    out: Path = bundle.OUT
    toolchain: Path | None = None
    previous: Path | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        type=Path,
        default=bundle.OUT,
        metavar="DIR",
        help="where the bundle is written; default: %(default)s",
    )
    add_packing(parser)
    add_identity(parser)
    add_toolchain(parser)
    add_previous(parser)


class _Steps:
    """The steps of a release, and how long each took."""

    def __init__(self, session: Session) -> None:
        self._reporter = session.reporter
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, step: Callable[[], T]) -> T:
        self._reporter.say(f"== {name}")
        start = time.monotonic()
        value = step()
        self.seconds[name] = round(time.monotonic() - start, 1)
        return value


def run(session: Session, arguments: Arguments) -> None:
    """Lock, plan, generate, fetch, build what this machine can, seal and verify."""
    session.use_toolchain(arguments.toolchain)
    steps = _Steps(session)
    lock = steps("lock", lambda: _renew_lock(session))
    plan = steps("plan", lambda: _make_plan(session, lock, arguments.previous))
    steps("generate", lambda: _generate(session))
    here, elsewhere = steps("runners", lambda: building.partition_jobs(session, plan))
    building.report_unavailable(session, elsewhere)
    wheels = steps(
        "build", lambda: building.build_missing(session, plan, here, previous=arguments.previous)
    )
    built = arrivals.read_wheels(wheels)
    collected = collecting.collect(plan, built, reason_by_pair=_allow_missing(elsewhere))
    directory = steps("bundle", lambda: _seal(session, plan, collected, arguments))
    report = steps("verify", lambda: verify(directory))
    bundle.pack(session, directory, arguments.packing)
    counts = sorted(Counter(cell.state for cell in plan.cells).items())
    count_by_state = {str(state): count for state, count in counts}
    if arguments.common.json:
        facts = {
            **summaries.describe_bundle(report),
            "cells": count_by_state,
            "seconds": steps.seconds,
        }
        session.show(format_json({**facts, "bundle": str(directory)}))
        return
    cells = ", ".join(f"{count} {state}" for state, count in count_by_state.items())
    times = ", ".join(f"{name} {seconds} s" for name, seconds in steps.seconds.items())
    session.show(
        f"{summaries.summarize_bundle(report)}\ncells: {cells}\ntimes: {times}\n{directory}"
    )


def _renew_lock(session: Session) -> Lock:
    old = session.present_lock()
    if old is not None and not freshness.find_staleness(session.manifest, old):
        session.refuse_impossible(old)
        return old
    new = relock(session, old)
    session.write(session.lock_path, lockfile.dump(new))
    session.refuse_impossible(new)
    return new


def _make_plan(session: Session, lock: Lock, previous: Path | None) -> Plan:
    plan = session.plan_of(lock, previous=previous)
    session.reporter.say_lines(plans.overview(plan))
    return plan


def _seal(session: Session, plan: Plan, collected: Collected, arguments: Arguments) -> Path:
    identity = make_identity(
        session, plan, arguments.identity, out=arguments.out, previous=arguments.previous
    )
    return bundle.seal(
        session, plan, collected, identity, out=arguments.out, previous=arguments.previous
    )


def _generate(session: Session) -> None:
    if session.manifest.tool is None:
        session.reporter.say("no pipelines written: packages.yaml has no key `tool`")
        return
    applied = drift.apply(find_top(session), providers.render_committed(session.manifest))
    for path in applied.written:
        session.reporter.say(f"wrote {path}")
    for path in applied.removed:
        session.reporter.say(f"removed {path}")


def _allow_missing(elsewhere: dict[Job, Availability]) -> dict[Pair, str]:
    return {
        (build.project, target): f"not built on this machine: {availability.reason}"
        for job, availability in elsewhere.items()
        for build in job.builds
        for target in build.targets
    }
