"""
One target, some roots: together as far as they agree, and the others each by itself.

One version of each project is what a shared environment and a small bundle want. Where roots
conflict, as few as can be found cheaply are taken out and solved alone, as an installation of
only that requirement would, with the versions of the others where these fit.
"""

import collections
import contextlib
import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.distributions.core_metadata import InvalidMetadata
from matrix.resolve import reasons
from matrix.resolve.candidates import Offer
from matrix.resolve.deduction import Key
from matrix.resolve.outcome import Solved, Undecided, Unsolvable
from matrix.resolve.provider import Need, Provider
from matrix.resolve.roots import Root
from matrix.resolve.solver import Solver


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    What a root installs: one offer for each project of its closure, sorted by name, and which
    projects each of them requires. ``apart`` says why it does not install with all others.
    """

    root: Root
    offers: tuple[Offer, ...]
    required_by_project: Mapping[NormalizedName, frozenset[NormalizedName]]
    apart: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """Why a root installs nowhere here, in a sentence."""

    root: Root
    reason: str


Preferred = Mapping[NormalizedName, frozenset[Version]]


class Search:
    """The searches of one target, which share what the target is told."""

    def __init__(self, provider: Provider, preferred: Preferred) -> None:
        """``preferred`` versions are taken where they fit."""
        self.preferred = preferred
        self.provider = provider

    def needs(self, roots: Iterable[Root]) -> tuple[Need, ...]:
        """What the roots need by themselves, as far as it can be told."""
        needs: list[Need] = []
        for root in roots:
            with contextlib.suppress(InvalidMetadata):
                needs += self._needs(root)
        return tuple(needs)

    def all(self, roots: Sequence[Root]) -> tuple[Found | NotFound, ...]:
        """The answer to each root."""
        needs: dict[str, tuple[Need, ...]] = {}
        answers: dict[str, Found | NotFound] = {}
        for root in roots:
            try:
                needs[root.name] = self._needs(root)
            except InvalidMetadata as error:
                answers[root.name] = NotFound(root=root, reason=str(error))
        together = _Together(Solver(self.provider, needs, preferences=[self.preferred]))
        joint = together.solve(list(needs))
        versions = {
            name: frozenset({offer.version}) for name, offer in joint.offer_by_project.items()
        }
        closures = _Closures(self.provider, joint.offer_by_project)
        for root in roots:
            if root.name in answers:
                continue
            if (failure := together.apart.get(root.name)) is None:
                answers[root.name] = closures.of(root, needs[root.name])
            elif len(needs) == 1 or getattr(failure, "roots", ()) == (root.name,):
                reason = self._reason({root.name: needs[root.name]}, failure)
                answers[root.name] = NotFound(root=root, reason=reason)
            else:
                alone = self.alone(root, versions)
                if isinstance(alone, Found):
                    apart = self._apart(root, failure, needs)
                    alone = dataclasses.replace(alone, apart=apart)
                answers[root.name] = alone
        return tuple(answers[root.name] for root in roots)

    def _needs(self, root: Root) -> tuple[Need, ...]:
        clauses = map(self.provider.clause, root.requirements)
        return tuple(clause.need for clause in clauses if self.provider.holds(clause))

    def alone(self, root: Root, versions: Preferred) -> Found | NotFound:
        """The answer to one root, with ``versions`` where they fit."""
        # Another solver: what others ask for (pre-releases, say) is not asked for here.
        preferences = [versions, self.preferred]
        needs = self._needs(root)
        answer = Solver(self.provider, {root.name: needs}, preferences=preferences).solve(
            [root.name]
        )
        if isinstance(answer, Solved):
            return _Closures(self.provider, answer.offer_by_project).of(root, needs)
        return NotFound(root=root, reason=self._reason({root.name: needs}, answer))

    def _apart(
        self,
        root: Root,
        failure: Unsolvable | Undecided,
        needs: Mapping[str, tuple[Need, ...]],
    ) -> str:
        roots = getattr(failure, "roots", ())
        reason = self._reason({name: needs[name] for name in roots}, failure)
        others = [name for name in roots if name != root.name]
        return f"not together with {', '.join(others)}: {reason}" if others else reason

    def _reason(
        self, needs: Mapping[str, tuple[Need, ...]], failure: Unsolvable | Undecided
    ) -> str:
        """
        Why ``needs`` have no solution, as a search without preferences sees it.

        What the lock holds already leads to one of several reasons; it must not be another one when
        the lock is made again.
        """
        again = (
            Solver(self.provider, needs, preferences=[]).solve(list(needs)) if needs else failure
        )
        seen = failure if isinstance(again, Solved) else again
        return reasons.explain_failure(seen, self.provider)


class _Closures:
    """The parts of a joint solution that single roots reach."""

    def __init__(self, provider: Provider, offers: Mapping[NormalizedName, Offer]) -> None:
        self._provider = provider
        self._offers = offers
        self._further = functools.cache(self._read_further)

    def of(self, root: Root, needs: Sequence[Need]) -> Found:
        """What ``root`` installs, which has these ``needs``."""
        requires: dict[NormalizedName, frozenset[NormalizedName]] = {}
        todo = _keys(needs)
        reached: set[Key] = set()
        while todo:
            key = todo.pop()
            if key in reached:
                continue
            reached.add(key)
            others, keys = self._further(key)
            todo += keys
            project, _ = key
            requires[project] = requires[project] | others if project in requires else others
        offers = tuple([self._offers[name] for name in sorted(requires)])
        return Found(root=root, offers=offers, required_by_project=requires)

    def _read_further(self, key: Key) -> tuple[frozenset[NormalizedName], list[Key]]:
        """The projects that a release requires, itself aside, and where to go on."""
        project, extra = key
        place = self._provider.shelf(project).place[self._offers[project].version]
        further = self._provider.needs(project, place, extra)
        return frozenset(need.project for need in further) - {project}, _keys(further)


def _keys(needs: Sequence[Need]) -> list[Key]:
    return [(need.project, extra) for need in needs for extra in ("", *need.extras)]


class _Together:
    """The largest set of roots that agree, as far as it is found cheaply."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self.apart: dict[str, Unsolvable | Undecided] = {}
        """Those that are not in it, and why."""

    def solve(self, names: Sequence[str]) -> Solved:
        """What the others install together."""
        agreeing, met = list(names), collections.Counter[str]()
        while not isinstance(answer := self._solver.solve(agreeing), Solved):
            if isinstance(answer, Undecided):
                self.apart |= dict.fromkeys(agreeing, answer)
                return Solved(offer_by_project={})
            met.update(answer.roots)
            # A root that was in the way before is in the way of many.
            out = max(answer.roots, key=lambda name: (met[name], name))
            agreeing.remove(out)
            self.apart[out] = answer
        return self._with_more(names, agreeing, answer)

    def _with_more(self, names: Sequence[str], agreeing: list[str], joint: Solved) -> Solved:
        """Put back what only conflicted with a root that was taken out later."""
        for name, failure in list(self.apart.items()):
            if isinstance(failure, Unsolvable) and failure.roots == (name,):
                continue  # it fails by itself
            trial = [each for each in names if each in {*agreeing, name}]
            answer = self._solver.solve(trial)
            if isinstance(answer, Solved):
                del self.apart[name]
                agreeing, joint = trial, answer
            else:
                self.apart[name] = answer
        return joint
