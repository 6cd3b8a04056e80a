"""
Place a downloaded file in a toolchain: copied, or unpacked as cibuildwheel would.

An unpacked directory gets its final name when it is complete.
"""

import contextlib
import shutil
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.edge import archives, files
from matrix.edge.archives import InvalidArchive
from matrix.toolchain.document import Content, Download, Form

_TOOLS: Final = "tools/"


class UnexpectedArchive(ValueError):
    """A file is not the archive that was expected."""


def place_file(download: Download, file: Path, *, root: Path) -> tuple[Content, ...]:
    """
    Copy or unpack ``file`` to the place of ``download`` below ``root``.

    Its digest is checked if one is known. Raises ``UnexpectedArchive``.
    """
    destination = root / download.into
    sha256 = files.digest(file)
    if download.form is Form.FILE:
        files.copy(file, destination, sha256=download.sha256 or sha256)
    else:
        try:
            with _replacing(destination) as scratch:
                _unpack(download, file, scratch)
        except InvalidArchive as error:
            raise UnexpectedArchive(str(error)) from error
        except OSError as error:
            raise files.write_error(destination, error) from error
    return tuple(list_contents(destination, root=root, source=download.name))


@contextlib.contextmanager
def _replacing(directory: Path) -> Iterator[Path]:
    directory.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        scratch.chmod(0o755)
        yield scratch
        shutil.rmtree(directory, ignore_errors=True)
        scratch.rename(directory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpack(download: Download, file: Path, into: Path) -> None:
    is_nuget = download.form is Form.NUGET
    top = _TOOLS if is_nuget else f"{PurePosixPath(download.into).name}/"

    def rename(name: str) -> str | None:
        # NuGet packages follow OPC, which quotes names like URLs.
        name = urllib.parse.unquote(name) if is_nuget else name
        if "\\" in name or ":" in name:  # names for Windows, unpacked anywhere
            raise InvalidArchive(f"member {name!r} leads out of the archive")
        return name[len(top) :] if name.startswith(top) else None

    archives.unpack(file, into, rename=rename, name=download.name)
    if not any(into.iterdir()):
        raise UnexpectedArchive(f"{download.name} has no directory {top}")


def list_contents(path: Path, *, root: Path, source: str) -> Iterator[Content]:
    """Yield every file at or below ``path``, sorted by its path below ``root``."""
    for each in [path] if path.is_file() else sorted(path.rglob("*")):
        name = each.relative_to(root).as_posix()
        if each.is_symlink():
            link = each.readlink().as_posix()
            yield Content(path=name, sha256="", size=0, source=source, link=link)
        elif each.is_file():
            stat = each.stat()
            yield Content(
                path=name,
                sha256=files.digest(each),
                size=stat.st_size,
                source=source,
                is_executable=bool(stat.st_mode & 0o100),
            )
