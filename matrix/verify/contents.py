"""Whether the files of a bundle are those of its record, byte for byte and page for page."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel, Wheel
from matrix.edge import files
from matrix.errors import MatrixError, Problem
from matrix.record import environment, pages, schema
from matrix.record.schema import Record, RecordedFile, RecordedWheel
from matrix.verify import consistency

# From a project's page up to the directory that holds files/.
UNION_PREFIX: Final = "../../"
TARGET_PREFIX: Final = "../../../../"


def pages_of(wheels: Collection[RecordedWheel], targets: Iterable[str]) -> dict[str, str]:
    """Every page of the union view and of each target's own, by its path below the top."""
    texts = _below("simple", pages.pages(wheels, files_prefix=UNION_PREFIX))
    for target in targets:
        own = [one for one in wheels if target in one.targets]
        made = pages.pages(own, files_prefix=TARGET_PREFIX)
        texts |= _below(f"targets/{target}/simple", made)
    return texts


def _below(directory: str, texts: Mapping[str, str]) -> dict[str, str]:
    return {f"{directory}/{path}": text for path, text in texts.items()}


def problems(record: Record, found: Mapping[str, Path]) -> Iterator[Problem]:
    """Everything in which the files in ``found`` are not what ``record`` says."""
    inconsistent = list(consistency.problems(record))
    yield from inconsistent
    expected = _expected_files(record)
    yield from _presence(expected, found)
    for path in sorted(expected.keys() & found.keys()):
        yield from _bytes(expected[path], found[path])
    for one in record.wheels:
        yield from _wheel(one, found)
    if not inconsistent:
        # Pages can be made only of a record that makes sense.
        yield from _texts(record, found)


def _expected_files(record: Record) -> dict[str, RecordedFile]:
    expected = {file.path: file for file in record.files}
    for one in record.wheels:
        path = f"files/{one.filename}"
        expected[path] = RecordedFile(path=path, size=one.size, sha256=one.sha256)
    return expected


def _presence(expected: Mapping[str, RecordedFile], found: Mapping[str, Path]) -> Iterator[Problem]:
    for path in sorted(expected.keys() - found.keys()):
        yield Problem(place=path, what="is in the record, but not in the bundle")
    for path in sorted(found.keys() - expected.keys() - {schema.FILENAME}):
        yield Problem(place=path, what="is in the bundle, but not in the record")


def _bytes(expected: RecordedFile, path: Path) -> Iterator[Problem]:
    try:
        size, sha256 = path.stat().st_size, files.digest(path)
    except OSError as error:
        yield Problem(place=expected.path, what=f"cannot be read: {error.strerror or error}")
        return
    except MatrixError as error:
        yield from error.problems
        return
    if size != expected.size:
        yield Problem(place=expected.path, what=f"expected {expected.size} bytes, got {size}")
    elif sha256 != expected.sha256:
        what = f"expected sha256 {expected.sha256}, got {sha256}"
        yield Problem(place=expected.path, what=what)


def _wheel(recorded: RecordedWheel, found: Mapping[str, Path]) -> Iterator[Problem]:
    place = f"files/{recorded.filename}"
    if place not in found:
        return
    try:
        opened = wheel.read(found[place])
    except InvalidWheel as error:
        yield Problem(place=place, what=str(error))
        return
    except MatrixError as error:
        yield from error.problems
        return
    if not _is_same(recorded.requires_python, opened.metadata.requires_python):
        expected = str(opened.metadata.requires_python)
        what = (
            f"expected requires_python {expected!r} in the record, got {recorded.requires_python!r}"
        )
        yield Problem(place=place, what=what)
    yield from _sidecar(recorded, opened, found)


def _is_same(text: str, specifier: SpecifierSet) -> bool:
    try:
        return SpecifierSet(text) == specifier
    except InvalidSpecifier:
        return False


def _sidecar(
    recorded: RecordedWheel, opened: Wheel, found: Mapping[str, Path]
) -> Iterator[Problem]:
    place = f"files/{recorded.filename}.metadata"
    if place not in found:
        return
    data = found[place].read_bytes()
    if data != opened.metadata_bytes:
        yield Problem(place=place, what="is not the METADATA inside the wheel")
    elif files.digest(found[place]) != recorded.metadata_sha256:
        what = f"expected the record's metadata_sha256 {recorded.metadata_sha256}, got another"
        yield Problem(place=place, what=what)


def _texts(record: Record, found: Mapping[str, Path]) -> Iterator[Problem]:
    """Pages and environments, made again and compared."""
    texts = pages_of(record.wheels, [target.id for target in record.targets])
    for target in record.targets:
        texts[consistency.environment_path(target.id)] = environment.dump(target)
    for path in sorted(texts):
        if path not in found:
            yield Problem(place=path, what="is not in the bundle")
        elif found[path].read_bytes() != texts[path].encode("utf-8"):
            yield Problem(place=path, what="is not what the record's wheels make it")
    roots = ["simple/", *(f"targets/{target.id}/simple/" for target in record.targets)]
    for path in sorted(found.keys() - texts.keys()):
        if path.startswith(tuple(roots)):
            yield Problem(place=path, what="is not a page of the record's wheels")
