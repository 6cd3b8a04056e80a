"""One reader, fed with damaged input until its time is over."""

import contextlib
import dataclasses
import hashlib
import random
import signal
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from .mutate import mutate
from .readers import Reader, find_reader

CORPUS: Final = Path(__file__).parent / "corpus"
SLOW: Final = 10
"""Seconds after which one small input counts as a hang."""


class Hang(BaseException):
    """An input took longer than ``SLOW``; not an ``Exception``, so that no reader catches it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many inputs a reader saw, and one input of each kind of crash."""

    reader: str
    inputs: int
    input_by_kind: dict[str, bytes]


def fuzz(name: str, seconds: float, seed: int) -> Outcome:
    """Feed the reader of that name for ``seconds``."""
    reader, source = find_reader(name), random.Random(seed)  # noqa: S311 - repeatable, not secret
    seeds = [*reader.seeds(), *(path.read_bytes() for path in find_corpus(name))]
    input_by_kind: dict[str, bytes] = {}
    inputs, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutate(seeds, source)
        inputs += 1
        kind = try_input(reader, data)
        if kind and (kind not in input_by_kind or len(data) < len(input_by_kind[kind])):
            input_by_kind[kind] = data
    return Outcome(reader=name, inputs=inputs, input_by_kind=input_by_kind)


def try_input(reader: Reader, data: bytes) -> str:
    """Read ``data``; the kind of an undocumented error, or nothing."""
    try:
        with _limit():
            reader.read(data)
    except reader.errors:
        return ""
    except (Exception, Hang) as error:  # noqa: BLE001 - any other error is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "/matrix/" in frame.filename]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "outside"
        return f"{type(error).__name__} in {where}"
    return ""


@contextlib.contextmanager
def _limit() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SLOW)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def find_corpus(name: str) -> list[Path]:
    """The inputs that once crashed the reader of that name."""
    return sorted((CORPUS / name).glob("*")) if (CORPUS / name).is_dir() else []


def keep(outcome: Outcome) -> list[Path]:
    """Write the crashing inputs into the corpus."""
    paths = []
    for data in outcome.input_by_kind.values():
        path = CORPUS / outcome.reader / hashlib.sha256(data).hexdigest()[:16]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
    return paths
