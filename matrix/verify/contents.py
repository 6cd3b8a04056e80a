"""Whether the files of a bundle are those of its record, byte for byte and page for page."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from packaging.specifiers import SpecifierSet

from matrix.distributions import wheel as wheels
from matrix.distributions.wheel import InvalidWheel, Wheel
from matrix.errors import MatrixError, NotVerified, Problem
from matrix.record import checksums, environment, layout, pages, schema
from matrix.record.schema import Record, RecordedFile, RecordedWheel
from matrix.verify import consistency, reading

# From a project's page up to the directory that holds files/.
UNION_PREFIX: Final = "../../"
TARGET_PREFIX: Final = "../../../../"
_UNLISTED: Final = frozenset({schema.FILENAME, schema.SIGNATURE})


def render_all_pages(wheels: Collection[RecordedWheel], targets: Iterable[str]) -> dict[str, str]:
    """Render every page of the union view and of each target's view, by its path in a bundle."""
    texts = _prefix_paths("simple", pages.render_pages(wheels, files_prefix=UNION_PREFIX))
    for target in targets:
        shown = [wheel for wheel in wheels if target in wheel.targets]
        target_pages = pages.render_pages(shown, files_prefix=TARGET_PREFIX)
        texts |= _prefix_paths(f"targets/{target}/simple", target_pages)
    return texts


def _prefix_paths(directory: str, texts: Mapping[str, str]) -> dict[str, str]:
    return {f"{directory}/{path}": text for path, text in texts.items()}


def find_problems(record: Record, path_by_name: Mapping[str, Path]) -> Iterator[Problem]:
    """Yield everything in which the files of a bundle differ from its ``record``."""
    inconsistent = list(consistency.find_problems(record))
    yield from inconsistent
    file_by_name = _index_files(record)
    yield from _compare_names(file_by_name, path_by_name)
    for name in sorted(file_by_name.keys() & path_by_name.keys()):
        yield from compare_bytes(file_by_name[name], path_by_name[name])
    for recorded in record.wheels:
        yield from _compare_wheel(recorded, path_by_name)
    if not inconsistent:
        # Pages can be rendered only from a record that makes sense.
        yield from _compare_texts(record, path_by_name)


def _index_files(record: Record) -> dict[str, RecordedFile]:
    file_by_name = {file.path: file for file in record.files}
    for wheel in record.wheels:
        name = layout.locate_wheel(wheel.filename)
        file_by_name[name] = RecordedFile(path=name, size=wheel.size, sha256=wheel.sha256)
    return file_by_name


def _compare_names(
    file_by_name: Mapping[str, RecordedFile], path_by_name: Mapping[str, Path]
) -> Iterator[Problem]:
    for name in sorted(file_by_name.keys() - path_by_name.keys()):
        yield Problem(place=name, what="is in the record, but not in the bundle")
    for name in sorted(path_by_name.keys() - file_by_name.keys() - _UNLISTED):
        yield Problem(place=name, what="is in the bundle, but not in the record")


def compare_bytes(expected: RecordedFile, path: Path) -> Iterator[Problem]:
    """Yield a problem unless the file at ``path`` has the recorded size and digest."""
    try:
        size, sha256 = reading.measure(path, place=expected.path)
    except NotVerified as error:
        yield from error.problems
        return
    if size != expected.size:
        yield Problem(place=expected.path, what=f"expected {expected.size} bytes, got {size}")
    elif sha256 != expected.sha256:
        what = f"expected sha256 {expected.sha256}, got {sha256}"
        yield Problem(place=expected.path, what=what)


def _compare_wheel(recorded: RecordedWheel, path_by_name: Mapping[str, Path]) -> Iterator[Problem]:
    place = layout.locate_wheel(recorded.filename)
    if place not in path_by_name:
        return
    try:
        wheel = wheels.read(path_by_name[place])
    except InvalidWheel as error:
        yield Problem(place=place, what=str(error))
        return
    except MatrixError as error:
        yield from (Problem(place=place, what=problem.what) for problem in error.problems)
        return
    if not _is_same(recorded.requires_python, wheel.metadata.requires_python):
        expected = str(wheel.metadata.requires_python)
        what = (
            f"expected requires_python {expected!r} in the record, got {recorded.requires_python!r}"
        )
        yield Problem(place=place, what=what)
    yield from _compare_sidecar(recorded, wheel, path_by_name)


def _is_same(text: str, specifier: SpecifierSet) -> bool:
    try:
        return SpecifierSet(text) == specifier
    except ValueError:  # InvalidSpecifier, and integers of more digits than Python converts
        return False


def _compare_sidecar(
    recorded: RecordedWheel, wheel: Wheel, path_by_name: Mapping[str, Path]
) -> Iterator[Problem]:
    place = layout.locate_metadata(recorded.filename)
    if place not in path_by_name:
        return
    try:
        data = reading.read_bytes(path_by_name[place], place=place)
    except NotVerified as error:
        yield from error.problems
        return
    digest = hashlib.sha256(data).hexdigest()
    if data != wheel.metadata_bytes:
        yield Problem(place=place, what="is not the METADATA inside the wheel")
    elif digest != recorded.metadata_sha256:
        what = f"expected metadata_sha256 {digest} in the record, got {recorded.metadata_sha256}"
        yield Problem(place=place, what=what)


def _compare_texts(record: Record, path_by_name: Mapping[str, Path]) -> Iterator[Problem]:
    """Compare everything that the record gives: all but wheels, proofs, SBOM, notes and page."""
    texts = render_all_pages(record.wheels, [target.id for target in record.targets])
    for target in record.targets:
        shown = [wheel for wheel in record.wheels if target.id in wheel.targets]
        texts[layout.locate_environment(target.id)] = environment.dump(target)
        texts[layout.locate_requirements(target.id)] = checksums.render_requirements(shown)
    texts[layout.CHECKSUMS] = checksums.render_checksums(record)
    for place in sorted(texts.keys() & path_by_name.keys()):
        try:
            data = reading.read_bytes(path_by_name[place], place=place)
        except NotVerified as error:
            yield from error.problems
            continue
        if data != texts[place].encode("utf-8"):
            yield Problem(place=place, what="is not what the record gives")
