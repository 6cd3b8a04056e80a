"""Whether a record makes sense by itself, before any file is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from packaging.version import Version

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.errors import Problem
from matrix.record import layout, schema
from matrix.record.schema import Record, RecordedTarget, RecordedWheel
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


def find_problems(record: Record) -> Iterator[Problem]:
    """Yield everything in which ``record`` contradicts itself, or names what no bundle can hold."""
    for what in (
        *_check_identity(record),
        *_check_empty(record),
        *_check_names(record),
        *_check_targets(record),
        *_check_files(record),
        *_check_releases(record),
        *_check_twins(record),
        *_check_keys(record),
    ):
        yield Problem(place=schema.FILENAME, what=what)
    for target in record.targets:
        yield from _check_target(target)


def _check_identity(record: Record) -> Iterator[str]:
    if not schema.is_name(record.name):
        yield f"name: expected letters, digits and hyphens, got {record.name!r}"
    if not schema.is_version(record.version):
        yield f"version: expected letters, digits, dots and hyphens, got {record.version!r}"


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
    names = {*ids, *(recorded.filename for recorded in record.wheels)}
    for name in sorted(name for name in names if "/" in name):
        yield f"expected the name of one file or directory, got {name!r}"
    names |= {recorded.project for recorded in record.wheels}
    for problem in tree.find_unportable(names):
        yield f"{problem.place} {problem.what}"
    paths = [layout.locate_wheel(recorded.filename) for recorded in record.wheels]
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
    names |= {excluded.target for wish in record.wishes for excluded in wish.excluded}
    names |= {target for recorded in record.wheels for target in recorded.targets}
    names |= {missing.target for missing in record.missing}
    for name in sorted(names - {target.id for target in record.targets}):
        yield f"refers to the unknown target {name!r}"


def _check_files(record: Record) -> Iterator[str]:
    """Compare the paths that the record lists with those that every bundle has."""
    paths = {file.path for file in record.files}
    expected = layout.list_paths(record)
    for path in sorted(expected - paths):
        yield f"does not list {path!r}"
    for path in sorted(paths - expected - layout.OPTIONAL):
        yield f"lists {path!r}, which no bundle holds"


def _check_releases(record: Record) -> Iterator[str]:
    for missing in record.missing:
        if not _is_version(missing.version):
            yield f"expected a version of missing {missing.project!r}, got {missing.version!r}"
    for recorded in record.wheels:
        try:
            name = wheel.parse_filename(recorded.filename)
        except InvalidWheel as error:
            yield str(error)
            continue
        expected, got = f"{name.project} {name.version}", f"{recorded.project} {recorded.version}"
        if expected != got:
            yield f"expected {recorded.filename} to be recorded as {expected}, got {got}"


def _check_twins(record: Record) -> Iterator[str]:
    """Two spellings of one release with other bytes: installers take different ones."""
    first_by_identity: dict[wheel.Identity, RecordedWheel] = {}
    for recorded in record.wheels:
        try:
            identity = wheel.parse_filename(recorded.filename).identity
        except InvalidWheel:
            continue
        first = first_by_identity.setdefault(identity, recorded)
        if first.sha256 != recorded.sha256:
            yield f"{first.filename} and {recorded.filename} are one release with two digests"


def _check_keys(record: Record) -> Iterator[str]:
    """The next plan pairs the keys of a wheel with its targets."""
    for recorded in record.wheels:
        keys = len(recorded.content_keys), len(recorded.test_keys)
        expected = 0 if recorded.origin == "published" else len(recorded.targets)
        if keys != (expected, expected):
            yield (
                f"expected {expected} content keys and test keys of {recorded.filename}, "
                f"got {keys[0]} and {keys[1]}"
            )


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
    if target.platform not in {tag.rpartition("-")[2] for tag in target.tags}:
        yield Problem(place=place, what=f"no tag is for its platform {target.platform!r}")


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except ValueError:  # InvalidVersion, and integers of more digits than Python converts
        return False
    return True
