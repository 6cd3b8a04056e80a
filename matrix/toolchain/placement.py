"""
Place a downloaded file in a toolchain: copied, or unpacked as cibuildwheel would.

An unpacked directory gets its final name when it is complete.
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
        except _DAMAGE as error:
            raise UnexpectedArchive(f"{download.name} cannot be unpacked: {error}") from error
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
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            _unpack_zip(archive, download, into)
    elif download.form is Form.ARCHIVE and tarfile.is_tarfile(file):
        with tarfile.open(file) as tar:
            _unpack_tar(tar, download, into)
    else:
        raise UnexpectedArchive(f"{download.name} is not a zip or tar archive")
    if not any(into.iterdir()):
        top = _TOOLS if download.form is Form.NUGET else f"{PurePosixPath(download.into).name}/"
        raise UnexpectedArchive(f"{download.name} has no directory {top}")


def _unpack_zip(archive: zipfile.ZipFile, download: Download, into: Path) -> None:
    is_nuget = download.form is Form.NUGET
    top = _TOOLS if is_nuget else f"{PurePosixPath(download.into).name}/"
    for info in archive.infolist():
        # NuGet packages follow OPC, which quotes names like URLs.
        name = urllib.parse.unquote(info.filename) if is_nuget else info.filename
        if not name.startswith(top) or info.is_dir():
            continue
        path = into / _parse_member(name.removeprefix(top), download)
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, path.open("wb") as copy:
            shutil.copyfileobj(source, copy, files.CHUNK)


def _unpack_tar(tar: tarfile.TarFile, download: Download, into: Path) -> None:
    top = f"{PurePosixPath(download.into).name}/"
    for member in tar.getmembers():
        if member.name.startswith(top):
            name = str(_parse_member(member.name.removeprefix(top), download))
            # PEP 706: "data" refuses links that lead out, devices and the like.
            tar.extract(member.replace(name=name, deep=False), into, filter="data")


def _parse_member(name: str, download: Download) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise UnexpectedArchive(f"{download.name} has a member outside its directory: {name!r}")
    return path


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
