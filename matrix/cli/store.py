"""``store``: the wheels that pipelines keep between their runs."""

import argparse
import dataclasses
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matrix import __version__
from matrix.bundle import arrivals, collecting, job_artifacts
from matrix.cli.arguments import Common, PlanSource, add_expect
from matrix.cli.collect import find_job_wheels
from matrix.cli.session import Session, format_json
from matrix.cli.store_access import (
    describe_cell,
    locate_cache,
    open_store,
)
from matrix.edge import files
from matrix.edge.quantities import count, megabytes
from matrix.errors import NotVerified, Problem, UsageError
from matrix.pipelines.providers import PROVIDERS
from matrix.plan.model import Plan, State
from matrix.plan.savings import compute_savings
from matrix.record import ed25519
from matrix.store import checking, entries, indexing, signed_index
from matrix.store.entries import Entry, StoreIndex
from matrix.store.kinds import NoStore
from matrix.store.lookup import Lookup, list_wanted
from matrix.targets.target import Target

DESCRIPTION: Final = (
    "The store keeps built wheels between the runs of a pipeline. `index` writes store.json for "
    "the wheels that the jobs of a plan built; `put` hands them to a store that takes files; "
    "`fetch` gets every wheel that a plan reuses; `list` shows what the store has for a plan; "
    "`key` makes the pair of keys of a store in GitLab's package registry."
)
EXAMPLES: Final = (
    "wheelyard store index wheels --plan plan/plan.json --out store",
    "wheelyard store put wheels --plan plan/plan.json",
    "wheelyard store fetch --plan plan/plan.json --out wheels",
    "wheelyard store list",
    "wheelyard store key",
)
OUT: Final = Path("wheels")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    action: str
    wheels: Path | None = None
    plan: Path | None = None
    expect: str | None = None
    out: Path = OUT
    provider: str | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=sorted(_RUN_BY_ACTION), help="see above")
    parser.add_argument(
        "wheels",
        type=Path,
        nargs="?",
        metavar="WHEELS",
        help="for index and put: the directory of the jobs' wheels or artifacts",
    )
    parser.add_argument(
        "--plan",
        type=Path,
        metavar="FILE",
        help="a plan.json; default: made from manifest and lock",
    )
    add_expect(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="index: where store.json is written; fetch: the wheels go to DIR/reused; "
        "default: %(default)s",
        default=OUT,
    )
    parser.add_argument(
        "--provider",
        choices=sorted(PROVIDERS),
        help="the CI service of the store; default: the one that runs this command",
    )


def run(session: Session, arguments: Arguments) -> None:
    """Index, put, fetch or list."""
    _RUN_BY_ACTION[arguments.action](session, arguments)


def _index(session: Session, arguments: Arguments) -> None:
    index, built = _create_index(session, arguments)
    session.write(arguments.out / entries.FILENAME, entries.dump(index))
    _show_rows(session, arguments, index)
    reused = len(index.wheels) - len(built)
    session.reporter.say(f"{count(len(built), 'row')} of built wheels, {reused} of reused ones")


def _put(session: Session, arguments: Arguments) -> None:
    _show_rows(session, arguments, put_wheels(session, arguments))


def put_wheels(session: Session, arguments: Arguments) -> StoreIndex:
    """Hand the wheels of a directory to the store; return their index."""
    index, path_by_entry = _create_index(session, arguments)
    try:
        with open_store(session, _find_provider(session, arguments)) as store:
            if not store.takes_files:
                session.reporter.say(f"nothing to put: {store.name} hold the wheels")
            for problem in store.put(index, path_by_entry):
                session.warn(problem)
    except NoStore as reason:
        session.reporter.say(f"nothing was put: {reason}")
    return index


def _fetch(session: Session, arguments: Arguments) -> None:
    plan = _read_plan(session, arguments)
    cells = [cell for cell in plan.cells if cell.state is State.REUSED and cell.location]
    out = arguments.out / job_artifacts.REUSED
    names = sorted({cell.filename for cell in cells})
    if cells:
        _fetch_cells(session, arguments, plan, out)
    session.show(
        format_json(names)
        if arguments.common.json
        else "\n".join([*names, str(compute_savings(plan))])
    )


def _fetch_cells(session: Session, arguments: Arguments, plan: Plan, out: Path) -> None:
    cells = [cell for cell in plan.cells if cell.state is State.REUSED and cell.location]
    try:
        with open_store(session, _find_provider(session, arguments)) as store:
            checked = checking.check_wheels(
                store,
                dict(map(describe_cell, cells)),
                directory=locate_cache(session),
                target_by_id={t.id: Target.parse(t.python, t.platform) for t in plan.targets},
            )
    except NoStore as reason:
        what = f"the plan reuses wheels of a store that cannot be asked: {reason}"
        raise UsageError(Problem(place="store", what=what, hint="--provider PROVIDER")) from reason
    if checked.problems:
        raise NotVerified.of(
            dataclasses.replace(
                problem,
                what=problem.what.replace("; it is built", ""),
                hint="plan again, which builds it: run all jobs of the pipeline again",
            )
            for problem in checked.problems
        )
    for digest, path in sorted(checked.path_by_digest.items()):
        files.copy(path, out / path.name, sha256=digest)


def _list(session: Session, arguments: Arguments) -> None:
    plan = _read_plan(session, arguments)
    try:
        with open_store(session, _find_provider(session, arguments)) as store:
            answer = store.find(list_wanted(plan))
    except NoStore as reason:
        what = f"there is no store to list: {reason}"
        hint = "--provider PROVIDER in a job of a pipeline, or store.directory in packages.yaml"
        raise UsageError(Problem(place="store", what=what, hint=hint)) from reason
    for line in answer.lines:
        session.reporter.say(line)
    for problem in answer.problems:
        session.warn(problem)
    session.show(_render_list(answer, is_json=arguments.common.json))


def _render_list(answer: Lookup, *, is_json: bool) -> str:
    rows = sorted(answer.wheel_by_wanted.items())
    if is_json:
        return format_json(
            [
                {"target": wanted.target, "project": wanted.project, **dataclasses.asdict(stored)}
                for wanted, stored in rows
            ]
        )
    lines = [
        f"{stored.filename} for {wanted.target}: {stored.run}, {megabytes(stored.size)}"
        for wanted, stored in rows
    ]
    return "\n".join(lines) or "no wheel of this plan"


def _key(session: Session, arguments: Arguments) -> None:
    seed = secrets.token_bytes(ed25519.SEED_SIZE)
    pair = {"secret": seed.hex(), "store-key": ed25519.derive_key(seed).hex()}
    lines = (
        f"{signed_index.VARIABLE}={pair['secret']}",
        f'gitlab: {{store-key: "{pair["store-key"]}"}}',
    )
    session.show(format_json(pair) if arguments.common.json else "\n".join(lines))


def _read_plan(session: Session, arguments: Arguments) -> Plan:
    source = PlanSource(plan=arguments.plan, expect=arguments.expect)
    return session.plan(source)


def _create_index(
    session: Session, arguments: Arguments
) -> tuple[StoreIndex, Mapping[Entry, Path]]:
    """Return the index of a directory of wheels, and the paths of those that were built."""
    if arguments.wheels is None:
        what = f"`store {arguments.action}` needs the directory of the wheels"
        hint = f"wheelyard store {arguments.action} wheels --plan plan/plan.json"
        raise UsageError(Problem(place="store", what=what, hint=hint))
    directory, plan = arguments.wheels, _read_plan(session, arguments)
    arrived, problems = arrivals.read_readable(find_job_wheels(session, plan, directory))
    for problem in problems:
        session.warn(problem)
    matches = [
        (cell, *opened, *job_artifacts.locate_wheel(opened[0], directory))
        for cell, opened in collecting.match_cells(plan, arrived)
        if opened is not None
    ]
    facts = session.run_facts
    built = indexing.create_entries(matches, run=facts.run if facts else "")
    index = indexing.create_index(
        [*built, *indexing.list_reused(plan)], facts, generator=f"wheelyard {__version__}"
    )
    return index, built


def _find_provider(session: Session, arguments: Arguments) -> str:
    facts = session.run_facts
    return arguments.provider or (facts.provider if facts else "")


def _show_rows(session: Session, arguments: Arguments, index: StoreIndex) -> None:
    if arguments.common.json:
        session.show(entries.dump(index))
        return
    session.show("\n".join(sorted({row.filename for row in index.wheels})) or "no wheels")


_RUN_BY_ACTION: Final[Mapping[str, Callable[[Session, Arguments], None]]] = {
    "fetch": _fetch,
    "index": _index,
    "key": _key,
    "list": _list,
    "put": _put,
}
