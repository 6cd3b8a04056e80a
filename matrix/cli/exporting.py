"""``lock --export``."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from matrix.cli.session import Session, result
from matrix.errors import Problem, UsageError
from matrix.exports import pylock, requirements, sources
from matrix.exports.selecting import Share, served, share
from matrix.exports.sources import Wheel
from matrix.manifest.decoding import did_you_mean
from matrix.targets.target import Target

Find = Callable[[Share], tuple[Wheel, ...]]


def export(session: Session, asked: argparse.Namespace) -> None:
    """Write one file for each target that was asked for; nothing is written unless all can be."""
    lock = session.lock()
    targets = session.manifest.all_targets
    if asked.target:
        chosen = _named(targets, asked.target)
    else:
        # Where nothing of it is locked there is nothing to say, unless that is so everywhere.
        chosen = served(lock, targets, root=asked.root) or targets
    shares = [share(lock, target, root=asked.root) for target in chosen]
    texts = dict(_texts(session, asked, shares))
    for name, text in texts.items():
        session.write(asked.out / name, text)
    paths = [(asked.out / name).as_posix() for name in texts]
    result(json.dumps({"written": paths}) if asked.json else "\n".join(paths))


def _named(known: tuple[Target, ...], named: list[str]) -> tuple[Target, ...]:
    by_id = {target.id: target for target in known}
    if unknown := [name for name in named if name not in by_id]:
        hint = did_you_mean(unknown[0], by_id) or "python -m matrix targets"
        raise UsageError(
            Problem(place="lock --export", what=f"unknown target {unknown[0]!r}", hint=hint)
        )
    return tuple(by_id[name] for name in named)


def _texts(
    session: Session, asked: argparse.Namespace, shares: list[Share]
) -> list[tuple[str, str]]:
    if asked.export == "constraints":
        return [(f"constraints.{one.id}.txt", requirements.constraints(one)) for one in shares]
    needs_addresses = asked.export == "pylock"
    find = _finder(session, asked, needs_addresses=needs_addresses)
    if needs_addresses:
        return [(pylock.filename(one), pylock.text(one, find(one))) for one in shares]
    return [
        (f"requirements.{one.id}.txt", requirements.requirements(one, find(one))) for one in shares
    ]


def _finder(session: Session, asked: argparse.Namespace, *, needs_addresses: bool) -> Find:
    if asked.bundle is not None:
        return _in_bundle(asked.bundle, asked.out)
    if needs_addresses:
        return lambda one: sources.of_index(one, session.index)
    return sources.of_lock


def _in_bundle(named: Path, out: Path) -> Find:
    from matrix.cli.bundling import found  # noqa: PLC0415 - few exports are of a bundle
    from matrix.verify.verify import verify  # noqa: PLC0415 - the same

    bundle = found(named)
    record = verify(bundle).record
    files = _way(out.resolve(), bundle.resolve() / "files").as_posix()
    return lambda one: sources.of_bundle(one, record, files=files)


def _way(start: Path, end: Path) -> Path:
    try:
        return Path(os.path.relpath(end, start))
    except ValueError:
        # On Windows no relative path leads to another drive.
        return end
