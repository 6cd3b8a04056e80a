"""
Stored wheels against their entries, by their bytes.

Planning fetches every wheel that it would reuse, once, so that a damaged or forged one is named and
built in the same run instead of failing at its end.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix.distributions import wheel as wheels
from matrix.distributions.comparison import compare_wheels
from matrix.distributions.wheel import InvalidWheel, Wheel, runs_everywhere
from matrix.edge import files
from matrix.store.lookup import Damaged, Store, StoredWheel, Wanted, create_problem
from matrix.targets.target import Target

if TYPE_CHECKING:
    from matrix.errors import Problem

WORKERS: Final = 8


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckedWheels:
    """Wheels whose bytes are here, and what was wrong with the others."""

    wheel_by_wanted: Mapping[Wanted, StoredWheel]
    path_by_digest: Mapping[str, Path]
    problems: tuple["Problem", ...]


def locate_wheel(directory: Path, wheel: StoredWheel) -> Path:
    """Where a wheel is kept below a directory of this machine."""
    return directory / wheel.sha256[:2] / wheel.sha256 / wheel.filename


def check_wheels(
    store: Store,
    wheel_by_wanted: Mapping[Wanted, StoredWheel],
    *,
    directory: Path,
    target_by_id: Mapping[str, Target],
) -> CheckedWheels:
    """Fetch wheels to ``directory``; leave out those that are not what their entries say."""
    wanted_by_wheel: dict[StoredWheel, list[Wanted]] = {}
    for wanted, stored in sorted(wheel_by_wanted.items()):
        wanted_by_wheel.setdefault(stored, []).append(wanted)

    def check(stored: StoredWheel) -> "Wheel | Damaged":
        try:
            path = fetch_wheel(store, stored, directory)
            targets = [target_by_id[each.target] for each in wanted_by_wheel[stored]]
            return _check_wheel(path, wanted_by_wheel[stored], targets)
        except Damaged as error:
            return error

    with ThreadPoolExecutor(WORKERS) as pool:
        results = dict(zip(wanted_by_wheel, pool.map(check, wanted_by_wheel), strict=True))
    problems = []
    good: dict[StoredWheel, Wheel] = {}
    for stored, result in results.items():
        if isinstance(result, Wheel):
            good[stored] = result
        else:
            what = f"{stored.filename} of {stored.run}: {result}; it is built"
            problems.append(create_problem(result.code, what))
    taken = _choose_copies(good, directory, problems)
    return CheckedWheels(
        wheel_by_wanted={
            wanted: taken[stored] for wanted, stored in wheel_by_wanted.items() if stored in taken
        },
        path_by_digest={each.sha256: locate_wheel(directory, each) for each in taken.values()},
        problems=tuple(problems),
    )


def fetch_wheel(store: Store, stored: StoredWheel, directory: Path) -> Path:
    """The path of a wheel below ``directory``, fetched if need be; its digest is checked."""
    path = locate_wheel(directory, stored)
    if not (path.is_file() and files.digest(path) == stored.sha256):
        store.fetch(stored, path)
    return path


def _check_wheel(path: Path, wanted: Sequence[Wanted], targets: Sequence[Target]) -> Wheel:
    try:
        opened = wheels.read(path)
    except InvalidWheel as error:
        raise Damaged("forged", str(error)) from error
    for each, target in zip(wanted, targets, strict=True):
        if (opened.project, str(opened.version)) != (each.project, each.version):
            what = f"expected {each.project} {each.version}, got {opened.project} {opened.version}"
            raise Damaged("forged", what)
        if opened.tags.isdisjoint(target.build_tags()):
            raise Damaged("forged", f"{each.target} does not install it")
    return opened


def _choose_copies(
    good: Mapping[StoredWheel, Wheel], directory: Path, problems: list["Problem"]
) -> Mapping[StoredWheel, StoredWheel]:
    """
    The wheel that is taken for each one.

    Each job class builds its own copy of a pure wheel, and a bundle holds one: the copies must hold
    the same code.
    """
    copies_by_name: dict[str, list[StoredWheel]] = {}
    for stored in good:
        copies_by_name.setdefault(stored.filename, []).append(stored)
    taken: dict[StoredWheel, StoredWheel] = {}
    for filename, copies in sorted(copies_by_name.items()):
        first = min(copies)
        for copy in copies:
            if copy.sha256 == first.sha256:
                taken[copy] = dataclasses.replace(copy, location=first.location, run=first.run)
                continue
            ours = (locate_wheel(directory, first), good[first])
            theirs = (locate_wheel(directory, copy), good[copy])
            differences = list(compare_wheels(ours, theirs))
            if runs_everywhere(filename) and not differences:
                taken[copy] = dataclasses.replace(
                    first, seconds=copy.seconds, unlocked=copy.unlocked
                )
            else:
                what = f"{filename} of {copy.run} differs from that of {first.run}; it is built"
                problems.append(create_problem("conflict", what))
    return taken
