"""What changed between two locks."""

from collections.abc import Iterator

from matrix.resolve.lock import Lock


def difference(old: Lock | None, new: Lock) -> str:
    """
    One line for each project and target whose version changed, targets with the same change
    together.
    """
    before, after = _versions(old), _versions(new)
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for project, target in sorted(before.keys() | after.keys()):
        was = before.get((project, target), "")
        now = after.get((project, target), "")
        if was != now:
            grouped.setdefault((project, was, now), []).append(target)
    count = len(new.targets)
    return "".join(_line(change, targets, count) for change, targets in sorted(grouped.items()))


def _versions(lock: Lock | None) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], set[str]] = {}
    for solution in lock.solutions if lock else ():
        for target in solution.targets:
            for project, version in solution.pins:
                found.setdefault((project, target), set()).add(str(version))
    return {place: " and ".join(sorted(versions)) for place, versions in found.items()}


def _line(change: tuple[str, str, str], targets: list[str], count: int) -> str:
    project, was, now = change
    arrow = f"{was or '(none)'} -> {now or '(none)'}"
    where = "every target" if len(targets) == count else ", ".join(targets)
    return f"{project} {arrow} on {where}\n"


def summary(lock: Lock) -> Iterator[str]:
    """What the lock holds, in lines."""
    wheels = sum(file.is_wheel for file in lock.files)
    yield f"{len(lock.targets)} targets, {len({f.project for f in lock.files})} projects"
    yield f"{wheels} wheels and {len(lock.files) - wheels} sdists locked by digest"
