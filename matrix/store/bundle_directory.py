"""The bundles that were released, in a directory: ``bundles/`` of a shared directory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from matrix.edge import files
from matrix.errors import DigestMismatch
from matrix.record import schema
from matrix.store.lookup import Damaged, StoredWheel
from matrix.store.released import MOST_RECORDS, ReleasedBundle
from matrix.store.released_records import BuiltNames, parse_record

DIRECTORY = "bundles"


class BundleDirectory:
    """Sealed bundles called ``bundle``, each in a directory of its own."""

    def __init__(self, root: Path, *, bundle: str) -> None:
        self._root = root
        self._bundle = bundle

    @property
    def lines(self) -> Sequence[str]:
        """Nothing: a bundle that cannot be read is an error."""
        return ()

    def list_bundles(self) -> Iterator[ReleasedBundle]:
        """The bundles with the highest sequences first; one that cannot be read is an error."""
        bundles = [
            ReleasedBundle(release=path.parent.name, record=_read(path))
            for path in sorted(self._root.glob(f"*/{schema.FILENAME}"))
        ]
        own = [each for each in bundles if each.record.name == self._bundle]
        newest = sorted(own, key=lambda each: each.record.sequence, reverse=True)
        yield from newest[:MOST_RECORDS]

    def fetch(self, release: str, wheel: StoredWheel, path: Path) -> None:
        """Copy a wheel out of a bundle."""
        source = self._root / release / "files" / wheel.filename
        if not source.is_file():
            raise Damaged("expired", f"bundle {release} has no {wheel.filename}")
        try:
            files.copy(source, path, sha256=wheel.sha256)
        except DigestMismatch as error:
            raise Damaged("damaged", error.problems[0].what) from error


def _read(path: Path) -> BuiltNames:
    with files.reading(path) as stream:
        return parse_record(stream.read(), place=str(path))
