"""Add files to a toolchain that were downloaded on another machine."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from matrix.edge import files
from matrix.errors import DigestMismatch, MatrixError, Problem, UsageError
from matrix.toolchain import directory, placement
from matrix.toolchain.document import Download, Toolchain


def add_files(paths: Sequence[Path], *, root: Path) -> Toolchain:
    """
    Place ``paths`` in the toolchain ``root``, whose record lists files of these names as missing.

    Every digest is checked before a file is placed, and every problem is reported.
    """
    toolchain = directory.read_record(root)
    download_by_name = {
        missing.download.name: missing.download for missing in toolchain.missing if missing.download
    }
    _refuse_unknown(paths, download_by_name, toolchain, root)
    _refuse_damaged(paths, download_by_name, root)
    contents = list(toolchain.contents)
    added = set()
    for path in paths:
        download = download_by_name[path.name]
        try:
            placed = placement.place_file(download, path, root=root)
        except placement.UnexpectedArchive as error:
            raise MatrixError(Problem(place=str(path), what=str(error))) from error
        contents += placed
        added.add(path.name)
    completed = dataclasses.replace(
        toolchain,
        contents=tuple(sorted(contents)),
        missing=tuple(each for each in toolchain.missing if each.name not in added),
    )
    directory.write_record(completed, root=root)
    return completed


def _refuse_unknown(
    paths: Sequence[Path],
    download_by_name: Mapping[str, Download],
    toolchain: Toolchain,
    root: Path,
) -> None:
    sources = {content.source for content in toolchain.contents}
    problems = []
    for path in paths:
        if path.name not in download_by_name:
            what = f"the toolchain has no missing file {path.name!r}"
            if path.name in sources:
                what = f"the toolchain already has {path.name!r}"
            hint = f"see {root / directory.MISSING}"
            problems.append(Problem(place=str(path), what=what, hint=hint))
    if problems:
        raise UsageError.of(problems)


def _refuse_damaged(
    paths: Sequence[Path], download_by_name: Mapping[str, Download], root: Path
) -> None:
    problems = []
    for path in paths:
        expected, actual = download_by_name[path.name].sha256, files.digest(path)
        if expected and actual != expected:
            what = f"expected sha256 {expected}, got {actual}"
            hint = f"fetch it again: sh {root / directory.FETCH}"
            problems.append(Problem(place=str(path), what=what, hint=hint))
    if problems:
        raise DigestMismatch.of(problems)
