"""
A downloaded file into the toolchain: copied as it is, or unpacked as cibuildwheel would.

What is unpacked appears under its final name only when it is whole.
"""

import contextlib
import shutil
import tarfile
import tempfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.edge import files
from matrix.toolchain.model import Content, Download, Form

_DAMAGE: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)
_TOOLS: Final = "tools/"


class NotExpandable(ValueError):
    """Not the archive that was expected, and why."""


def place(download: Download, fetched: Path, *, root: Path) -> tuple[Content, ...]:
    """
    Put the bytes of ``fetched`` where ``download`` belongs below ``root``.

    Its digest is checked where one is known. Raises ``NotExpandable`` for what is no such archive.
    """
    destination = root / download.into
    sha256 = files.digest(fetched)
    if download.form is Form.FILE:
        files.copy(fetched, destination, sha256=download.sha256 or sha256)
    else:
        try:
            with _replacing(destination) as made:
                _unpack(download, fetched, made)
        except _DAMAGE as error:
            raise NotExpandable(f"{download.name} cannot be unpacked: {error}") from error
        except OSError as error:
            raise files.write_error(destination, error) from error
    return tuple(contents(destination, root=root, source=download.name))


@contextlib.contextmanager
def _replacing(directory: Path) -> Iterator[Path]:
    directory.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        made.chmod(0o755)
        yield made
        shutil.rmtree(directory, ignore_errors=True)
        made.rename(directory)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _unpack(download: Download, fetched: Path, into: Path) -> None:
    if zipfile.is_zipfile(fetched):
        with zipfile.ZipFile(fetched) as archive:
            _unpack_zip(archive, download, into)
    elif download.form is Form.ARCHIVE and tarfile.is_tarfile(fetched):
        with tarfile.open(fetched) as tar:
            _unpack_tar(tar, download, into)
    else:
        raise NotExpandable(f"expected {download.name} to be an archive, got something else")
    if not any(into.iterdir()):
        top = _TOOLS if download.form is Form.NUGET else f"{PurePosixPath(download.into).name}/"
        raise NotExpandable(f"expected {top} in {download.name}, got an archive without it")


def _unpack_zip(archive: zipfile.ZipFile, download: Download, into: Path) -> None:
    is_nuget = download.form is Form.NUGET
    top = _TOOLS if is_nuget else f"{PurePosixPath(download.into).name}/"
    for info in archive.infolist():
        # OPC, which NuGet packages are, quotes names as addresses do.
        name = urllib.parse.unquote(info.filename) if is_nuget else info.filename
        if not name.startswith(top) or info.is_dir():
            continue
        path = into / _inside(name.removeprefix(top), download)
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, path.open("wb") as copy:
            shutil.copyfileobj(source, copy, files.CHUNK)


def _unpack_tar(tar: tarfile.TarFile, download: Download, into: Path) -> None:
    top = f"{PurePosixPath(download.into).name}/"
    for member in tar.getmembers():
        if member.name.startswith(top):
            name = str(_inside(member.name.removeprefix(top), download))
            # PEP 706: "data" refuses links that lead out, devices and the like.
            tar.extract(member.replace(name=name, deep=False), into, filter="data")


def _inside(name: str, download: Download) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise NotExpandable(f"{download.name} has a member that leads out of it: {name!r}")
    return path


def contents(path: Path, *, root: Path, source: str) -> Iterator[Content]:
    """Every file at or below ``path``, by its path below ``root``, sorted."""
    found = [path] if path.is_file() else sorted(each for each in path.rglob("*"))
    for each in found:
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
