"""What a search has assumed, decided and concluded so far, and in which order."""

import dataclasses

from matrix.resolve.deduction import ANYTHING, ROOT, Conflict, Key


@dataclasses.dataclass(slots=True, eq=False)
class Step:
    """
    One entry: what was known of ``key`` before and is known since then, and why.

    It is never changed; but a search takes ten thousands, and frozen ones take three times as long.
    """

    key: Key
    before: int
    after: int
    level: int
    cause: Conflict | None
    """None for what was assumed or decided."""


class Trail:
    """The steps, and what they add up to; each decision opens a level."""

    def __init__(self) -> None:
        self.level = 0
        self.steps: list[Step] = []
        self.known: dict[Key, int] = {}
        self.decided: dict[Key, int] = {}
        """The step of each decision."""
        self.open: dict[Key, None] = {}
        """What is chosen and not decided yet, in the order in which that was found out."""
        self.opened: list[Key] = []
        """What was added to ``open`` since it was last taken from here."""
        self.reopened = False
        """Whether ``opened`` begins again with all of ``open``."""
        self.single: dict[Key, None] = {}
        """Those among ``open`` of which one version is left."""
        self._places: dict[Key, list[int]] = {}

    def add(self, key: Key, term: int, cause: Conflict | None) -> None:
        """Conclude ``term``, or assume it."""
        before = self.known.get(key, ANYTHING)
        after = before & term
        self.known[key] = after
        self._places.setdefault(key, []).append(len(self.steps))
        self.steps.append(Step(key, before, after, self.level, cause))
        if after > 0 and key[0] != ROOT and key not in self.decided:
            if key not in self.open:
                self.open[key] = None
                self.opened.append(key)
            if not after & (after - 1):
                self.single[key] = None

    def decide(self, key: Key, place: int) -> None:
        """Open a level with one version of ``key``."""
        self.level += 1
        self.decided[key] = len(self.steps)
        self.open.pop(key, None)
        self.single.pop(key, None)
        self.add(key, 1 << place, None)

    def satisfier(self, key: Key, term: int) -> int:
        """The place of the first step after which ``term`` holds."""
        return next(i for i in self._places[key] if not self.steps[i].after & ~term)

    def holds(self, key: Key, term: int) -> bool:
        """Whether ``term`` is known to be true."""
        return not self.known.get(key, ANYTHING) & ~term

    def back_to(self, level: int) -> None:
        """Forget every step above ``level``."""
        while self.steps and self.steps[-1].level > level:
            step = self.steps.pop()
            self._places[step.key].pop()
            self.known[step.key] = step.before
            if step.cause is None:
                del self.decided[step.key]
        self.level = level
        chosen = dict.fromkeys(step.key for step in self.steps if step.after > 0)
        self.open = {key: None for key in chosen if key[0] != ROOT and key not in self.decided}
        self.opened, self.reopened = list(self.open), True
        self.single = {k: None for k in self.open if not self.known[k] & (self.known[k] - 1)}
