"""``release``: the whole flow on one machine."""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from matrix.builds.workspace import Availability
from matrix.bundle import arrivals, collecting
from matrix.bundle.collecting import Pair
from matrix.cli import building, bundling
from matrix.cli.locking import refuse_unsolved, relock
from matrix.cli.session import Session, result
from matrix.pipelines import drift, providers
from matrix.plan.model import Job, Plan
from matrix.report import bundles, plans
from matrix.resolve import freshness, lockfile
from matrix.resolve.lock import Lock
from matrix.verify.verify import verify

T = TypeVar("T")


class _Steps:
    """The steps of a release, and how long each took."""

    def __init__(self, session: Session) -> None:
        self._reporter = session.reporter
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, step: Callable[[], T]) -> T:
        self._reporter.say(f"== {name}")
        start = time.monotonic()
        done = step()
        self.seconds[name] = round(time.monotonic() - start, 1)
        return done


def release(session: Session, asked: argparse.Namespace) -> None:
    """Lock, plan, generate, fetch, build what this machine can, seal and verify."""
    steps = _Steps(session)
    lock = steps("lock", lambda: _lock(session))
    made = steps("plan", lambda: _plan(session, lock, asked))
    steps("generate", lambda: _generate(session))
    here, elsewhere = steps("runners", lambda: building.split(session, made))
    building.say_elsewhere(session, elsewhere)
    wheels = steps(
        "build", lambda: building.build_missing(session, made, here, previous=asked.previous)
    )
    built = arrivals.read_wheels(wheels)
    collected = collecting.collect(made, built, allowed=_left_out(elsewhere))
    directory = steps("bundle", lambda: bundling.seal(session, made, collected, asked))
    report = steps("verify", lambda: verify(directory))
    states = {str(s): n for s, n in sorted(Counter(c.state for c in made.cells).items())}
    if asked.json:
        whole = {**bundles.facts(report), "cells": states, "seconds": steps.seconds}
        result(json.dumps({**whole, "bundle": str(directory)}, indent=1))
        return
    cells = ", ".join(f"{count} {state}" for state, count in states.items())
    times = ", ".join(f"{name} {seconds} s" for name, seconds in steps.seconds.items())
    result(f"{bundles.text(report)}\ncells: {cells}\ntimes: {times}\n{directory}")


def _lock(session: Session) -> Lock:
    old = session.present_lock()
    if old is not None and not freshness.staleness(session.manifest, old):
        refuse_unsolved(session, old)
        return old
    new = relock(session, old)
    session.write(session.lock_path, lockfile.dump(new))
    refuse_unsolved(session, new)
    return new


def _plan(session: Session, lock: Lock, asked: argparse.Namespace) -> Plan:
    made = session.plan_of(lock, previous=asked.previous)
    session.reporter.say(plans.overview(made))
    return made


def _generate(session: Session) -> None:
    applied = drift.apply(session.root, providers.committed(session.manifest))
    for path in (*applied.written, *applied.removed):
        session.reporter.say(f"wrote or removed {path}")


def _left_out(elsewhere: dict[Job, Availability]) -> dict[Pair, str]:
    return {
        (build.project, target): f"not built on this machine: {answer.reason}"
        for job, answer in elsewhere.items()
        for build in job.builds
        for target in build.targets
    }
