"""Whether a record makes sense by itself, before any file is read."""

from __future__ import annotations

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

# PEP 508. A missing variable would be taken from the machine that proves.
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
    """The path of the proofs of ``target`` in a bundle."""
    return f"proof/{target}.json"


def environment_path(target: str) -> str:
    """The path of the marker environment and tags of ``target`` in a bundle."""
    return f"targets/{target}/env.json"


def find_problems(record: Record) -> Iterator[Problem]:
    """Yield everything in which ``record`` contradicts itself, or names what no bundle can hold."""
    for what in (
        *_check_empty(record),
        *_check_names(record),
        *_check_targets(record),
        *_check_files(record),
    ):
        yield Problem(place=schema.FILENAME, what=what)
    for target in record.targets:
        yield from _check_target(target)
    yield from _check_releases(record)


def _check_empty(record: Record) -> Iterator[str]:
    if not record.wheels:
        yield "expected wheels, got none"
    if not record.targets:
        yield "expected targets, got none"
    if not record.wishes:
        yield "expected requirements, got none"


def _check_names(record: Record) -> Iterator[str]:
    """Names become parts of paths, here and at the destination."""
    ids = [target.id for target in record.targets]
    for name in sorted({record.name, *ids, *(recorded.filename for recorded in record.wheels)}):
        if "/" in name:
            yield f"expected the name of one file or directory, got {name!r}"
        else:
            yield from (
                f"{problem.place} {problem.what}" for problem in tree.find_unportable([name])
            )
    paths = [f"files/{recorded.filename}" for recorded in record.wheels]
    paths += [schema.FILENAME, *(file.path for file in record.files)]
    for path, count in sorted(Counter(paths).items()):
        if count > 1:
            yield f"{path!r} is listed {count} times"
    for problem in tree.find_unportable(set(paths)):
        yield f"{problem.place} {problem.what}"
    for name, count in sorted(Counter(ids).items()):
        if count > 1:
            yield f"{count} targets are named {name!r}"


def _check_targets(record: Record) -> Iterator[str]:
    names = {target for requirement in record.wishes for target in requirement.targets}
    names |= {target for recorded in record.wheels for target in recorded.targets}
    names |= {missing.target for missing in record.missing}
    for name in sorted(names - {target.id for target in record.targets}):
        yield f"refers to the unknown target {name!r}"


def _check_files(record: Record) -> Iterator[str]:
    """Name the files that every bundle has and this record does not list."""
    required = [f"files/{recorded.filename}.metadata" for recorded in record.wheels]
    for target in record.targets:
        required += [environment_path(target.id), proof_path(target.id)]
    for path in sorted(set(required) - {file.path for file in record.files}):
        yield f"does not list {path!r}"


def _check_target(target: RecordedTarget) -> Iterator[Problem]:
    place = f"{schema.FILENAME}: targets.{target.id}"
    variables = target.marker_environment
    for name in sorted(_MARKER_VARIABLES ^ variables.keys()):
        state = "unknown" if name in variables else "missing"
        yield Problem(place=place, what=f"{state} marker variable {name!r}")
    full = variables.get("python_full_version", "")
    if full != target.python_full_version or not _is_version(full):
        what = f"expected python_full_version {target.python_full_version!r}, got {full!r}"
        yield Problem(place=place, what=what)


def _check_releases(record: Record) -> Iterator[Problem]:
    for missing in record.missing:
        if not _is_version(missing.version):
            what = f"expected a version of missing {missing.project!r}, got {missing.version!r}"
            yield Problem(place=schema.FILENAME, what=what)
    for recorded in record.wheels:
        try:
            name = wheel.parse_filename(recorded.filename)
        except InvalidWheel as error:
            yield Problem(place=schema.FILENAME, what=str(error))
            continue
        expected, got = f"{name.project} {name.version}", f"{recorded.project} {recorded.version}"
        if expected != got:
            what = f"expected {recorded.filename} to be recorded as {expected}, got {got}"
            yield Problem(place=schema.FILENAME, what=what)


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
