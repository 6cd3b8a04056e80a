"""Whether a record makes sense by itself, before any file is looked at."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from packaging.version import InvalidVersion, Version

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.errors import Problem
from matrix.record import schema
from matrix.record.schema import Record, RecordedTarget
from matrix.verify import tree

# PEP 508. A variable that is not there would be taken from the machine that proves.
_MARKER_VARIABLES: Final = frozenset(
    {
        "implementation_name",
        "implementation_version",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_release",
        "platform_system",
        "platform_version",
        "python_full_version",
        "python_version",
        "sys_platform",
    }
)


def proof_path(target: str) -> str:
    """Where a bundle keeps the proofs of ``target``."""
    return f"proof/{target}.json"


def environment_path(target: str) -> str:
    """Where a bundle keeps the marker environment and tags of ``target``."""
    return f"targets/{target}/env.json"


def problems(record: Record) -> Iterator[Problem]:
    """Everything in which ``record`` contradicts itself, or names what no bundle can hold."""
    for what in (*_empty(record), *_names(record), *_references(record), *_owed(record)):
        yield Problem(place=schema.FILENAME, what=what)
    for target in record.targets:
        yield from _target(target)
    yield from _releases(record)


def _empty(record: Record) -> Iterator[str]:
    if not record.wheels:
        yield "expected wheels, got none"
    if not record.targets:
        yield "expected targets, got none"
    if not record.wishes:
        yield "expected wishes, got none"


def _names(record: Record) -> Iterator[str]:
    """Names become parts of paths, here and at the destination."""
    ids = [target.id for target in record.targets]
    for name in sorted({record.name, *ids, *(one.filename for one in record.wheels)}):
        if "/" in name:
            yield f"expected the name of one file or directory, got {name!r}"
        else:
            yield from (f"{problem.place} {problem.what}" for problem in tree.portable([name]))
    paths = [f"files/{one.filename}" for one in record.wheels]
    paths += [schema.FILENAME, *(file.path for file in record.files)]
    for path, count in sorted(Counter(paths).items()):
        if count > 1:
            yield f"{path!r} is listed {count} times"
    for problem in tree.portable(set(paths)):
        yield f"{problem.place} {problem.what}"
    for name, count in sorted(Counter(ids).items()):
        if count > 1:
            yield f"{count} targets are named {name!r}"


def _references(record: Record) -> Iterator[str]:
    named = {target for wish in record.wishes for target in wish.targets}
    named |= {target for one in record.wheels for target in one.targets}
    named |= {one.target for one in record.missing}
    for target in sorted(named - {target.id for target in record.targets}):
        yield f"names {target!r}, which is none of its targets"


def _owed(record: Record) -> Iterator[str]:
    """The files that every bundle has and this record does not list."""
    owed = [f"files/{one.filename}.metadata" for one in record.wheels]
    for target in record.targets:
        owed += [environment_path(target.id), proof_path(target.id)]
    for path in sorted(set(owed) - {file.path for file in record.files}):
        yield f"does not list {path!r}"


def _target(target: RecordedTarget) -> Iterator[Problem]:
    place = f"{schema.FILENAME}: targets.{target.id}"
    variables = target.marker_environment
    for name in sorted(_MARKER_VARIABLES ^ variables.keys()):
        said = "unknown" if name in variables else "missing"
        yield Problem(place=place, what=f"{said} marker variable {name!r}")
    full = variables.get("python_full_version", "")
    if full != target.python_full_version or not _is_version(full):
        what = f"expected python_full_version {target.python_full_version!r}, got {full!r}"
        yield Problem(place=place, what=what)


def _releases(record: Record) -> Iterator[Problem]:
    for lack in record.missing:
        if not _is_version(lack.version):
            what = f"expected a version of missing {lack.project!r}, got {lack.version!r}"
            yield Problem(place=schema.FILENAME, what=what)
    for one in record.wheels:
        try:
            name = wheel.parse_filename(one.filename)
        except InvalidWheel as error:
            yield Problem(place=schema.FILENAME, what=str(error))
            continue
        expected, got = f"{name.project} {name.version}", f"{one.project} {one.version}"
        if expected != got:
            what = f"expected {one.filename} to be recorded as {expected}, got {got}"
            yield Problem(place=schema.FILENAME, what=what)


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
