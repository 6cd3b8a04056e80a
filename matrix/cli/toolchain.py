"""``toolchain``: make it, take in what was fetched elsewhere, check it on the runner."""

import argparse
import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from matrix.builds.lane_install import TOOLCHAIN
from matrix.cli.session import Session, read_text, result
from matrix.errors import NotEquipped, Problem, UsageError
from matrix.index import configuration
from matrix.index.transport import Transport
from matrix.plan import serial
from matrix.plan.job_classes import job_classes
from matrix.plan.model import JobClass
from matrix.targets.target import Target
from matrix.toolchain import additions, assembly, integrity, mirror, needs
from matrix.toolchain.equipment import equip
from matrix.toolchain.model import Toolchain
from matrix.toolchain.needs import Need


def toolchain(session: Session, asked: argparse.Namespace) -> None:
    """Make, complete or check a toolchain; one that lacks something is an error that says what."""
    if asked.files and asked.add is None:
        what = "expected FILE only with --add DIR, got one without"
        raise UsageError(Problem(place="toolchain", what=what))
    wanted, classes = _wanted(session, asked)
    if asked.check is not None:
        root, made = asked.check, integrity.check_toolchain(asked.check, wanted)
    elif asked.add is not None:
        root, made = asked.add, additions.add_files(asked.files, root=asked.add)
    else:
        root, made = asked.out, _make(session, asked, wanted, classes)
    facts = _facts(made)
    result(json.dumps(facts, indent=1) if asked.json else _text(facts))
    lacks = tuple(integrity.find_gaps(root, made, (one.service for one in wanted)))
    if lacks:
        raise NotEquipped.of(lacks)


def _wanted(
    session: Session, asked: argparse.Namespace
) -> tuple[tuple[Need, ...], Sequence[JobClass]]:
    """The lanes and targets of the plan, or of the manifest: what is built does not matter."""
    if asked.plan is None:
        found = job_classes(session.manifest)
        classes = tuple(sorted(set(found.values())))
        return needs.find_needs(session.manifest.all_targets, classes), classes
    made = serial.parse(read_text(asked.plan), source=asked.plan.name)
    targets = (Target.parse(one.python, one.platform) for one in made.targets)
    return needs.find_needs(targets, made.classes), made.classes


def _make(
    session: Session,
    asked: argparse.Namespace,
    wanted: Sequence[Need],
    classes: Sequence[JobClass],
) -> Toolchain:
    settings = configuration.settings(session.manifest.network, session.pip_options)
    with contextlib.closing(Transport(settings)) as transport:
        sources = assembly.Sources(
            index=session.index,
            transport=transport,
            store=session.cache / "downloads",
            reporter=session.reporter,
        )
        made = assembly.assemble(
            wanted, needs.list_images(classes), root=asked.out, sources=sources
        )
    session.reporter.say(f"wrote {asked.out}")
    return made


def equipment(session: Session) -> Mapping[str, str]:
    """What builds see of the environment, with the toolchain that is named, if one is."""
    place = session.environment.get(TOOLCHAIN, "") or session.manifest.network.toolchain
    if not place:
        return session.environment
    root = session.root.absolute() / place
    if mirror.is_address(place):
        settings = configuration.settings(session.manifest.network, session.pip_options)
        with contextlib.closing(Transport(settings)) as transport:
            root = mirror.mirror_toolchain(
                place,
                transport=transport,
                store=session.cache.absolute(),
                say=session.reporter.say,
            )
    return equip(session.environment, root=root, cache=session.cache.absolute())


def _facts(made: Toolchain) -> dict[str, Any]:
    return {
        "services": [*map(str, made.services)],
        "images": [*made.images],
        "files": len(made.contents),
        "bytes": sum(one.size for one in made.contents),
        "missing": [one.name for one in made.missing],
    }


def _text(facts: Mapping[str, Any]) -> str:
    lanes = sorted({service.partition(" ")[0] for service in facts["services"]})
    lines = [
        f"lanes: {', '.join(lanes) or 'none'}",
        f"files: {facts['files']}, {facts['bytes'] / 1e6:.1f} MB",
        *(f"image: {image}" for image in facts["images"]),
        *(f"missing: {name}" for name in facts["missing"]),
    ]
    return "\n".join(lines)
