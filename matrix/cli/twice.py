"""``build --twice``: the same jobs again, and their wheels compared."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from matrix.builds.comparison import compare_builds
from matrix.edge.progress import Reporter
from matrix.errors import BuildFailed, Problem


def compare(
    wheels: Sequence[Path],
    again: Callable[[Path], tuple[Path, ...]],
    *,
    cache: Path,
    reporter: Reporter,
) -> None:
    """
    Build ``again`` into a directory of its own; raise ``BuildFailed`` for every difference.

    The first wheels stay as they are: they are as good as before, and another build of them is not
    the same file.
    """
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        lines = compare_builds(wheels, again(Path(directory)))
    if lines:
        raise BuildFailed(*(Problem(place="built twice", what=line) for line in lines))
    reporter.say(f"built twice: the same bytes ({len(wheels)} wheels)")
