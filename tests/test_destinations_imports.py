"""An import is the same for every kind of destination."""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from matrix.destinations import undo
from matrix.destinations.destination import Capabilities, Destination, Say
from matrix.destinations.imports import import_bundle
from matrix.destinations.ledger import Ledger
from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.destinations.static import Static
from matrix.errors import NotProven, UsageError
from matrix.record.schema import Record, RecordedWheel

from .bundles import make_bundle, requirement, sound
from .destinations import quiet
from .wheels import make_wheel


@dataclasses.dataclass(frozen=True)
class Server:
    """A kind of its own: no local directory, no undoing; it notes what it is called for."""

    behind: Static
    calls: list[str]

    @property
    def label(self) -> str:
        return "server:index.example"

    @property
    def directory(self) -> None:
        return None

    def capabilities(self) -> Capabilities:
        return Capabilities(
            lock="",
            promotion="project by project",
            serves_target_views=False,
            rolls_back=False,
            withdraws=False,
            prunes=False,
        )

    def lock(self, say: Say) -> AbstractContextManager[None]:
        self.calls.append("lock")
        return self.behind.lock(say)

    def read_ledger(self, stamp: Stamp = NO_STAMP, *, adopt: bool = False) -> Ledger:
        self.calls.append("read_ledger")
        return self.behind.read_ledger(stamp, adopt=adopt)

    def list_files(self, filenames: Collection[str]) -> Mapping[str, str]:
        self.calls.append("list_files")
        return self.behind.list_files(filenames)

    def put(
        self, bundle: Path, record: Record, order: Sequence[RecordedWheel], after: Ledger
    ) -> tuple[str, ...]:
        self.calls.append("put")
        return self.behind.put(bundle, record, order, after)

    def promote(self, before: Ledger, after: Ledger, *, dry_run: bool = False) -> int:
        self.calls.append("promote")
        return self.behind.promote(before, after, dry_run=dry_run)

    def verify(self) -> None:
        self.behind.verify()

    def find_unneeded(self, ledger: Ledger) -> tuple[str, ...]:
        return self.behind.find_unneeded(ledger)

    def remove(self, names: Sequence[str]) -> None:
        self.behind.remove(names)


UNDO: dict[str, Callable[[Destination], object]] = {
    "roll back": lambda server: undo.roll_back(server, "", quiet),
    "withdraw": lambda server: undo.withdraw(server, ("app", "1.0"), "", quiet),
    "prune": lambda server: undo.prune(server, quiet),
}


@pytest.mark.parametrize("verb", UNDO)
def test_what_a_kind_cannot_undo_is_refused_before_its_lock_is_taken(
    tmp_path: Path, verb: str
) -> None:
    server = Server(Static(tmp_path / "d"), [])

    with pytest.raises(UsageError) as caught:
        UNDO[verb](server)

    assert str(caught.value) == f"expected a destination that can {verb}, got server:index.example"
    assert server.calls == []


def test_a_bundle_is_put_before_it_is_promoted_and_all_under_the_lock(tmp_path: Path) -> None:
    server = Server(Static(tmp_path / "d"), [])
    destination: Destination = server

    imported = import_bundle(sound(tmp_path), destination, quiet)

    assert server.calls == ["lock", "read_ledger", "list_files", "put", "promote"]
    assert imported.destination == "server:index.example"
    server.verify()


def test_a_bundle_that_is_not_proven_never_reaches_the_destination(tmp_path: Path) -> None:
    server = Server(Static(tmp_path / "d"), [])
    wheels = [make_wheel(tmp_path / "w", "app", "1.0", requires=["dep"])]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("app")])

    with pytest.raises(NotProven):
        import_bundle(bundle, server, quiet)

    assert server.calls == []
