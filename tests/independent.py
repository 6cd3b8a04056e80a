"""
Whether a lock's solution is one, and whether there is none: a second opinion from ``packaging``
alone.

The checker knows nothing of the search: it walks from what was asked for, and compares what it
reached. The other half tries every combination, which only small graphs allow.
"""

from collections.abc import Iterator, Mapping, Sequence

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name


def needs(
    asked: Sequence[str], requires: Mapping[str, Sequence[str]], environment: Mapping[str, str]
) -> Iterator[tuple[str, str, Requirement]]:
    """
    What is needed, walking from ``asked``: who says so (``app``, ``app[more]`` or nobody), its
    text, and the same parsed.
    """
    todo, reached = [("", text, "") for text in asked], set[tuple[str, str]]()
    while todo:
        by, text, extra = todo.pop()
        need = Requirement(text)
        if need.marker and not need.marker.evaluate({**environment, "extra": extra}):
            continue
        yield by, text, need
        name = canonicalize_name(need.name)
        for each in sorted({("", name), *((extra, name) for extra in need.extras)} - reached):
            reached.add(each)
            holder = f"{name}[{each[0]}]" if each[0] else name
            todo += [(holder, line, each[0]) for line in requires.get(name, ())]


def faults(
    asked: Sequence[str],
    pins: Mapping[str, str],
    requires: Mapping[str, Sequence[str]],
    requires_python: Mapping[str, str],
    environment: Mapping[str, str],
) -> list[str]:
    """What is wrong with ``pins`` as an answer to ``asked`` (by project: metadata of its pin)."""
    python = environment["python_full_version"]
    said = [
        f"{name} {version} does not run on {python}"
        for name, version in pins.items()
        if not SpecifierSet(requires_python[name]).contains(python, prereleases=True)
    ]
    reached = set[str]()
    for _, text, need in needs(asked, requires, environment):
        name = canonicalize_name(need.name)
        if name in pins and need.specifier.contains(pins[name], prereleases=True):
            reached.add(name)
        else:
            said.append(f"{text} is not answered by {name} {pins.get(name)}")
    return [*said, *(f"{name} is needed by nobody" for name in sorted(pins.keys() - reached))]


Releases = Mapping[str, Mapping[str, Sequence[str]]]
"""Project to version to requirements: what a target could install."""


def solutions(
    asked: Sequence[str], releases: Releases, environment: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Every way to install ``asked``, by trying all of them."""
    first = [(text, "") for text in asked]
    yield from _solutions(first, {}, frozenset(), releases, environment)


def _solutions(
    todo: Sequence[tuple[str, str]],
    pins: Mapping[str, str],
    done: frozenset[tuple[str, str]],
    releases: Releases,
    environment: Mapping[str, str],
) -> Iterator[dict[str, str]]:
    if not todo:
        yield dict(pins)
        return
    (text, extra), rest = todo[0], todo[1:]
    need = Requirement(text)
    if need.marker and not need.marker.evaluate({**environment, "extra": extra}):
        yield from _solutions(rest, pins, done, releases, environment)
        return
    name = canonicalize_name(need.name)
    for version in [pins[name]] if name in pins else releases.get(name, {}):
        if need.specifier.contains(version, prereleases=True):
            new = {(each, name) for each in ("", *need.extras)} - done
            lines = [(line, each) for each, _ in sorted(new) for line in releases[name][version]]
            more = ([*lines, *rest], {**pins, name: version}, done | new)
            yield from _solutions(*more, releases, environment)
