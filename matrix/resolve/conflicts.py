"""
What is known not to go together: the requirements of releases, and what a search concludes.

Pre-releases and yanked releases are left out until a requirement asks for one. Then what was known
without them is worth nothing any more, and ``Reconsider`` says so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from matrix.resolve.deduction import ROOT, Conflict, Demand, Key
from matrix.resolve.provider import Need, Provider
from matrix.resolve.shelf import places


class Reconsider(Exception):
    """A requirement asks for releases that were left out."""


class Conflicts:
    """Every conflict that one target's search knows, by the projects it is about."""

    def __init__(self, provider: Provider, roots: Mapping[str, Sequence[Need]]) -> None:
        self._provider = provider
        self._roots = roots
        self._pre_releases: set[NormalizedName] = set()
        """Projects with a requirement that asks for a pre-release."""
        self._pinned: dict[NormalizedName, int] = {}
        """Yanked releases that a requirement names."""
        self.forget()

    def forget(self) -> None:
        """Begin again, with what has been asked for since."""
        self.about: dict[Key, list[Conflict]] = {}
        self._by_demand: dict[tuple[Key, Key, int, bool], Conflict] = {}
        self._by_release: dict[tuple[Key, int], tuple[Conflict, ...]] = {}
        self._lacking: dict[Key, Conflict] = {}
        self._judged: set[NormalizedName] = set()
        self._passed_over: dict[NormalizedName, int] = {}

    def remember(self, conflict: Conflict) -> None:
        for key in conflict.versions_by_key:
            self.about.setdefault(key, []).append(conflict)

    def lack(self, key: Key, versions: int) -> None:
        """Nothing can be installed of ``versions``."""
        if key in self._lacking:
            # Wider than when it was a cause, and as true for what was concluded from it.
            self._lacking[key].versions_by_key[key] |= versions
            return
        self._lacking[key] = Conflict({key: versions})
        self.remember(self._lacking[key])

    def of_root(self, name: str) -> tuple[Conflict, ...]:
        """What the root needs."""
        key = (ROOT, name)
        if (key, 0) not in self._by_release:
            self._by_release[key, 0] = tuple(self._demands(key, 0, self._roots[name]))
        return self._by_release[key, 0]

    def of_release(self, key: Key, place: int) -> tuple[Conflict, ...]:
        """What a release needs for itself, or for one of its extras, by itself included."""
        if (key, place) not in self._by_release:
            project, extra = key
            needs = self._provider.needs(project, place, extra)
            conflicts = list(self._demands(key, place, needs))
            if extra:
                version = self._provider.shelf(project).versions[place]
                same = Need.of(project, (), SpecifierSet(f"==={version}"))
                conflicts.append(self._demand(key, place, (project, ""), same, 1 << place))
            self._by_release[key, place] = tuple(conflicts)
        return self._by_release[key, place]

    def _demands(self, key: Key, place: int, needs: Iterable[Need]) -> Iterator[Conflict]:
        for need in needs:
            admitted = self._select(need)
            for extra in ("", *need.extras):
                if (need.project, extra) == key and admitted >> place & 1:
                    continue  # "all" asks for the project itself with more extras
                yield self._demand(key, place, (need.project, extra), need, admitted)

    def _demand(self, parent: Key, place: int, child: Key, need: Need, admitted: int) -> Conflict:
        finals = admitted & ~self._provider.shelf(child[0]).pre_releases
        names = self._provider.asks_for_pre_releases(need) or not finals
        known = self._by_demand.get((parent, child, admitted, names))
        if known is not None:
            # One conflict for all versions that need the same: what is learned from it holds for
            # them all.
            known.versions_by_key[parent] |= 1 << place
            return known
        terms = {parent: 1 << place}
        if admitted and child != parent:
            terms[child] = ~admitted
        demand = Demand(
            parent=parent,
            child=child,
            specifier=need.specifier,
            admitted=admitted,
            names_pre_releases=names,
        )
        self._by_demand[parent, child, admitted, names] = conflict = Conflict(terms, demand)
        self.remember(conflict)
        return conflict

    # Pre-releases and yanked releases.

    def _select(self, need: Need) -> int:
        """The versions that ``need`` admits, by the rules of PEP 440 and PEP 592."""
        shelf = self._provider.shelf(need.project)
        versions = shelf.select(need.specifier)
        if need.exact:
            self._pin(need.project, versions)
        if not versions & shelf.pre_releases or need.project in self._pre_releases:
            return versions
        if self._provider.asks_for_pre_releases(need):
            self._pre_releases.add(need.project)
            if need.project in self._judged:
                raise Reconsider
            return versions
        self._judged.add(need.project)
        finals = versions & ~shelf.pre_releases
        # As every pip has it: where there are only pre-releases, they are for those who set no
        # limits at all. A yanked final release is one, too.
        return finals if len(need.specifier) or self._is_offered(need.project, finals) else versions

    def _is_offered(self, project: NormalizedName, versions: int) -> bool:
        return any(self._provider.offer(project, place) for place in places(versions))

    def _pin(self, project: NormalizedName, versions: int) -> None:
        for place in places(versions):
            offer = self._provider.offer(project, place)
            if offer is not None and offer.file.is_yanked:
                self._pinned[project] = self._pinned.get(project, 0) | 1 << place
                if self._passed_over.get(project, 0) >> place & 1:
                    raise Reconsider

    def is_passed_over(self, project: NormalizedName, place: int) -> bool:
        """PEP 592: a yanked release is for those who ask for exactly that version."""
        offer = self._provider.offer(project, place)
        if offer is None or not offer.file.is_yanked or self.find_pins(project) >> place & 1:
            return False
        self._passed_over[project] = self._passed_over.get(project, 0) | 1 << place
        return True

    def find_pins(self, project: NormalizedName) -> int:
        """The yanked releases of ``project`` that a requirement names, and that may be taken."""
        return self._pinned.get(project, 0)
