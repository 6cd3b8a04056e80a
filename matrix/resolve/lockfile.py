"""``packages.lock`` as text, and what its readers ask of it."""

import functools
import json
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from matrix.errors import LockError, Problem
from matrix.manifest import unmerged
from matrix.manifest.model import Manifest
from matrix.resolve import lock_merge
from matrix.resolve.lock import (
    SCHEMA,
    BuildFile,
    Lock,
    LockedBuild,
    LockedFile,
    LockedTarget,
    NoSolution,
    Solution,
    Split,
)

FILENAME: Final = "packages.lock"
COMMAND: Final = "wheelyard lock"
READABLE: Final = frozenset({1, 2, 3, SCHEMA})


def dump(lock: Lock) -> str:
    """The file's text: JSON, one entry a line, sorted."""
    sections: dict[str, Iterable[Mapping[str, Any]]] = {
        "targets": map(_row, lock.targets),
        "files": ({**_row(f), "version": str(f.version)} for f in lock.files),
        "solutions": ({**_row(s), "pins": _pinned(s)} for s in lock.solutions),
        "impossible": map(_row, lock.impossible),
        "splits": map(_row, lock.splits),
        "builds": map(_row, lock.builds),
        "build_files": ({**_row(f), "version": str(f.version)} for f in lock.build_files),
    }
    head = [f'"schema": {SCHEMA}', f'"policy": "{lock.policy}"']
    parts = [*head, *(_section(name, rows) for name, rows in sections.items())]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _row(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass of the lock
    return {name: getattr(value, name) for name in value.__slots__}


def _pinned(solution: Solution) -> dict[str, str]:
    return {project: str(version) for project, version in solution.pins}


def _section(name: str, rows: Iterable[Mapping[str, Any]]) -> str:
    lines = ",\n".join(" " + json.dumps(row, ensure_ascii=True) for row in rows)
    return f'"{name}": [\n{lines}\n]' if lines else f'"{name}": []'


def parse(text: str, *, source: str, understood: Container[object] = (SCHEMA,)) -> Lock:
    """Invert ``dump``; ``source`` is how messages name the file."""
    try:
        loaded = json.loads(text)
    except ValueError as error:
        hint = f"{COMMAND} keeps what both sides pin"
        if problem := unmerged.problem(text, place=source, hint=hint):
            raise LockError(problem) from error
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
        return _lock(_upgraded(loaded))
    except (KeyError, TypeError, AttributeError, InvalidVersion) as error:
        what = f"cannot be read: {type(error).__name__} {error}"
        raise LockError(Problem(place=source, what=what, hint=COMMAND)) from error


def _upgraded(loaded: Mapping[str, Any]) -> Mapping[str, Any]:
    """An older lock as one of ours: what it did not say is empty."""
    builds = [_upgraded_build(row) for row in loaded.get("builds", ())]
    return {"policy": "", "splits": (), "build_files": (), **loaded, "builds": builds}


def _upgraded_build(row: Mapping[str, Any]) -> Mapping[str, Any]:
    # Schema 3 said whether a pure wheel is for Python 2 and 3.
    return {name: value for name, value in row.items() if name != "is_universal"}


def _lock(loaded: Mapping[str, Any]) -> Lock:
    # A project and its versions stand in many closures: each text is read once.
    name, version = functools.cache(canonicalize_name), functools.cache(Version)

    def release(row: Mapping[str, Any]) -> dict[str, Any]:
        return {"project": name(row["project"]), "version": version(row["version"])}

    def file(row: Mapping[str, Any]) -> LockedFile:
        # Files are most of a lock, and their two lists are known.
        targets, requires = tuple(row["targets"]), tuple(map(name, row.get("requires", ())))
        return LockedFile(**{**row, **release(row), "targets": targets, "requires": requires})

    def solution(row: Mapping[str, Any]) -> Solution:
        pins = tuple([(name(p), version(v)) for p, v in row["pins"].items()])
        return Solution(**{**_tupled(row), "pins": pins})

    return Lock(
        files=tuple(map(file, loaded["files"])),
        targets=tuple(LockedTarget(**row) for row in loaded["targets"]),
        solutions=tuple(map(solution, loaded["solutions"])),
        impossible=tuple(NoSolution(**_tupled(row)) for row in loaded["impossible"]),
        splits=tuple(Split(**_tupled(row)) for row in loaded["splits"]),
        builds=tuple(LockedBuild(**_tupled(row)) for row in loaded["builds"]),
        policy=str(loaded["policy"]),
        build_files=tuple(BuildFile(**{**row, **release(row)}) for row in loaded["build_files"]),
    )


def _tupled(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows only lists; our values hold tuples."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}


def load(path: Path) -> Lock | None:
    """The lock at ``path``, or None when there is none yet."""
    text = _text(path)
    return None if text is None else parse(text, source=path.name)


def load_to_renew(path: Path) -> Lock | None:
    """
    The lock at ``path`` as one to make the next one from, or None when there is none yet.

    An older schema has every pin to keep, and so have both sides of what git could not merge.
    """
    text = _text(path)
    if text is None:
        return None
    sides = (parse(side, source=path.name, understood=READABLE) for side in unmerged.sides(text))
    return functools.reduce(lock_merge.both, sides)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(Problem(place=str(path), what=f"cannot be read: {error}")) from error


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


def unsolved(lock: Lock, manifest: Manifest) -> tuple[Problem, ...]:
    """
    One problem for each root that has no solution somewhere, targets with the same reason together;
    a requirement's is told with its line.
    """
    lines: dict[tuple[str, ...], int] = {
        (str(package.requirement),): package.line for package in manifest.packages
    }
    grouped: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for no in lock.impossible:
        grouped.setdefault((no.root, no.requirements, no.reason), []).append(no.target)
    return tuple(
        Problem(
            place=manifest.source,
            line=lines.get(requirements, 0),
            what=f"{', '.join(requirements)} is impossible on {', '.join(targets)}: {reason}",
            hint="exclude those targets with a reason, or ask for another version",
        )
        for (_, requirements, reason), targets in sorted(grouped.items())
    )
