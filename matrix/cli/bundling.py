"""``collect``, ``bundle``, ``verify`` and ``import``."""

import argparse
import itertools
import json
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from matrix import __version__
from matrix.bundle import arrivals, collecting, fetching, packing, sealing
from matrix.bundle.collecting import Collected, Pair
from matrix.cli.session import Session, result
from matrix.destinations.static import import_bundle
from matrix.errors import NotVerified, Problem, UsageError
from matrix.pipelines import release
from matrix.plan.model import Plan, State
from matrix.record import parts, schema
from matrix.report import bundles, notes
from matrix.verify import unpacking
from matrix.verify.verify import verify as verify_bundle


def collect(session: Session, asked: argparse.Namespace) -> None:
    """Compare a directory of wheels with the plan."""
    made = session.plan(asked)
    collected = compare(made, asked.directory, allowed=allowances(asked.allow_missing, made))
    names = [built.wheel.filename for built in collected.wheels]
    if asked.json:
        missing = [f"{c.project}@{c.target}" for c, _ in collected.allowed_missing]
        result(json.dumps({"wheels": names, "allowed_missing": missing}, indent=1))
    else:
        result("\n".join([*names, f"{len(names)} wheels, as planned"]))


def compare(made: Plan, directory: Path, *, allowed: Mapping[Pair, str]) -> Collected:
    """What ``directory`` holds, provided that it is what the plan owes."""
    return collecting.collect(
        made, arrivals.read_wheels(arrivals.find_wheels(directory)), allowed=allowed
    )


def allowances(said: list[str], made: Plan) -> dict[Pair, str]:
    """``project@target`` options as pairs; each must name a cell that the plan builds."""
    owed = {(cell.project, cell.target) for cell in made.cells if cell.state is State.BUILD}
    pairs: dict[Pair, str] = {}
    for text in said:
        project, _, target = text.partition("@")
        pair = (canonicalize_name(project), target)
        if pair not in owed:
            what = f"--allow-missing {text!r} names nothing that the plan builds"
            hint = "python -m matrix plan, and see `to build`"
            raise UsageError(Problem(place="bundle", what=what, hint=hint))
        pairs[pair] = "allowed to be missing by whoever sealed the bundle"
    return pairs


def bundle(session: Session, asked: argparse.Namespace) -> None:
    """Collect, fetch, prove and seal."""
    made = session.plan(asked)
    allowed = allowances(asked.allow_missing, made)
    directory = seal(session, made, compare(made, asked.wheels, allowed=allowed), asked)
    if asked.pack is not None:
        packing.pack(directory, asked.parts, size=asked.pack, reporter=session.reporter)
    result(json.dumps({"bundle": str(directory)}) if asked.json else str(directory))


def seal(session: Session, made: Plan, collected: Collected, asked: argparse.Namespace) -> Path:
    """Fetch what exists already, and seal everything into a directory."""
    fetched = [
        *fetching.fetch_published(made, session.index, session.reporter),
        *fetching.find_reused(made, asked.previous),
    ]
    tagged = release.version(asked.tag) if asked.tag else ""
    version = asked.version or tagged or _free_version(session, made, asked.out)
    identity = sealing.Identity(
        version=version,
        sequence=asked.sequence or int(session.now.timestamp()),
        created=session.now.isoformat().replace("+00:00", "Z"),
        generator=f"wheelyard {__version__}",
    )
    return sealing.seal(
        made,
        collected,
        fetched,
        identity=identity,
        notes=notes.notes(made, collected.allowed_missing, version=version),
        out=asked.out,
        reporter=session.reporter,
    )


def _free_version(session: Session, made: Plan, out: Path) -> str:
    """Today's date; with a number behind it when a bundle of that name is in ``out`` already."""
    today = f"{session.now.year}.{session.now.month}.{session.now.day}"
    numbered = itertools.chain([today], (f"{today}.{number}" for number in itertools.count(1)))
    return next(v for v in numbered if not (out / f"{made.bundle}-{v}").exists())


def verify(session: Session, asked: argparse.Namespace) -> None:
    """Check a bundle and prove it again."""
    session.reporter.say(f"verifying {asked.bundle}")
    with unpacking.open_bundle(found(asked.bundle), scratch=session.cache / "joined") as whole:
        report = verify_bundle(whole)
    result(json.dumps(bundles.facts(report), indent=1) if asked.json else bundles.text(report))


def found(path: Path) -> Path:
    """``path`` if it is a bundle or the parts of one, else the one that it holds."""
    names = (schema.FILENAME, parts.FILENAME)
    if any((path / name).exists() for name in names):
        return path
    inside = sorted({one.parent for name in names for one in path.glob(f"*/{name}")})
    if len(inside) == 1:
        return inside[0]
    got = ", ".join(one.name for one in inside) or "none"
    what = f"expected a bundle, or a directory that holds one, got {got}"
    raise NotVerified(Problem(place=str(path), what=what, hint="name the bundle's own directory"))


def import_(session: Session, asked: argparse.Namespace) -> None:
    """Verify a bundle and add it to a directory that is served."""
    kind, colon, rest = asked.to.partition(":")
    destination = Path(rest if colon and kind == "static" else asked.to)
    with unpacking.open_bundle(found(asked.bundle), scratch=session.cache / "joined") as whole:
        imported = import_bundle(whole, destination, session.reporter.say)
    counts = {
        "wheels copied": len(imported.copied),
        "wheels kept": imported.reused,
        "pages written": imported.pages,
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    state = "imported" if imported.is_new else "was there already"
    label = imported.record.label
    result(json.dumps(counts) if asked.json else f"{label} {state} in {destination}: {told}")
