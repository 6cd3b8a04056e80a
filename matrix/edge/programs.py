"""
Other programs: always a list, shown before it runs, with the output that explains a failure.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TIMED_OUT: Final = 124  # what timeout(1) returns
_SECONDS_TO_END: Final = 1.5


@dataclasses.dataclass(frozen=True)
class Finished:
    """A program that ran to its end: its exit status and what it printed, both streams together."""

    command: tuple[str, ...]
    status: int
    output: str
    seconds: float = 0.0
    """Wall time, from a monotonic clock."""

    @property
    def succeeded(self) -> bool:
        return self.status == 0


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path | None = None,
    timeout: float,
    say: Callable[[str], None] | None = None,
) -> Finished:
    """
    Run ``command`` with exactly ``environment``, for at most ``timeout`` seconds; each line goes to
    ``say`` as it comes.

    Raises ``FileNotFoundError`` when the program is not there: the caller knows what it is for.
    """
    if say is not None:
        say("$ " + shlex.join(command))
    process = subprocess.Popen(  # noqa: S603 - a list, never a shell string
        list(command),
        env=dict(environment),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _stop(process)

    timer = threading.Timer(timeout, expire)
    started = time.monotonic()
    timer.start()
    try:
        output = _listen(process, say)
        status = process.wait()
    except BaseException:
        _end(process)  # an interrupt must not leave a compiler running
        raise
    finally:
        timer.cancel()
        if process.stdout is not None:
            process.stdout.close()
    if expired.is_set():
        status, output = TIMED_OUT, f"{output}\nstopped after {timeout:.0f} seconds\n"
    return Finished(
        command=tuple(command),
        status=status,
        output=output,
        seconds=time.monotonic() - started,
    )


def _stop(process: subprocess.Popen[str]) -> None:
    """End a program and, where the system has process groups, its children."""
    if sys.platform == "win32":
        process.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


def _end(process: subprocess.Popen[str]) -> None:
    """End a program at once: the service that cancels a job waits for seconds only."""
    _stop(process)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


def _listen(process: subprocess.Popen[str], say: Callable[[str], None] | None) -> str:
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if say is not None:
            say(line.rstrip("\n"))
    return "".join(lines)
