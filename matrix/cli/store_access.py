"""What verbs share that ask the store: opening it, looking up a plan's wheels, fetching them."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from matrix.cli.session import Session
from matrix.edge import files
from matrix.plan.inventory import Durations, Inventory, ReusedWheel
from matrix.plan.model import Cell, Plan, State
from matrix.store import checking, kinds
from matrix.store.kinds import NoStore, Surroundings
from matrix.store.lookup import Lookup, Store, StoredWheel, Wanted, list_wanted
from matrix.targets.target import Target

REUSED: Final = "reused"
"""The directory beside a plan with the reused wheels that its builds install."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a store has for a plan; its wheels are on this machine."""

    inventory: Inventory = dataclasses.field(default_factory=dict)
    past: Durations = dataclasses.field(default_factory=dict)
    path_by_digest: Mapping[str, Path] = dataclasses.field(default_factory=dict)

    def copy_prerequisites(self, plan: Plan, out: Path) -> None:
        """Copy the reused wheels that builds install to ``out``, so that no job fetches them."""
        needed = {
            (project, target)
            for job in plan.jobs
            for build in job.builds
            for project in build.reused
            for target in build.targets
        }
        for cell in plan.cells:
            path = self.path_by_digest.get(cell.sha256)
            if cell.state is State.REUSED and path and (cell.project, cell.target) in needed:
                files.copy(path, out / REUSED / cell.filename, sha256=cell.sha256)


def locate_cache(session: Session) -> Path:
    """Return where stored wheels are kept on this machine."""
    return session.cache / "store"


@contextlib.contextmanager
def open_store(session: Session, provider: str) -> Iterator[Store]:
    """Open the store of the manifest for a CI service; raise ``NoStore`` where there is none."""
    surroundings = Surroundings(
        environment=session.environment,
        facts=session.run_facts,
        scratch=locate_cache(session),
        ca_bundle=session.certificates,
        log=session.reporter.detail,
    )
    store = kinds.open_store(session.manifest, provider, surroundings)
    with contextlib.closing(store):
        yield store


def look_up(session: Session, plan: Plan, provider: str) -> Stored:
    """
    Return the wheels that the store has for what ``plan`` builds, their bytes checked.

    What is not believed is a warning, and is built.
    """
    try:
        with open_store(session, provider) as store:
            return _look_up(session, plan, store)
    except NoStore as reason:
        session.reporter.say(f"the store was not asked: {reason}")
        return Stored()


def _look_up(session: Session, plan: Plan, store: Store) -> Stored:
    answer: Lookup = store.find(list_wanted(plan))
    for line in answer.lines:
        session.reporter.say(line)
    checked = checking.check_wheels(
        store,
        answer.wheel_by_wanted,
        directory=locate_cache(session),
        target_by_id={t.id: Target.parse(t.python, t.platform) for t in plan.targets},
    )
    for problem in (*answer.problems, *checked.problems):
        session.warn(problem)
    return Stored(
        inventory={
            (wanted.keys, wanted.target): _as_reused(stored)
            for wanted, stored in checked.wheel_by_wanted.items()
        },
        past=answer.past,
        path_by_digest=checked.path_by_digest,
    )


def _as_reused(stored: StoredWheel) -> ReusedWheel:
    return ReusedWheel(
        filename=stored.filename,
        sha256=stored.sha256,
        size=stored.size,
        unlocked=stored.unlocked,
        build_seconds=stored.seconds,
        run=stored.run,
        location=stored.location,
    )


def describe_cell(cell: Cell) -> tuple[Wanted, StoredWheel]:
    """Return a reused cell as the store knows it."""
    wanted = Wanted(
        content_key=cell.content_key,
        test_key=cell.test_key,
        target=cell.target,
        project=cell.project,
        version=cell.version,
        build_tag=cell.build_tag,
    )
    stored = StoredWheel(
        filename=cell.filename,
        sha256=cell.sha256,
        size=cell.size,
        seconds=cell.build_seconds,
        unlocked=cell.unlocked,
        run=cell.run,
        location=cell.location,
    )
    return wanted, stored
