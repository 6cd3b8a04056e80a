"""Run one job: every build of it in order, each given what those before it have made."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matrix.builds.attempt import build_one
from matrix.builds.offering import offered
from matrix.builds.run import Run
from matrix.builds.sequence import in_order
from matrix.builds.stock import Stock
from matrix.builds.workshop import Workshop
from matrix.manifest.model import Manifest
from matrix.plan.model import Build, Job, Plan


def build(
    job: Job,
    *,
    plan: Plan,
    manifest: Manifest,
    sdist: Callable[[Build], Path],
    stock: Callable[[Build], Stock],
    out: Path,
    workshop: Workshop,
    carried: Sequence[Path] = (),
) -> tuple[Path, ...]:
    """
    Run every build of ``job`` in order, and return the wheels in ``out``.

    ``sdist`` finds what to build and ``stock`` what it installs, digests checked; ``carried`` are
    wheels from elsewhere, for builds that need them. Raises what ``build_one`` does; what succeeded
    is in ``out`` then, too.
    """

    def make(one: Build, made: Sequence[Path]) -> tuple[Path, ...]:
        given = offered(one, made=made, carried=carried, plan=plan, place=job.id)
        run = Run(build=one, job=job, plan=plan, manifest=manifest, offered=given, stock=stock(one))
        return build_one(run, sdist=sdist(one), out=out, workshop=workshop)

    return in_order(job, make)
