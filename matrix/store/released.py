"""
Released names keep their bytes.

Every destination refuses other bytes under a name that it has. So what a release delivered for a
project, version and build tag is taken again, whatever its content key is today: a new version of
the tool, an entry that has expired or a changed recipe would make another file of the same name.
``recipes: {NAME: {build: N}}`` asks for a new build, under a name of its own.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from matrix.store.entries import Entry, StoreIndex
from matrix.store.lookup import Lookup, Store, StoredWheel, Wanted, create_problem
from matrix.store.released_records import BuiltName, BuiltNames
from matrix.targets.target import Target

if TYPE_CHECKING:
    from matrix.errors import Problem

KIND: Final = "release"
MOST_RECORDS: Final = 20
"""How many releases are read; a record names everything that its bundle holds, old wheels too."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedBundle:
    """The record of a released bundle, and what its source calls the release."""

    release: str
    record: BuiltNames


class Releases(Protocol):
    """Where released bundles are, the newest first."""

    def list_bundles(self) -> Iterator[ReleasedBundle]:
        """The released bundles; raises where one cannot be read."""

    @property
    def lines(self) -> Sequence[str]:
        """What was passed over, for people; complete when all bundles were listed."""

    def fetch(self, release: str, wheel: StoredWheel, path: Path) -> None:
        """Write a wheel of a release to ``path``, its digest checked; raises ``Damaged``."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedWheel:
    """A wheel that a release delivered, for a cell that is wanted."""

    stored: StoredWheel
    has_same_keys: bool


def find_released(
    bundles: Iterable[ReleasedBundle],
    wanted: Sequence[Wanted],
    *,
    target_by_id: Mapping[str, Target],
) -> dict[Wanted, ReleasedWheel]:
    """The released wheels for ``wanted``, those of the newest release first."""
    missing = {each: target_by_id[each.target].build_tags() for each in wanted}
    released: dict[Wanted, ReleasedWheel] = {}
    for bundle in bundles:
        by_release: dict[tuple[str, str, int], list[BuiltName]] = {}
        for wheel in bundle.record.wheels:
            place = (wheel.project, wheel.version, parse_build_tag(wheel.filename))
            by_release.setdefault(place, []).append(wheel)
        for each, tags in [*missing.items()]:
            wheels = by_release.get((each.project, each.version, each.build_tag), [])
            ranked = sorted(wheels, key=lambda wheel: each.target not in wheel.targets)
            fitting = next((wheel for wheel in ranked if _fits(wheel, tags)), None)
            if fitting is not None:
                released[each] = _describe(fitting, bundle, each)
                del missing[each]
        if not missing:
            break
    return released


def parse_build_tag(filename: str) -> int:
    """
    The number of a wheel's build tag; 0 when it has none.

    >>> parse_build_tag("six-1.17.0-2-py2.py3-none-any.whl")
    2
    """
    try:
        build = parse_wheel_filename(filename)[2]
    except InvalidWheelFilename:
        return 0
    return build[0] if build else 0


def _fits(wheel: BuiltName, tags: Iterable[object]) -> bool:
    try:
        own = parse_wheel_filename(wheel.filename)[3]
    except InvalidWheelFilename:
        return False
    return not own.isdisjoint(tags)


def _describe(wheel: BuiltName, bundle: ReleasedBundle, wanted: Wanted) -> ReleasedWheel:
    keys = dict(zip(wheel.targets, wheel.content_keys, strict=False))
    seconds = wheel.build_seconds // len(wheel.targets) if wheel.targets else 0
    stored = StoredWheel(
        filename=wheel.filename,
        sha256=wheel.sha256,
        size=wheel.size,
        seconds=seconds,
        unlocked=wheel.unlocked,
        run=f"bundle {bundle.record.label}",
        location=f"{KIND} {bundle.release}",
    )
    is_same = keys.get(wanted.target) == wanted.content_key
    return ReleasedWheel(stored=stored, has_same_keys=is_same)


class WithReleases:
    """A store, and behind it the releases: the last place that is looked in."""

    def __init__(
        self, store: Store, releases: Releases, *, target_by_id: Mapping[str, Target]
    ) -> None:
        self._store = store
        self._releases = releases
        self._target_by_id = target_by_id

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._store.name

    @property
    def takes_files(self) -> bool:
        """Whether the store itself takes files."""
        return self._store.takes_files

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def put(self, index: StoreIndex, path_by_entry: Mapping[Entry, Path]) -> Sequence["Problem"]:
        """Keep wheels in the store; a release is made by a person."""
        return self._store.put(index, path_by_entry)

    def find(self, wanted: Sequence[Wanted]) -> Lookup:
        """The wheels of the store, and those of releases where it has none or another file."""
        answer = self._store.find(wanted)
        if not wanted:
            return answer
        released = find_released(
            self._releases.list_bundles(), wanted, target_by_id=self._target_by_id
        )
        wheel_by_wanted = dict(answer.wheel_by_wanted)
        problems = list(answer.problems)
        count = 0
        for each, wheel in released.items():
            known = wheel_by_wanted.get(each)
            if known is not None and known.filename != wheel.stored.filename:
                continue
            if known is not None and known.sha256 == wheel.stored.sha256:
                continue
            wheel_by_wanted[each] = wheel.stored
            count += 1
            if known is not None or not wheel.has_same_keys:
                problems.append(_explain(each, wheel.stored))
        more = [f"{count} more of releases"] if count else []
        lines = (*answer.lines, *more, *self._releases.lines)
        return dataclasses.replace(
            answer, wheel_by_wanted=wheel_by_wanted, problems=tuple(problems), lines=lines
        )

    def fetch(self, wheel: StoredWheel, path: Path) -> None:
        """Write a wheel to ``path``, from the release that has it or from the store."""
        kind, _, release = wheel.location.partition(" ")
        if kind == KIND:
            self._releases.fetch(release, wheel, path)
        else:
            self._store.fetch(wheel, path)


def _explain(wanted: Wanted, stored: StoredWheel) -> "Problem":
    what = (
        f"{stored.filename} for {wanted.target} is taken from {stored.run}, which released the "
        "name; its inputs have changed since, and it is not built again"
    )
    hint = f"recipes: {{{wanted.project}: {{build: {wanted.build_tag + 1}}}}}"
    return create_problem("released", what, hint)
