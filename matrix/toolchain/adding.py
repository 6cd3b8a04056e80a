"""Take files into a toolchain that another machine has fetched for it."""

from collections.abc import Sequence
from pathlib import Path

from matrix.edge import files
from matrix.errors import DigestMismatch, MatrixError, Problem, UsageError
from matrix.toolchain import directory, expanding
from matrix.toolchain.model import Download, Toolchain


def add(paths: Sequence[Path], *, root: Path) -> Toolchain:
    """
    Put ``paths`` where the record of ``root`` misses files of their names.

    Every digest is checked before anything is placed; all that is wrong is told at once.
    """
    toolchain = directory.load(root)
    wanted = {one.download.name: one.download for one in toolchain.missing if one.download}
    _refuse_unknown(paths, wanted, toolchain)
    _refuse_damaged(paths, wanted)
    contents = list(toolchain.contents)
    added = set()
    for path in paths:
        download = wanted[path.name]
        try:
            placed = expanding.place(download, path, root=root)
        except expanding.NotExpandable as error:
            raise MatrixError(Problem(place=str(path), what=str(error))) from error
        contents += placed
        added.add(path.name)
    made = Toolchain(
        services=toolchain.services,
        contents=tuple(sorted(contents)),
        missing=tuple(one for one in toolchain.missing if one.name not in added),
        images=toolchain.images,
    )
    directory.write(made, root=root)
    return made


def _refuse_unknown(
    paths: Sequence[Path], wanted: dict[str, Download], toolchain: Toolchain
) -> None:
    known = {one.source for one in toolchain.contents}
    problems = []
    for path in paths:
        if path.name not in wanted:
            what = "expected a file that the toolchain lacks, got "
            what += "one that it has" if path.name in known else f"{path.name!r}"
            hint = f"see {directory.MISSING}"
            problems.append(Problem(place=str(path), what=what, hint=hint))
    if problems:
        raise UsageError.of(problems)


def _refuse_damaged(paths: Sequence[Path], wanted: dict[str, Download]) -> None:
    problems = []
    for path in paths:
        expected, actual = wanted[path.name].sha256, files.digest(path)
        if expected and actual != expected:
            what = f"expected sha256 {expected}, got {actual}"
            hint = f"fetch it again: sh {directory.FETCH}"
            problems.append(Problem(place=str(path), what=what, hint=hint))
    if problems:
        raise DigestMismatch.of(problems)
