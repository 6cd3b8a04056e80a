"""
A toolchain for builds: a writable copy of its cache, and the environment variables that name it.

cibuildwheel writes locks into its cache and deletes installers after use, so it gets a copy. Each
record is copied once.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from matrix.configurations.pip_settings import WHEELHOUSE
from matrix.edge import files
from matrix.manifest.network import TOOLCHAIN
from matrix.toolchain import directory, integrity
from matrix.toolchain.document import CACHE, RECORD, Content, Toolchain


def equip(environment: Mapping[str, str], *, root: Path, cache: Path) -> dict[str, str]:
    """
    Add the toolchain in ``root`` to ``environment``, with its cache copied below ``cache``.

    Lanes are then installed from it alone; builds install from it and from the index.
    """
    toolchain = directory.read_record(root)
    # Checked each time, because pip installs from it each time.
    integrity.refuse_damage(root, toolchain, trees=(str(WHEELHOUSE),))
    copy = copy_cache(root, toolchain, cache=cache)
    links = " ".join([environment.get("PIP_FIND_LINKS", ""), (root / WHEELHOUSE).as_uri()])
    return {
        **environment,
        TOOLCHAIN: str(root),
        "CIBW_CACHE_PATH": str(copy),
        "PIP_FIND_LINKS": links.strip(),
    }


def copy_cache(root: Path, toolchain: Toolchain, *, cache: Path) -> Path:
    """Copy the toolchain's cache to a directory that cibuildwheel may write to."""
    copy = cache / f"toolchain-{files.digest(root / RECORD)[:16]}"
    if copy.is_dir():
        return copy
    integrity.refuse_damage(root, toolchain)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".toolchain.", dir=cache))
        try:
            for content in toolchain.contents:
                if content.path.startswith(f"{CACHE}/"):
                    _copy(root, content, scratch / content.path.removeprefix(f"{CACHE}/"))
            scratch.rename(copy)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        # Another build may have made the same copy in the meantime.
        if not copy.is_dir():
            raise files.write_error(copy, error) from error
    return copy


def _copy(root: Path, content: Content, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if content.link:
        destination.symlink_to(content.link)
        return
    shutil.copyfile(root / content.path, destination)
    # Some file systems on the way do not keep the mode.
    destination.chmod(0o755 if content.is_executable else 0o644)
