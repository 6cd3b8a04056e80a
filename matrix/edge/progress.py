"""
Progress for people: a bar on a terminal, plain lines in CI, nothing with ``-q``.

Results never pass through here: they go to stdout, so that every command can be piped.
"""

import dataclasses
import enum
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from matrix.edge import streams
from matrix.errors import Service, printable, printable_lines

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")


class Loudness(enum.IntEnum):
    """How much is printed on stderr."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """
    Where long work says how far it is: a console, or else stderr.

    ``rich`` is imported at the first line, because half of the commands print none. What cannot be
    printed is dropped: a reader that has gone away is no reason to lose the work.
    """

    loudness: Loudness
    console: "Console | None" = None
    service: Service = ""
    _opened: list["Console"] = dataclasses.field(
        default_factory=list, init=False, repr=False, compare=False
    )

    @classmethod
    def on_stderr(cls, loudness: Loudness, service: Service = "") -> "Reporter":
        return cls(loudness=loudness, service=service)

    def say(self, text: str) -> None:
        """Print one line about a step."""
        if self.loudness >= Loudness.NORMAL:
            self._print(printable(text, service=self.service))

    def say_lines(self, text: str) -> None:
        """Print a text of several lines; what they quote must be ``printable``."""
        if self.loudness >= Loudness.NORMAL:
            self._print(printable_lines(text.rstrip("\n"), service=self.service))

    def detail(self, text: str) -> None:
        """Print one line that only ``-v`` shows."""
        if self.loudness >= Loudness.VERBOSE:
            self._print(printable(text, service=self.service), style="dim")

    def _print(self, text: str, *, style: str = "") -> None:
        if self.console is None and sys.stderr is None:
            return
        try:
            self._open().print(text, markup=False, soft_wrap=True, style=style or None)
        except OSError:
            self._open().quiet = True
            streams.discard(sys.stderr)

    def _open(self) -> "Console":
        if not self._opened:
            from rich.console import Console  # noqa: PLC0415 - see the class

            class Patient(Console):
                def on_broken_pipe(self) -> None:
                    # rich would end the program.
                    self.quiet = True
                    streams.discard(sys.stderr)

            # rich reads NO_COLOR and FORCE_COLOR by itself.
            self._opened.append(self.console or Patient(file=sys.stderr, highlight=False))
        return self._opened[0]

    def each(self, things: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        """Yield ``things``, showing how many of ``total`` have gone by."""
        is_silent = self.loudness < Loudness.NORMAL
        if is_silent or (self.console is None and sys.stderr is None):
            yield from things
        elif self._open().is_terminal:
            yield from self._show_bar(things, total=total, what=what)
        else:
            yield from self._show_lines(things, total=total, what=what)

    def _show_bar(self, things: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        from rich.progress import (  # noqa: PLC0415 - see the class
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._open(), transient=True) as progress:
            task = progress.add_task(what, total=total)
            for thing in things:
                yield thing
                progress.advance(task)
        self.say(f"{what}: {total}")

    def _show_lines(self, things: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        # A quarter at a time: GitLab ends a job that prints nothing for an hour, and a line a file
        # would hide the rest.
        step = max(1, -(-total // 4))
        for done, thing in enumerate(things, start=1):
            yield thing
            if done % step == 0 or done == total:
                self.say(f"{what}: {done}/{total}")
