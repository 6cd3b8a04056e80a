"""
The search for one target: driven by conflicts, as PubGrub describes it.

A conflict is traced back to the decisions that made it, remembered, and never met again. So graphs
in which every newest release disagrees with another one end after some hundred steps, and where
there is no solution, the conflicts that show it are the reasons to tell. What is decided first, and
which version is tried first, follows from the requirements alone: never from a clock, a hash or the
network.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from packaging.utils import NormalizedName

from matrix.resolve.conflicts import Conflicts, Reconsider
from matrix.resolve.deduction import ANYTHING, ROOT, Conflict, Key, facts, join
from matrix.resolve.outcome import Solved, Undecided, Unsolvable
from matrix.resolve.precedence import Preferences, precedence
from matrix.resolve.provider import Need, Provider
from matrix.resolve.shelf import places
from matrix.resolve.trail import Trail

LIMIT: Final = 4_000_000
"""How many conflicts are looked at before a search is given up: some seconds."""
_HOT: Final = 8
"""How often a project stands in the way before it is decided ahead of its turn."""


class Solver:
    """One search after the other among the same roots; each knows what those before it learned."""

    def __init__(
        self,
        provider: Provider,
        roots: Mapping[str, Sequence[Need]],
        *,
        preferences: Preferences = (),
        limit: int = LIMIT,
    ) -> None:
        self._provider = provider
        self._conflicts = Conflicts(provider, roots)
        self._preferences = preferences
        self._limit = limit
        self._trail = Trail()
        every = [need for needs in roots.values() for need in needs]
        self._precedence = precedence(provider, every, preferences)
        self._queue: list[tuple[int, Key]] = []
        """What is open, by precedence; some of it not any more."""
        self._heat: dict[Key, int] = {}
        self._hot: dict[Key, None] = {}
        self._postponed: dict[Key, None] = {}
        self._swapped: set[tuple[Key, Key]] = set()

    def solve(self, roots: Iterable[str]) -> Solved | Unsolvable | Undecided:
        """The newest that can be had of all of ``roots`` together."""
        together = tuple(roots)
        while True:
            try:
                return self._solve(together)
            except Reconsider:
                self._conflicts.forget()

    def _solve(self, roots: Sequence[str]) -> Solved | Unsolvable | Undecided:
        self._trail, self._queue, self._looked_at = Trail(), [], 0
        changed: Iterable[Key] = [(ROOT, name) for name in roots]
        for key in changed:
            self._trail.add(key, 1, None)
        for name in roots:
            for demand in self._conflicts.of_root(name):
                self._look(demand)
        while True:
            while (conflict := self._propagate(changed)) is not None:
                if self._looked_at > self._limit:
                    return self._give_up()
                if (learned := self._resolve(conflict)) is None:
                    return self._unsolvable(conflict)
                changed = self._conclude(learned)
            if (following := self._next()) is None:
                return self._collect_offers()
            changed = self._choose(following)

    # What follows from what is known.

    def _propagate(self, changed: Iterable[Key]) -> Conflict | None:
        """Conclude all that follows, or the first conflict of which every term holds."""
        queue = dict.fromkeys(changed)
        known = self._trail.known
        while queue:
            key = next(iter(queue))
            del queue[key]
            self._looked_at += len(self._conflicts.about.get(key, ()))
            for conflict in reversed(self._conflicts.about.get(key, ())):
                missing: Key | None = None
                for other, term in conflict.versions_by_key.items():
                    state = known.get(other, ANYTHING)
                    if not state & ~term:
                        continue
                    if missing is not None or not state & term:
                        break
                    missing = other
                else:
                    if missing is None:
                        return conflict
                    self._trail.add(missing, ~conflict.versions_by_key[missing], conflict)
                    queue[missing] = None
        return None

    def _conclude(self, learned: Conflict) -> list[Key]:
        """Where the search has gone back to, all terms hold but one, which therefore does not."""
        for key, term in learned.versions_by_key.items():
            if not self._trail.holds(key, term):
                self._trail.add(key, ~term, learned)
                return [key]
        raise AssertionError  # then it would have gone back further

    # What a conflict teaches.

    def _resolve(self, conflict: Conflict) -> Conflict | None:
        """
        What ``conflict`` comes down to when one decision is taken back, after taking it back; None
        when no decision matters.
        """
        trail = self._trail
        while True:
            place, key, level = self._latest(conflict)
            step = trail.steps[place]
            if step.level == 0:
                return None
            if step.cause is not None:
                rest = ~step.cause.versions_by_key[key] & ~conflict.versions_by_key[key]
                if rest:
                    level = max(level, trail.steps[trail.satisfier(key, ~rest)].level)
                if level == step.level:
                    conflict = join(conflict, step.cause, key, rest)
                    continue
            self._warm(conflict)
            trail.back_to(level)
            if conflict.parts:
                self._conflicts.remember(conflict)
            return conflict

    def _warm(self, conflict: Conflict) -> None:
        for key in conflict.versions_by_key:
            self._heat[key] = self._heat.get(key, 0) + 1
            if self._heat[key] >= _HOT:
                self._hot[key] = None

    def _latest(self, conflict: Conflict) -> tuple[int, Key, int]:
        """The step that made the last term hold, whose it is, and the level of the one before."""
        steps = sorted(
            (self._trail.satisfier(k, t), k) for k, t in conflict.versions_by_key.items()
        )
        place, key = steps[-1]
        return place, key, self._trail.steps[steps[-2][0]].level if len(steps) > 1 else 0

    def _unsolvable(self, conflict: Conflict) -> Unsolvable:
        while True:
            place, key, _ = self._latest(conflict)
            cause = self._trail.steps[place].cause
            if cause is None:
                break  # roots are assumed before anything else: what is left is about them alone
            rest = ~cause.versions_by_key[key] & ~conflict.versions_by_key[key]
            conflict = join(conflict, cause, key, rest)
        if conflict.parts:
            self._conflicts.remember(conflict)
        known = facts(conflict)
        lacking: dict[Key, int] = {}
        for fact in known:
            if fact.demand is None:
                lacking |= fact.versions_by_key
        return Unsolvable(
            roots=tuple(sorted(name for _, name in conflict.versions_by_key)),
            demands=tuple(
                (d, fact.versions_by_key[d.parent]) for fact in known if (d := fact.demand)
            ),
            lacking_by_key=lacking,
        )

    def _give_up(self) -> Undecided:
        hottest = sorted(self._heat, key=lambda key: (-self._heat[key], key))
        projects = dict.fromkeys(project for project, _ in hottest if project != ROOT)
        return Undecided(projects=tuple(projects)[:5])

    # What to decide next, and how.

    def _next(self) -> Key | None:
        trail = self._trail
        for key in trail.single:
            return key
        if hot := [key for key in self._hot if key in trail.open]:
            return max(hot, key=lambda key: self._heat[key])
        if trail.reopened:
            self._queue, trail.reopened = [], False
        while trail.opened:
            key = trail.opened.pop()
            heapq.heappush(self._queue, (self._precedence.get(key[0], -1), key))
        while self._queue:
            _, key = self._queue[0]
            if key in trail.open and key not in self._postponed:
                return key
            heapq.heappop(self._queue)
        return next((key for key in self._postponed if key in trail.open), None)

    def _look(self, conflict: Conflict) -> None:
        """Find out at once what a root cannot have: it may fail by itself."""
        if (demand := conflict.demand) is None:
            return
        lacking = 0
        for place in places(demand.admitted):
            if self._is_available(demand.child[0], place):
                break
            lacking |= 1 << place
        if lacking:
            self._conflicts.lack(demand.child, lacking)

    def _is_available(self, project: NormalizedName, place: int) -> bool:
        if self._conflicts.is_passed_over(project, place):
            return False
        return self._provider.is_usable(project, place)

    def _choose(self, key: Key) -> list[Key]:
        """Decide for a version of ``key``, or learn why there is none; says what to look at."""
        project, extra = key
        possible = self._trail.known[key]
        if extra:
            possible = possible & self._trail.known.get((project, ""), ANYTHING) or possible
        lacking = 0
        for place in self._in_order(key, possible):
            if self._is_available(project, place):
                if lacking:
                    self._conflicts.lack(key, lacking)
                return self._take(key, place)
            lacking |= 1 << place
        self._conflicts.lack(key, lacking)
        return [key]

    def _in_order(self, key: Key, possible: int) -> Iterator[int]:
        """Preferred versions, then the newest; what another requirement asks for comes last."""
        project, _ = key
        shelf = self._provider.shelf(project)
        for preference in self._preferences:
            if versions := preference.get(project):
                preferred = shelf.set_of(versions) & possible
                yield from places(preferred)
                possible &= ~preferred
        last = self._conflicts.find_pins(project)
        if possible & shelf.pre_releases and not self._asks_for_pre_releases(project):
            last |= shelf.pre_releases
        yield from places(possible & ~last)
        yield from places(possible & last)

    def _asks_for_pre_releases(self, project: NormalizedName) -> bool:
        """Whether a chosen release asks for a pre-release."""
        return any(
            (demand := conflict.demand) is not None
            and demand.child == (project, "")
            and demand.names_pre_releases
            and self._trail.holds(demand.parent, conflict.versions_by_key[demand.parent])
            for conflict in self._conflicts.about.get((project, ""), ())
        )

    def _take(self, key: Key, place: int) -> list[Key]:
        conflicts = self._conflicts.of_release(key, place)
        touched = [key, *(other for conflict in conflicts for other in conflict.versions_by_key)]
        if self._postpone(key, conflicts):
            return touched
        # With a term of each that does not hold yet: else the conflict itself excludes the version.
        if all(
            any(
                o != key and not self._trail.holds(o, t)
                for o, t in conflict.versions_by_key.items()
            )
            for conflict in conflicts
        ):
            self._trail.decide(key, place)
        return touched

    def _postpone(self, key: Key, conflicts: Iterable[Conflict]) -> bool:
        """
        Take back a decision for what ``key`` restricts, where another version would have done.

        As pip does: the requiring project is newer, and what it requires gives way. So that is
        decided once more, after ``key``.
        """
        for demand in (conflict.demand for conflict in conflicts):
            if demand is None or (decision := self._trail.decided.get(demand.child)) is None:
                continue
            step = self._trail.steps[decision]
            is_narrowed = not step.after & demand.admitted and step.before & demand.admitted
            if is_narrowed and (key, demand.child) not in self._swapped:
                self._swapped.add((key, demand.child))
                self._postponed.pop(demand.child, None)
                self._postponed[demand.child] = None
                self._trail.back_to(step.level - 1)
                return True
        return False

    def _collect_offers(self) -> Solved:
        trail = self._trail
        offers = {}
        for project, extra in trail.decided:
            if not extra:
                (place,) = places(trail.known[project, extra])
                if (offer := self._provider.offer(project, place)) is not None:
                    offers[project] = offer
        return Solved(offer_by_project=offers)
