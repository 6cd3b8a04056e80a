"""Wheels with one oddity each, byte by byte as a zip file has them."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

FILENAME = "odd-1.0-py2.py3-none-any.whl"
INFO = "odd-1.0.dist-info"
METADATA = b"Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py2-none-any\n\n"


def make_members(
    extra: Mapping[str, bytes] | None = None, *, without: Iterable[str] = (), **infos: bytes | None
) -> dict[str, bytes]:
    """
    The members of a good wheel, changed: ``extra`` by name, and files of .dist-info by keyword
    (``entry_points_txt``). RECORD is made of the rest unless given.
    """
    members: dict[str, bytes] = {"odd.py": b"VERSION = '1.0'\n", **(extra or {})}
    files = {"METADATA": METADATA, "WHEEL": WHEEL}
    names = {"entry_points_txt": "entry_points.txt", "top_level_txt": "top_level.txt"}
    record = infos.pop("RECORD", b"")
    files |= {names.get(name, name): data for name, data in infos.items() if data is not None}
    members |= {f"{INFO}/{name}": data for name, data in files.items()}
    for name in without:
        members.pop(name, None)
    rows = "".join(_row(name, data) for name, data in members.items() if not name.endswith("/"))
    if record is not None and f"{INFO}/RECORD" not in without:
        members[f"{INFO}/RECORD"] = record or f"{rows}{INFO}/RECORD,,\n".encode()
    return members


def _row(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    quoted = f'"{name}"' if "," in name else name
    return f"{quoted},sha256={digest},{len(data)}\n"


def zip_members(
    members: Mapping[str, bytes] | Iterable[tuple[str, bytes]],
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    pairs = members.items() if isinstance(members, Mapping) else members
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in pairs:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            archive.writestr(info, data)
    return stream.getvalue()


def write_wheel(directory: Path, data: bytes, filename: str = FILENAME) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / filename
    path.write_bytes(data)
    return path


def damage_member(data: bytes) -> bytes:
    """A wheel whose module is compressed with bytes that are damaged; its headers are intact."""
    packed = bytearray(data)
    start = packed.index(b"odd.py") + len(b"odd.py")
    for offset in range(start, start + 12):
        packed[offset] ^= 0xFF
    return bytes(packed)


def rename_member(data: bytes, old: bytes, new: bytes) -> bytes:
    """The name in the zip's headers only; both names have one length."""
    assert len(old) == len(new)
    return data.replace(old, new)


def mark_utf8(data: bytes) -> bytes:
    """Set flag 0x800 (names are UTF-8) in every header."""
    packed = bytearray(data)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        position = packed.find(signature)
        while position >= 0:
            packed[position + offset + 1] |= 8
            position = packed.find(signature, position + 4)
    return bytes(packed)


def move_directory(data: bytes, offset: int) -> bytes:
    """Claim that the zip's central directory begins at ``offset``."""
    end = data.rindex(b"PK\5\6")
    return data[: end + 16] + offset.to_bytes(4, "little") + data[end + 20 :]
