"""``lock --export``."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from matrix.cli.arguments import Export
from matrix.cli.session import Session
from matrix.errors import Problem, UsageError, did_you_mean
from matrix.exports import pylock, requirements, sources
from matrix.exports.selecting import Share, select_share, select_targets
from matrix.exports.sources import Wheel
from matrix.targets.target import Target

Find = Callable[[Share], tuple[Wheel, ...]]


def write(session: Session, options: Export) -> None:
    """Write one file for each chosen target; nothing is written unless all can be."""
    lock = session.lock()
    targets = session.manifest.all_targets
    if options.target:
        chosen = _find_targets(targets, options.target)
    else:
        # A target where nothing is locked is left out, unless that is so everywhere.
        chosen = select_targets(lock, targets, root=options.root) or targets
    shares = [select_share(lock, target, root=options.root) for target in chosen]
    text_by_filename = dict(_render(session, options, shares))
    for name, text in text_by_filename.items():
        session.write(options.out / name, text)
    paths = [(options.out / name).as_posix() for name in text_by_filename]
    session.show(json.dumps({"written": paths}) if session.common.json else "\n".join(paths))


def _find_targets(known: tuple[Target, ...], ids: Sequence[str]) -> tuple[Target, ...]:
    target_by_id = {target.id: target for target in known}
    if unknown := [name for name in ids if name not in target_by_id]:
        hint = did_you_mean(unknown[0], target_by_id) or "wheelyard targets"
        raise UsageError(
            Problem(place="lock --export", what=f"unknown target {unknown[0]!r}", hint=hint)
        )
    return tuple(target_by_id[name] for name in ids)


def _render(session: Session, options: Export, shares: list[Share]) -> list[tuple[str, str]]:
    if options.export == "constraints":
        return [
            (f"constraints.{share.id}.txt", requirements.render_constraints(share))
            for share in shares
        ]
    needs_addresses = options.export == "pylock"
    find = _choose_source(session, options, needs_addresses=needs_addresses)
    if needs_addresses:
        return [
            (pylock.filename(share), pylock.render_pylock(share, find(share))) for share in shares
        ]
    return [
        (f"requirements.{share.id}.txt", requirements.render_requirements(share, find(share)))
        for share in shares
    ]


def _choose_source(session: Session, options: Export, *, needs_addresses: bool) -> Find:
    if options.bundle is not None:
        return _read_bundle(options.bundle, options.out)
    if needs_addresses:
        return lambda one: sources.list_index_wheels(one, session.index)
    return sources.list_locked_wheels


def _read_bundle(path: Path, out: Path) -> Find:
    from matrix.farside.carried import find_bundle  # noqa: PLC0415 - few exports are of a bundle
    from matrix.verify.verify import verify  # noqa: PLC0415 - the same

    bundle = find_bundle(path)
    record = verify(bundle).record
    files = _find_relative(out.resolve(), bundle.resolve() / "files").as_posix()
    return lambda one: sources.list_bundle_wheels(one, record, files=files)


def _find_relative(start: Path, end: Path) -> Path:
    try:
        return Path(os.path.relpath(end, start))
    except ValueError:
        # On Windows no relative path leads to another drive.
        return end
