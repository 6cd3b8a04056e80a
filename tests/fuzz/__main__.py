"""``python -m tests.fuzz [SECONDS] [--reader NAME] [--seed N]``: fuzz all readers, or one."""

import argparse
import concurrent.futures
import os
import sys
import time

from .readers import READERS
from .run import Outcome, fuzz, keep


def main(arguments: list[str] | None = None) -> int:
    """Share the time among the readers; fail if one crashed."""
    parser = argparse.ArgumentParser(prog="nox -s fuzz --", allow_abbrev=False)
    parser.add_argument("seconds", nargs="?", type=float, default=60.0, help="default: 60")
    parser.add_argument("--reader", action="append", default=[], help="default: all")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="default: the time")
    parsed = parser.parse_args(arguments)
    seconds, seed = float(parsed.seconds), int(parsed.seed)
    names = [*map(str, parsed.reader)] or [reader.name for reader in READERS]
    workers = os.cpu_count() or 1
    share = seconds * min(workers, len(names)) / len(names)
    print(f"{len(names)} readers, {share:.1f} s each, seed {seed}", flush=True)
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(fuzz, name, share, seed) for name in names]
        outcomes = [future.result() for future in futures]
    for outcome in outcomes:
        _report(outcome)
    total = sum(outcome.inputs for outcome in outcomes)
    kinds = sum(len(outcome.input_by_kind) for outcome in outcomes)
    print(f"{total} inputs, {kinds} kinds of undocumented errors")
    return 1 if kinds else 0


def _report(outcome: Outcome) -> None:
    print(f"{outcome.reader:<16} {outcome.inputs:>9} inputs, {len(outcome.input_by_kind)} kinds")
    for kind, path in zip(outcome.input_by_kind, keep(outcome), strict=True):
        print(f"    {kind}: {path.parent.name}/{path.name}")


if __name__ == "__main__":
    sys.exit(main())
