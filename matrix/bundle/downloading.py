"""
The parts of a release from a web server: in pieces where that is possible, each digest compared.

What was fetched lies in a hidden directory until all of it is there, so an interrupted download
goes on where it ended, and a directory of that name is complete. The token of a service goes to
the host that was named, and not to where that redirects.
"""

import contextlib
import http.client
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.response import addinfourl

from matrix.edge import files, limits
from matrix.edge.progress import Reporter
from matrix.errors import DigestMismatch, IndexUnavailable, NotWritten, Problem, UsageError
from matrix.record import parts, schema
from matrix.record.parts import Part, Parts
from matrix.verify import reading

_SECONDS: Final = 60.0
_TRIES: Final = 4
_SUFFIX: Final = ".part"


class Release:
    """The directory of a release on a server."""

    def __init__(self, address: str, *, token: str = "") -> None:
        parts_of = urllib.parse.urlsplit(address)
        if parts_of.scheme not in {"http", "https"} or not parts_of.hostname or parts_of.query:
            what = "expected the address of a directory with parts.json, such as https://HOST/PATH/"
            raise UsageError(Problem(place="fetch", what=what))
        if "@" in parts_of.netloc:
            what = "expected an address without a user"
            hint = "give the token by WHEELYARD_FETCH_TOKEN"
            raise UsageError(Problem(place="fetch", what=what, hint=hint))
        self.address = address if address.endswith("/") else f"{address}/"
        self._token = token

    @contextlib.contextmanager
    def open(self, name: str, *, start: int = 0) -> Iterator[addinfourl]:
        """Yield the answer for one file, from the byte ``start`` where the server can do that."""
        url = self.address + urllib.parse.quote(name)
        request = urllib.request.Request(url)  # noqa: S310 - the scheme was checked
        if self._token:
            # Unlike other headers, not repeated to the host of a redirect.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        if start:
            request.add_header("Range", f"bytes={start}-")
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the same
            yield answer

    def read(self, name: str) -> bytes | None:
        """Return a small file; None where the server has none."""
        limit = limits.cap("carried text bytes")
        try:
            with self.open(name) as answer:
                data: bytes = answer.read(limit + 1)
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise self.fail(name, f"{error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            raise self.fail(name, str(error)) from error
        limits.check("carried text bytes", len(data), lambda what: self.fail(name, what))
        return data

    def fail(self, name: str, what: str) -> IndexUnavailable:
        """The error of one file."""
        return IndexUnavailable(Problem(place=self.address + name, what=f"cannot be read: {what}"))


def fetch_parts(release: Release, into: Path, *, reporter: Reporter) -> Parts:
    """
    Fetch the parts of ``release`` into the new directory ``into``.

    Their digests are compared with ``parts.json``; who made them is for ``verify`` to say.
    """
    if into.exists():
        raise NotWritten(Problem(place=str(into), what="already exists", hint="--out ANOTHER"))
    data = release.read(parts.FILENAME)
    if data is None:
        what = "expected a release with parts.json, got none"
        raise IndexUnavailable(Problem(place=release.address, what=what))
    listing = reading.parse(data, parts.parse, place=release.address + parts.FILENAME)
    directory = into.with_name(f".{into.name}.fetch")
    _prepare(directory, data)
    wanted = (*listing.parts, *listing.files)
    for file in reporter.each(wanted, total=len(wanted), what="files fetched"):
        _fetch_file(release, file, directory / file.filename, reporter)
    signature = release.read(schema.SIGNATURE)
    if signature is not None:
        files.write(directory / schema.SIGNATURE, signature)
    try:
        directory.replace(into)
    except OSError as error:
        raise files.write_error(into, error) from error
    return listing


def _prepare(directory: Path, listing: bytes) -> None:
    """Keep what was fetched of this very release before, and nothing of another one."""
    known = directory / parts.FILENAME
    if known.exists() and known.read_bytes() != listing:
        shutil.rmtree(directory)
    files.write(known, listing)


def _fetch_file(release: Release, file: Part, path: Path, reporter: Reporter) -> None:
    if path.exists() and path.stat().st_size == file.size and files.digest(path) == file.sha256:
        return
    partial = path.with_name(f"{path.name}{_SUFFIX}")
    for attempt in range(1, _TRIES + 1):
        try:
            _append(release, file, partial)
            break
        except (OSError, http.client.HTTPException) as error:
            is_final = isinstance(error, urllib.error.HTTPError) and error.code < 500  # noqa: PLR2004
            if is_final or attempt == _TRIES:
                raise release.fail(file.filename, str(error)) from error
            reporter.say(f"{file.filename}: {error}; trying again")
    actual = files.digest(partial)
    if actual != file.sha256:
        partial.unlink()
        what = f"expected sha256 {file.sha256}, got {actual}"
        raise DigestMismatch(Problem(place=file.filename, what=what, hint="wheelyard fetch"))
    partial.replace(path)


def _append(release: Release, file: Part, partial: Path) -> None:
    start = partial.stat().st_size if partial.exists() else 0
    if start >= file.size:
        # Complete, or not of this file: the digest tells, and a longer one begins anew.
        if start == file.size:
            return
        partial.unlink()
        start = 0
    with release.open(file.filename, start=start) as answer:
        is_rest = answer.status == HTTPStatus.PARTIAL_CONTENT and start > 0
        with partial.open("ab" if is_rest else "wb") as stream:
            size = start if is_rest else 0
            while chunk := answer.read(files.CHUNK):
                size += len(chunk)
                if size > file.size:
                    raise release.fail(file.filename, f"it is longer than {file.size} bytes")
                stream.write(chunk)
    if size < file.size:
        raise http.client.IncompleteRead(b"", file.size - size)
