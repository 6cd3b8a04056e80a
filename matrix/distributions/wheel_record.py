"""RECORD: the paths, digests and sizes of a wheel's members, compared with the members."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from typing import TYPE_CHECKING, Final

from matrix.distributions.wheel_name import InvalidWheel, blame
from matrix.edge import files, limits
from matrix.edge.foreign import translate_errors

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator, Mapping

# The RECORD specification wants sha256 or better; these are the better ones that exist.
_ALGORITHMS: Final = frozenset({"sha256", "sha384", "sha512"})
# RECORD cannot hold its own digest; the signatures (PEP 427) are made over it afterwards.
_UNRECORDED: Final = ("RECORD", "RECORD.jws", "RECORD.p7s")


def parse_record(data: bytes) -> dict[str, tuple[str, str]]:
    """Digest and size, as written, by path; raises ``InvalidWheel``."""
    limits.check("RECORD bytes", len(data), InvalidWheel)
    with translate_errors(InvalidWheel, "RECORD cannot be read"):
        return dict(_parse_rows(data.decode("utf-8")))


def _parse_rows(text: str) -> Iterator[tuple[str, tuple[str, str]]]:
    paths = set()
    for row in csv.reader(io.StringIO(text, newline=""), strict=True):
        if len(row) != 3:  # noqa: PLR2004 - path, digest, size
            raise InvalidWheel(f"a RECORD line is not path,digest,size: {row}")
        path, digest, size = row
        if path in paths:
            raise InvalidWheel(f"RECORD lists {path!r} twice")
        paths.add(path)
        yield path, (digest, size)


def check_record(
    filename: str,
    archive: zipfile.ZipFile,
    info_by_name: Mapping[str, zipfile.ZipInfo],
    dist_info: str,
) -> None:
    """Raise ``InvalidWheel`` unless RECORD lists exactly the members, with their bytes."""
    unrecorded = {f"{dist_info}/{name}" for name in _UNRECORDED}
    if (record_name := f"{dist_info}/RECORD") not in info_by_name:
        raise InvalidWheel(f"{filename} has no {record_name}")
    limits.check("RECORD bytes", info_by_name[record_name].file_size, blame(filename))
    with translate_errors(blame(filename)):
        recorded = parse_record(archive.read(info_by_name[record_name]))
    if unlisted := sorted(info_by_name.keys() - recorded.keys() - unrecorded):
        raise InvalidWheel(f"{filename} holds {unlisted[0]!r}, which its RECORD does not list")
    if absent := sorted(recorded.keys() - info_by_name.keys() - unrecorded):
        raise InvalidWheel(f"{filename} lacks {absent[0]!r}, which its RECORD lists")
    for member in sorted(info_by_name.keys() - unrecorded):
        digest, size = recorded[member]
        if size and size != str(info_by_name[member].file_size):
            got = info_by_name[member].file_size
            raise InvalidWheel(f"expected {size} bytes of {member!r} in {filename}, got {got}")
        _check_digest(filename, archive, info_by_name[member], digest)


def _check_digest(
    filename: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, recorded: str
) -> None:
    # hashlib takes its names in any case, so the tools of Python 2 wrote "SHA256=" too.
    algorithm, _, expected = recorded.partition("=")
    algorithm = algorithm.lower()
    if algorithm not in _ALGORITHMS:
        got = recorded or "no digest"
        raise InvalidWheel(f"expected a sha256 for {info.filename!r} in {filename}, got {got}")
    with archive.open(info) as stream:
        digest = hashlib.new(algorithm)
        while chunk := stream.read(files.CHUNK):
            digest.update(chunk)
    actual = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode("ascii")
    if actual != expected.rstrip("="):
        raise InvalidWheel(f"{info.filename!r} in {filename} is not what its RECORD says")
