"""Environment markers that select some of the interpreters of runners."""

from collections.abc import Collection

from matrix.targets.target import Target


def format_marker(selected: Collection[Target], hosts: Collection[Target]) -> str:
    """
    Return a marker that is true on ``selected`` and false on the other ``hosts``.

    >>> hosts = [Target.parse(f"3.{n}.0", p) for n in (12, 13) for p in ("win_amd64", "win_arm64")]
    >>> format_marker(hosts[:2], hosts)
    "python_version == '3.12'"
    >>> format_marker(hosts[::2], hosts)
    "platform_machine == 'AMD64'"
    """
    if len(set(selected)) == len(set(hosts)):
        return ""
    pythons_by_system: dict[tuple[str, str], set[str]] = {}
    for target in selected:
        pythons_by_system.setdefault(_find_system(target), set()).add(_find_python(target))
    systems_by_pythons: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for system, versions in sorted(pythons_by_system.items()):
        systems_by_pythons.setdefault(tuple(sorted(versions)), []).append(system)
    every_python = {_find_python(target) for target in hosts}
    terms = []
    for pythons, systems in sorted(systems_by_pythons.items()):
        where = _format_systems(systems, {_find_system(target) for target in hosts})
        clauses = [f"python_version == '{python}'" for python in pythons]
        when = "" if set(pythons) == every_python else _join("or", clauses)
        terms.append(_join("and", [part for part in (when, where) if part]))
    return " or ".join(terms) if len(terms) > 1 else _strip_parentheses(terms[0])


def _strip_parentheses(text: str) -> str:
    """Remove the outer pair, which stands around the whole text or not at all."""
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and position < len(text) - 1:
            return text
    return text[1:-1]


def _join(word: str, terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({f' {word} '.join(terms)})"


def _format_systems(
    selected: Collection[tuple[str, str]], systems: Collection[tuple[str, str]]
) -> str:
    if set(selected) == set(systems):
        return ""
    machines_by_platform: dict[str, list[str]] = {}
    for platform, machine in sorted(selected):
        machines_by_platform.setdefault(platform, []).append(machine)
    terms = []
    for platform, machines in machines_by_platform.items():
        known = {machine for name, machine in systems if name == platform}
        parts = []
        if len({name for name, _ in systems}) > 1:
            parts.append(f"sys_platform == '{platform}'")
        if set(machines) != known:
            parts.append(_join("or", [f"platform_machine == '{each}'" for each in machines]))
        terms.append(_join("and", parts))
    return _join("or", terms)


def _find_system(target: Target) -> tuple[str, str]:
    environment = target.marker_environment()
    return environment["sys_platform"], environment["platform_machine"]


def _find_python(target: Target) -> str:
    return target.marker_environment()["python_version"]
