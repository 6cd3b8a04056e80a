"""``python -m tests.fuzz [SECONDS] [READER...]``: fuzz all readers, or those named."""

import concurrent.futures
import os
import sys
import time

from .readers import READERS
from .run import Outcome, fuzz, keep


def main(arguments: list[str]) -> int:
    """Share the time among the readers; fail if one crashed."""
    seconds = float(arguments[0]) if arguments else 60.0
    names = arguments[1:] or [reader.name for reader in READERS]
    workers, seed = os.cpu_count() or 1, int(time.time())
    share = seconds * min(workers, len(names)) / len(names)
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(fuzz, name, share, seed) for name in names]
        outcomes = [future.result() for future in futures]
    for outcome in outcomes:
        _report(outcome)
    sum(outcome.inputs for outcome in outcomes)
    kinds = sum(len(outcome.input_by_kind) for outcome in outcomes)
    return 1 if kinds else 0


def _report(outcome: Outcome) -> None:
    for _kind, _path in zip(outcome.input_by_kind, keep(outcome), strict=True):
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
