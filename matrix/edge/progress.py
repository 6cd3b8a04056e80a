"""
Progress for people: a bar on a terminal, plain lines in CI, nothing when asked to be quiet.

Results never pass through here: they go to stdout, so that every command can be piped.
"""

import dataclasses
import enum
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")


class Loudness(enum.IntEnum):
    """How much is said on stderr."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """
    Where long work says how far it is: a console, or else stderr.

    ``rich`` is imported when there is something to say, because half of the commands say nothing.
    """

    loudness: Loudness
    console: "Console | None" = None
    _opened: list["Console"] = dataclasses.field(
        default_factory=list, init=False, repr=False, compare=False
    )

    @classmethod
    def on_stderr(cls, loudness: Loudness) -> "Reporter":
        return cls(loudness=loudness)

    def _open(self) -> "Console":
        if not self._opened:
            from rich.console import Console  # noqa: PLC0415 - see the class

            # rich reads NO_COLOR and FORCE_COLOR by itself.
            ours = self.console or Console(file=sys.stderr, highlight=False)
            self._opened.append(ours)
        return self._opened[0]

    def say(self, text: str) -> None:
        """One line about a step."""
        if self.loudness >= Loudness.NORMAL:
            self._open().print(text, markup=False, soft_wrap=True)

    def detail(self, text: str) -> None:
        """One line that only ``-v`` shows."""
        if self.loudness >= Loudness.VERBOSE:
            self._open().print(text, markup=False, soft_wrap=True, style="dim")

    def each(self, things: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        """Yield ``things``, showing how many of ``total`` have gone by."""
        if self.loudness < Loudness.NORMAL:
            yield from things
        elif self._open().is_terminal:
            yield from self._bar(things, total=total, what=what)
        else:
            yield from self._lines(things, total=total, what=what)

    def _bar(self, things: Iterable[T], *, total: int, what: str) -> Iterator[T]:
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

    def _lines(self, things: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        # A quarter at a time: GitLab ends a job that prints nothing for an hour, and a line a file
        # would hide the rest.
        step = max(1, -(-total // 4))
        for done, thing in enumerate(things, start=1):
            yield thing
            if done % step == 0 or done == total:
                self.say(f"{what}: {done}/{total}")
