"""
A toolchain for builds: a writable copy of its cache, and what tells cibuildwheel and pip of it.

cibuildwheel writes locks into its cache and deletes installers that it has used, so that it gets a
copy; the copy of one record is made once.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from matrix.builds.lane_install import TOOLCHAIN, WHEELHOUSE
from matrix.edge import files
from matrix.toolchain import checking, directory
from matrix.toolchain.model import CACHE, RECORD, Content, Toolchain


def equipped(environment: Mapping[str, str], *, root: Path, cache: Path) -> dict[str, str]:
    """
    ``environment`` with the toolchain in ``root``, whose cache is copied below ``cache``.

    Lanes are then installed from it alone; what builds need beside is found in it or on the index.
    """
    toolchain = directory.load(root)
    # pip installs what it finds there, each time: it is looked at each time.
    checking.refuse_damage(root, toolchain, trees=(WHEELHOUSE,))
    copy = writable_copy(root, toolchain, cache=cache)
    found = " ".join([environment.get("PIP_FIND_LINKS", ""), (root / WHEELHOUSE).as_uri()])
    return {
        **environment,
        TOOLCHAIN: str(root),
        "CIBW_CACHE_PATH": str(copy),
        "PIP_FIND_LINKS": found.strip(),
    }


def writable_copy(root: Path, toolchain: Toolchain, *, cache: Path) -> Path:
    """A copy of the toolchain's cache that cibuildwheel may write to."""
    copy = cache / f"toolchain-{files.digest(root / RECORD)[:16]}"
    if copy.is_dir():
        return copy
    checking.refuse_damage(root, toolchain)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".toolchain.", dir=cache))
        try:
            for content in toolchain.contents:
                if content.path.startswith(f"{CACHE}/"):
                    _copy(root, content, made / content.path.removeprefix(f"{CACHE}/"))
            made.rename(copy)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        # Another build may have put its own there in the meantime.
        if not copy.is_dir():
            raise files.write_error(copy, error) from error
    return copy


def _copy(root: Path, content: Content, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if content.link:
        destination.symlink_to(content.link)
        return
    shutil.copyfile(root / content.path, destination)
    # A carrier with another file system may have forgotten it.
    destination.chmod(0o755 if content.is_executable else 0o644)
