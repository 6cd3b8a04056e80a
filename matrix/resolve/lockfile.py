"""``packages.lock`` as text, and whether it still answers the manifest."""

import functools
import json
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from matrix.errors import LockError, Problem
from matrix.manifest.model import Manifest
from matrix.resolve.lock import SCHEMA, Lock, LockedFile, LockedTarget, NoSolution, Solution
from matrix.resolve.roots import wanted as wanted_roots

FILENAME: Final = "packages.lock"
COMMAND: Final = "python -m matrix lock"
READABLE: Final = frozenset({1, SCHEMA})


def dump(lock: Lock) -> str:
    """The file's text: JSON, one entry a line, sorted."""
    sections: dict[str, list[dict[str, Any]]] = {
        "targets": [{"id": t.id, "python": t.python, "platform": t.platform} for t in lock.targets],
        "files": [
            {
                "project": file.project,
                "version": str(file.version),
                "filename": file.filename,
                "sha256": file.sha256,
                "size": file.size,
                "targets": file.targets,
                "requires": file.requires,
            }
            for file in lock.files
        ],
        "solutions": [
            {
                "root": solution.root,
                "requirements": solution.requirements,
                "targets": solution.targets,
                "pins": {project: str(version) for project, version in solution.pins},
            }
            for solution in lock.solutions
        ],
        "impossible": [
            {
                "root": no.root,
                "requirements": no.requirements,
                "target": no.target,
                "reason": no.reason,
            }
            for no in lock.impossible
        ],
    }
    parts = [f'"schema": {SCHEMA}', *(_section(name, rows) for name, rows in sections.items())]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _section(name: str, rows: Iterable[Mapping[str, Any]]) -> str:
    lines = ",\n".join(" " + json.dumps(row, ensure_ascii=True) for row in rows)
    return f'"{name}": [\n{lines}\n]' if lines else f'"{name}": []'


def parse(text: str, *, source: str, understood: Container[object] = (SCHEMA,)) -> Lock:
    """Invert ``dump``; ``source`` is how messages name the file."""
    try:
        loaded = json.loads(text)
    except ValueError as error:
        what = f"cannot be read: {error}"
        hint = f"restore it from version control, or make it anew: {COMMAND}"
        raise LockError(Problem(place=source, what=what, hint=hint)) from error
    found = loaded.get("schema") if isinstance(loaded, dict) else None
    if found not in understood:
        what = f"expected schema {SCHEMA}, got {found!r}"
        is_newer = isinstance(found, int) and found > SCHEMA
        hint = "use the version that wrote it" if is_newer else COMMAND
        raise LockError(Problem(place=source, what=what, hint=hint))
    try:
        return _lock(loaded if found == SCHEMA else _of_schema_1(loaded))
    except (KeyError, TypeError, AttributeError, InvalidVersion) as error:
        what = f"cannot be read: {type(error).__name__} {error}"
        raise LockError(Problem(place=source, what=what, hint=COMMAND)) from error


def _of_schema_1(loaded: Mapping[str, Any]) -> Mapping[str, Any]:
    """It said nothing of what a file requires, and all else as we do."""
    return {**loaded, "files": [{**row, "requires": ()} for row in loaded["files"]]}


def _lock(loaded: Mapping[str, Any]) -> Lock:
    # A project and its versions stand in many closures: each text is read once.
    name, version = functools.cache(canonicalize_name), functools.cache(Version)
    return Lock(
        targets=tuple(LockedTarget(**row) for row in loaded["targets"]),
        files=tuple(
            LockedFile(
                project=name(row["project"]),
                version=version(row["version"]),
                filename=row["filename"],
                sha256=row["sha256"],
                size=row["size"],
                targets=tuple(row["targets"]),
                requires=tuple(map(name, row["requires"])),
            )
            for row in loaded["files"]
        ),
        solutions=tuple(
            Solution(
                root=row["root"],
                requirements=tuple(row["requirements"]),
                targets=tuple(row["targets"]),
                pins=tuple((name(p), version(v)) for p, v in row["pins"].items()),
            )
            for row in loaded["solutions"]
        ),
        impossible=tuple(
            NoSolution(
                root=row["root"],
                requirements=tuple(row["requirements"]),
                target=row["target"],
                reason=row["reason"],
            )
            for row in loaded["impossible"]
        ),
    )


def load(path: Path, *, understood: Container[object] = (SCHEMA,)) -> Lock | None:
    """
    The lock at ``path``, or None when there is none yet.

    Whoever makes it anew understands ``READABLE`` schemas: an older lock has every pin to keep.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return parse(text, source=path.name, understood=understood)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(Problem(place=str(path), what=f"cannot be read: {error}")) from error


def staleness(manifest: Manifest, lock: Lock) -> tuple[str, ...]:
    """
    What the manifest asks for and the lock does not answer, and the reverse; nothing when they
    agree.
    """
    said = [*_targets(manifest, lock), *_roots(manifest, lock), *_sources(manifest, lock)]
    return tuple(said)


def _targets(manifest: Manifest, lock: Lock) -> Iterable[str]:
    locked = {target.id: target for target in lock.targets}
    wanted = {target.id: target for target in manifest.all_targets}
    for name in sorted(locked.keys() | wanted.keys()):
        if name not in locked:
            yield f"target {name} is not locked"
        elif name not in wanted:
            yield f"target {name} is locked but not wanted"
        elif locked[name].python != str(wanted[name].python):
            was, now = locked[name].python, wanted[name].python
            yield f"target {name} is locked for {was}, wanted is {now}"


def _roots(manifest: Manifest, lock: Lock) -> Iterable[str]:
    ids = {target.id for target in lock.targets}
    asked = [(each, each.root.asked) for each in wanted_roots(manifest)]
    wanted = {
        (each.root.name, requirements, target.id)
        for each, requirements in asked
        for target in each.targets
        if target.id in ids
    }
    locked = {(s.root, s.requirements, t) for s in lock.solutions for t in s.targets}
    locked |= {(no.root, no.requirements, no.target) for no in lock.impossible}
    current = {target.id for target in manifest.all_targets}
    yield from _by_root(wanted - locked, "is not locked on")
    yield from _by_root(
        {row for row in locked - wanted if row[2] in current}, "is locked but not wanted on"
    )


def _by_root(rows: set[tuple[str, tuple[str, ...], str]], what: str) -> Iterable[str]:
    grouped: dict[tuple[str, ...], list[str]] = {}
    for _, requirements, target in sorted(rows):
        grouped.setdefault(requirements, []).append(target)
    for requirements, targets in grouped.items():
        yield f"{', '.join(requirements)} {what} {', '.join(targets)}"


def _sources(manifest: Manifest, lock: Lock) -> Iterable[str]:
    built = {package.project for package in manifest.packages if package.source == "build"}
    for file in lock.files:
        if file.is_wheel and file.project in built:
            yield f"{file.filename} is locked, but {file.project} has `source: build`"


def pins(
    lock: Lock | None, *, upgrade: frozenset[NormalizedName] | None
) -> dict[str, dict[NormalizedName, frozenset[Version]]]:
    """
    The versions to keep, by target and project.

    ``upgrade`` names the projects that may move; None lets all of them move.
    """
    kept: dict[str, dict[NormalizedName, frozenset[Version]]] = {}
    if lock is None or upgrade is None:
        return kept
    for solution in lock.solutions:
        for target in solution.targets:
            for project, version in solution.pins:
                if project not in upgrade:
                    here = kept.setdefault(target, {})
                    here[project] = here.get(project, frozenset()) | {version}
    return kept


def fresh(manifest: Manifest, lock: Lock | None, *, source: str) -> Lock:
    """``lock``, provided that it answers the manifest; raises ``LockError`` with what it lacks."""
    if lock is None:
        raise LockError(Problem(place=source, what="is not there", hint=COMMAND))
    if said := staleness(manifest, lock):
        problems = [Problem(place=source, what=what, hint=COMMAND) for what in said]
        raise LockError(*problems)
    return lock


def unsolved(lock: Lock) -> tuple[Problem, ...]:
    """
    One problem for each root that has no solution somewhere, targets with the same reason together.
    """
    grouped: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for no in lock.impossible:
        grouped.setdefault((no.root, no.requirements, no.reason), []).append(no.target)
    return tuple(
        Problem(
            place=", ".join(requirements),
            what=f"impossible on {', '.join(targets)}: {reason}",
            hint="exclude those targets with a reason, or ask for another version",
        )
        for (_, requirements, reason), targets in sorted(grouped.items())
    )
