"""Reading and writing ``packages.lock``."""

import functools
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from packaging.utils import NormalizedName
from packaging.version import Version

from matrix.documents import rows
from matrix.errors import LockError, Problem, did_you_mean
from matrix.manifest import unmerged
from matrix.manifest.model import Manifest
from matrix.resolve import lock_checks, lock_merge
from matrix.resolve.lock import SCHEMA, Lock

FILENAME: Final = "packages.lock"
"""The lock of a manifest with the usual name, and of a plan that travels."""
COMMAND: Final = "wheelyard lock"
_OLDER: Final = (1, 2, 3, 4)
_EXCLUDE: Final = "exclude those targets with a reason, or ask for another version"
_NO_PROJECT: Final = re.compile("the index has no project '(?P<project>[^']+)'")


def name_lock(manifest: Path) -> str:
    """
    Return the name of a manifest's lock, which stands beside it.

    Two manifests in one directory would overwrite each other's lock.

    >>> name_lock(Path("packages.yaml")), name_lock(Path("wheels/lab.yaml"))
    ('packages.lock', 'lab.lock')
    """
    return f"{manifest.stem}.lock"


def dump(lock: Lock) -> str:
    """The file's text: JSON, one entry a line, sorted."""
    return rows.dump(lock, schema=SCHEMA, indent=1)


def digest(lock: Lock) -> str:
    """The sha256 of the file's text, in hex."""
    return hashlib.sha256(dump(lock).encode()).hexdigest()


def parse(text: str | bytes, *, source: str, to_renew: bool = False) -> Lock:
    """
    Invert ``dump``; ``source`` is how messages name the file.

    A lock ``to_renew`` may have an older schema and gaps: what it does not say is empty.
    """
    try:
        lock = rows.parse(
            text,
            Lock,
            schema=SCHEMA,
            source=source,
            error=LockError,
            hint=COMMAND,
            upgrade_by_schema=dict.fromkeys(_OLDER, _upgrade) if to_renew else None,
        )
    except LockError as error:
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        hint = f"{COMMAND} keeps what both sides pin"
        if problem := unmerged.problem(shown, place=source, hint=hint):
            raise LockError(problem) from error
        raise
    if not to_renew and (gaps := lock_checks.find_gaps(lock)):
        raise LockError(*(Problem(place=source, what=gap, hint=COMMAND) for gap in gaps))
    return lock


def _upgrade(loaded: dict[str, Any]) -> dict[str, Any]:
    """An older lock as a present one: what it does not say is empty."""
    empty = {"policy": "", "splits": [], "build_files": [], "builds": []}
    loaded = {**empty, **loaded}
    for name, change in (("files", _upgrade_file), ("builds", _upgrade_build)):
        if isinstance(loaded.get(name), list):
            loaded[name] = [change(row) if isinstance(row, dict) else row for row in loaded[name]]
    return loaded


def _upgrade_file(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "requires": row.get("requires", []), "uploaded": row.get("uploaded", "")}


def _upgrade_build(row: dict[str, Any]) -> dict[str, Any]:
    # Schema 3 said whether a pure wheel is for Python 2 and 3; schema 4 called constraints "asked".
    present = {name: value for name, value in row.items() if name != "is_universal"}
    if "asked" in present:
        present["constraints"] = present.pop("asked")
    return {**present, "reason": row.get("reason", "")}


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
    sides = (parse(side, source=path.name, to_renew=True) for side in unmerged.sides(text))
    return functools.reduce(lock_merge.merge, sides)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(Problem(place=str(path), what=f"cannot be read: {error}")) from error


def read_pins(
    lock: Lock | None, *, upgrade: frozenset[NormalizedName] | None
) -> dict[str, dict[NormalizedName, frozenset[Version]]]:
    """
    The versions to keep, by target and project.

    ``upgrade`` names the projects that may move; None lets all of them move.
    """
    pins: dict[str, dict[NormalizedName, frozenset[Version]]] = {}
    if lock is None or upgrade is None:
        return pins
    for solution in lock.solutions:
        for target in solution.targets:
            for project, version in solution.pins:
                if project not in upgrade:
                    here = pins.setdefault(target, {})
                    here[project] = here.get(project, frozenset()) | {version}
    return pins


def find_impossible(lock: Lock, manifest: Manifest) -> tuple[Problem, ...]:
    """
    One problem for each root that has no solution somewhere, targets with the same reason together;
    a requirement's is told with its line.
    """
    lines: dict[tuple[str, ...], int] = {
        (str(package.requirement),): package.line for package in manifest.packages
    }
    names = {file.project for file in lock.files} | {p.project for p in manifest.packages}
    grouped: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for no in lock.impossible:
        grouped.setdefault((no.root, no.requirements, no.reason), []).append(no.target)
    return tuple(
        Problem(
            place=manifest.source,
            line=lines.get(requirements, 0),
            what=f"{', '.join(requirements)} is impossible on {', '.join(targets)}: {reason}",
            hint=_suggest(reason, names) or _EXCLUDE,
        )
        for (_, requirements, reason), targets in sorted(grouped.items())
    )


def _suggest(reason: str, names: Iterable[str]) -> str:
    """A hint for a project that may be misspelled: another that the manifest or the lock names."""
    match = _NO_PROJECT.match(reason)
    return did_you_mean(match["project"], set(names) - {match["project"]}) if match else ""
