"""A locked file from the index, refused when the index has other bytes under its name."""

from pathlib import Path

from packaging.utils import canonicalize_name

from matrix.errors import DigestMismatch, Problem
from matrix.index.client import Index


def fetch_locked_file(index: Index, project: str, filename: str, sha256: str) -> Path:
    """A local copy of the file; raises ``DigestMismatch`` unless it has that digest."""
    file = index.find_file(canonicalize_name(project), filename)
    if file.sha256 != sha256:
        # Before a byte is fetched: the index itself lists other bytes than the lock.
        raise DigestMismatch(
            Problem(
                place=filename,
                what=f"expected sha256 {sha256}, got {file.sha256} from {index.address}",
                hint=f"find out who replaced it; then wheelyard lock --upgrade {project}",
            )
        )
    return index.fetch_file(file)
