"""What is asked of a store, and what it answers."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from matrix.configurations.inputs import Keys
from matrix.errors import Problem
from matrix.plan.inventory import Durations
from matrix.plan.model import Plan, State
from matrix.store.entries import Entry, StoreIndex

PLACE: Final = "store"
"""How problems name the store."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Wanted:
    """A cell that would be built."""

    content_key: str
    test_key: str
    target: str
    project: str
    version: str
    build_tag: int = 0
    """The number that the name of its wheel must have; 0 for none."""

    @property
    def keys(self) -> Keys:
        """The keys by which a wheel of it is reused."""
        return Keys(content=self.content_key, test=self.test_key)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class StoredWheel:
    """A wheel that a trusted run built, and where its store has it."""

    filename: str
    sha256: str
    size: int
    seconds: int = 0
    unlocked: str = ""
    run: str = ""
    """The run that built it, in words."""
    location: str = ""
    """Where the store has it; only its kind reads this."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The answer of a store: wheels by what was wanted, durations, and what was not believed."""

    wheel_by_wanted: Mapping[Wanted, StoredWheel] = dataclasses.field(default_factory=dict)
    past: Durations = dataclasses.field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    """Entries that look like what is wanted and are not believed, each with a code."""
    lines: tuple[str, ...] = ()
    """What was read, for people."""


NOTHING: Final = Lookup()


class Damaged(Exception):
    """A stored wheel that cannot be used: gone, or not what its entry says. The text says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@runtime_checkable
class Store(Protocol):
    """One kind of store."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def takes_files(self) -> bool:
        """Whether ``put`` keeps wheels; where it does not, the pipeline's artifacts do."""

    def find(self, wanted: Sequence[Wanted]) -> Lookup:
        """The wheels for ``wanted`` that may be trusted. Raises when the store does not answer."""

    def fetch(self, wheel: StoredWheel, path: Path) -> None:
        """
        Write the bytes of ``wheel`` to ``path``, their digest checked.

        Raises ``Damaged`` where the store has them no more, or other bytes.
        """

    def put(self, index: StoreIndex, path_by_entry: Mapping[Entry, Path]) -> Sequence[Problem]:
        """Keep the wheels of a run; the problems name what was there with other bytes."""

    def close(self) -> None:
        """Release connections and temporary files."""


def list_wanted(plan: Plan) -> tuple[Wanted, ...]:
    """The cells of a plan that would be built, sorted."""
    return tuple(
        sorted(
            Wanted(
                content_key=cell.content_key,
                test_key=cell.test_key,
                target=cell.target,
                project=cell.project,
                version=cell.version,
                build_tag=cell.build_tag,
            )
            for cell in plan.cells
            if cell.state is State.BUILD
        )
    )


def create_problem(code: str, what: str, hint: str = "") -> Problem:
    """A problem of the store; its text begins with its code."""
    return Problem(place=PLACE, what=f"{code}: {what}", hint=hint)


def read_durations(entries: Iterable[Entry]) -> Durations:
    """The seconds of builds by project and target; the first entry of a pair counts."""
    past: dict[tuple[str, str], int] = {}
    for entry in entries:
        if entry.seconds:
            past.setdefault((entry.project, entry.target), entry.seconds)
    return past
