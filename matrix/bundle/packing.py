"""
A sealed bundle as parts, for releases whose files may not be as large as the bundle.

The tar holds the bundle's files and nothing of this machine: sorted names, the record's date, no
owner; so the same bundle gives the same bytes. It is not compressed, because wheels are.
"""

import datetime
import hashlib
import shutil
import tarfile
from pathlib import Path
from typing import BinaryIO, Final, cast

from matrix.edge import files, limits
from matrix.edge.progress import Reporter
from matrix.errors import NotVerified, NotWritten, Problem, UsageError
from matrix.record import layout, parts, schema
from matrix.record.canonical import InvalidRecord
from matrix.record.parts import Member, Part, Parts

_MODE: Final = 0o644


def pack(bundle: Path, into: Path, *, size: int, reporter: Reporter) -> tuple[Path, ...]:
    """
    Write ``bundle`` to the new directory ``into`` as parts of at most ``size`` bytes.

    Returns the files written: the parts in order, ``parts.json``, and the notes.
    """
    label, modified = bundle.name, _read_creation_time(bundle)
    if size < 1 or not parts.is_label(label):
        what = f"expected at least 1 byte a part and a plain name, got {size} and {label!r}"
        raise UsageError(Problem(place="pack", what=what))
    if into.exists():
        what = "already exists"
        raise NotWritten(Problem(place=str(into), what=what, hint="--parts ANOTHER"))
    temporary = into.with_name(f".{into.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        cut = _Cut(temporary, label=label, size=size)
        members = _tar(bundle, cut, label=label, modified=modified, reporter=reporter)
        digest = files.digest(bundle / schema.FILENAME)
        manifest = Parts(
            label=label,
            parts=cut.finish(),
            record_sha256=digest,
            files=_write_others(bundle, temporary, digest),
            members=tuple(sorted(members)),
        )
        files.write(temporary / parts.FILENAME, parts.dump(manifest))
        if (bundle / schema.SIGNATURE).exists():
            # Beside the parts, never inside, so that a person can add a signature to them.
            files.write(temporary / schema.SIGNATURE, (bundle / schema.SIGNATURE).read_bytes())
        temporary.replace(into)
    except OSError as error:
        raise files.write_error(into, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    others = [file.filename for file in manifest.files]
    if (into / schema.SIGNATURE).exists():
        others.append(schema.SIGNATURE)
    names = [*(part.filename for part in manifest.parts), parts.FILENAME, *others]
    return tuple(into / name for name in names)


def _write_others(bundle: Path, directory: Path, record_sha256: str) -> tuple[Part, ...]:
    """Write the notes and the program of ``bundle`` beside its parts."""
    program = bundle / layout.PROGRAM
    content_by_name = {parts.PROGRAM: program.read_bytes()} if program.exists() else {}
    program_sha256 = files.digest(program) if program.exists() else ""
    content_by_name[parts.NOTES] = parts.render_notes(
        (bundle / parts.NOTES).read_bytes(), record_sha256, program_sha256=program_sha256
    )
    for name, content in content_by_name.items():
        files.write(directory / name, content)
    return tuple(_describe(name, content_by_name[name]) for name in sorted(content_by_name))


def _describe(name: str, content: bytes) -> Part:
    return Part(filename=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _read_creation_time(bundle: Path) -> int:
    """The time of sealing from the bundle's record, in seconds since the epoch."""
    with files.reading(bundle / schema.FILENAME) as stream:
        text = stream.read()
    try:
        record = schema.parse(text.decode("utf-8"))
        return int(datetime.datetime.fromisoformat(record.created).timestamp())
    except (InvalidRecord, ValueError) as error:
        raise NotVerified(Problem(place=schema.FILENAME, what=str(error))) from error


def _tar(
    bundle: Path, cut: "_Cut", *, label: str, modified: int, reporter: Reporter
) -> list[Member]:
    """Write the tar; return where the record and the wheels are in it."""
    members = []
    paths = sorted(
        (path.relative_to(bundle).as_posix(), path)
        for path in bundle.rglob("*")
        if path.is_file() and path != bundle / schema.SIGNATURE
    )
    # tarfile calls only ``write`` on a stream in mode "w|".
    stream = cast("BinaryIO", cut)
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name, path in reporter.each(paths, total=len(paths), what="files packed"):
            entry = tarfile.TarInfo(f"{label}/{name}")
            entry.size, entry.mtime, entry.mode = path.stat().st_size, modified, _MODE
            with path.open("rb") as content:
                archive.addfile(entry, content)
            if name == schema.FILENAME or name.endswith(".whl"):
                blocks = -(-entry.size // tarfile.BLOCKSIZE)
                # What was written last is the content, filled up to whole blocks.
                offset = archive.offset - blocks * tarfile.BLOCKSIZE
                members.append(Member(path=name, offset=offset, size=entry.size))
    return members


class _Cut:
    """A stream that continues in the next file when one is full."""

    def __init__(self, directory: Path, *, label: str, size: int) -> None:
        self._directory = directory
        self._label = label
        self._size = size
        self._done: list[Part] = []
        self._open()

    def _open(self) -> None:
        number = len(self._done) + 1
        if number > limits.cap("parts"):
            what = f"expected at most {limits.cap('parts')} parts of {self._size:,} bytes, got more"
            raise UsageError(Problem(place="pack", what=what, hint="--pack with a larger size"))
        self._name = parts.name_part(self._label, number)
        self._stream = (self._directory / self._name).open("xb")
        self._seen = hashlib.sha256()
        self._room = self._size

    def _close(self) -> None:
        self._stream.close()
        size = self._size - self._room
        self._done.append(Part(filename=self._name, size=size, sha256=self._seen.hexdigest()))

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            if not self._room:
                self._close()
                self._open()
            piece = rest[: self._room]
            self._stream.write(piece)
            self._seen.update(piece)
            self._room -= len(piece)
            rest = rest[len(piece) :]
        return len(data)

    def finish(self) -> tuple[Part, ...]:
        """Close the last file and return all parts."""
        self._close()
        return tuple(self._done)
