"""Plain tables: columns as wide as they must be, numbers to the right."""

from collections.abc import Iterable, Sequence

from matrix.errors import printable


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """
    A table whose first column is text and whose others are numbers.

    >>> print(table(["target", "build"], [["cp312-win_amd64", "3"]]), end="")
    target           build
    cp312-win_amd64      3
    """
    lines = [[printable(cell) for cell in row] for row in (heading, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    return "".join(_line(line, widths) + "\n" for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    numbers = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join([first, *numbers]).rstrip()
