"""
One project's page of the Simple API.

A page lists thousands of files of which a resolver looks at a few: parsing only sorts them by
version, and a version's files are made when they are asked for. What is kept between runs is the
same text by version (``dump``, ``load``), so that an unchanged page is not parsed again.
"""

import codecs
import dataclasses
import datetime
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec
from packaging.tags import Tag
from packaging.utils import BuildTag, NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.edge.foreign import describe
from matrix.index import filenames, html_page, listing
from matrix.index.listing import Digests, InvalidPage, ListedFile
from matrix.index.oddities import NO_DIGEST, NO_WHEEL_NAME, UNREADABLE, Oddities

HTML_TYPES: Final = frozenset(
    {"application/vnd.pypi.simple.v1+html", "text/html", "application/xhtml+xml"}
)
JSON_TYPES: Final = frozenset({listing.JSON_TYPE, "application/json"})
_FILES: Final = msgspec.json.Decoder(list[ListedFile])
_ENCODER: Final = msgspec.json.Encoder()
_DIGEST: Final = re.compile("[0-9a-fA-F]{64}")
_UTC: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")
_LARGEST: Final = 2**53 - 1
"""Bytes that any JSON reader keeps exactly: sizes go into the lock."""
_CHARSETS: Final = frozenset({"ascii", "cp1252", "iso8859-1", "utf-8"})
"""Not all that Python knows: some take quadratic time."""

Buffer = bytes | memoryview
"""Text of a page: its own, or a part of what the cache has read."""
Row = tuple[Buffer, frozenset[str]]
"""The files of a version as text, and what they say of Requires-Python."""

Contents = Mapping[str, tuple[int, Sequence[str]]]
"""Version to the length of its text, and what its files say of Requires-Python."""


class PublishedFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    A distribution as the index lists it.

    A ``Struct``, because a run makes ten thousand, and a frozen dataclass takes four times as long.
    """

    filename: str
    url: str
    sha256: str
    size: int
    """In bytes; 0 when the index does not tell (PEP 700 is optional)."""
    requires_python: str
    is_yanked: bool
    has_metadata: bool
    """Whether the core metadata lies beside the file (PEP 658)."""
    metadata_sha256: str
    """The digest of that metadata, where the index tells it."""
    uploaded: str = ""
    """When, as ``2026-01-31T12:00:00Z``; empty when the index does not tell (PEP 700)."""
    project: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    """Empty for an sdist."""

    @property
    def is_wheel(self) -> bool:
        return bool(self.tags)


class Releases(Mapping[Version, tuple[PublishedFile, ...]]):
    """Files by version, newest first; a version's files are read when they are asked for."""

    def __init__(
        self,
        project: NormalizedName,
        url: str,
        rows: Mapping[Version, Row],
        *,
        oddities: Oddities | None = None,
    ) -> None:
        self._oddities = oddities or Oddities()
        self._project = project
        self._url = url
        self.rows = rows
        self._made: dict[Version, tuple[PublishedFile, ...]] = {}

    def __getitem__(self, version: Version) -> tuple[PublishedFile, ...]:
        if version not in self._made:
            # Two threads may both get here: they make equal values.
            self._made[version] = tuple(self._read(self.rows[version][0]))
        return self._made[version]

    def pythons(self, version: Version) -> frozenset[str]:
        """What a version's files say of Requires-Python, without making them."""
        return self.rows[version][1]

    def __iter__(self) -> Iterator[Version]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _read(self, rows: Buffer) -> Iterator[PublishedFile]:
        for file in sorted(_FILES.decode(rows), key=lambda file: file.filename):
            head = filenames.head(file.filename)
            version = filenames.version(head, self._project) if head else None
            # One odd file must not take the project away: it is passed over.
            try:
                if version is not None:
                    tags = filenames.tags(file.filename)
                    yield _publish_file(file, self._project, version, tags, self._url)
            except (ValueError, IndexError) as error:
                self._oddities.add(file.filename, UNREADABLE, describe(error))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The releases of a project: files by version, newest first."""

    project: NormalizedName
    releases: Releases
    passed_over: int = dataclasses.field(default=0, compare=False)
    """How many files of the answer are in no release; 0 for a page of the cache."""


def parse(
    body: bytes,
    *,
    content_type: str,
    project: NormalizedName,
    url: str,
    oddities: Oddities | None = None,
) -> Page:
    """
    Read a page in either format; links are made absolute against ``url``.

    Files whose names say no version or tags, or that carry no sha256, are passed over: nothing
    could be done with them. A page on which nothing carries one is refused, and so is a page of
    another project.
    """
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() in JSON_TYPES:
        name, files = listing.read_json(body)
        if name and canonicalize_name(name) != project:
            raise InvalidPage(f"expected the page of {str(project)!r}, got that of {name!r}")
    elif kind.strip().lower() in HTML_TYPES or not kind:
        files = html_page.read(_text(body, parameters))
    else:
        raise InvalidPage(f"expected content type {listing.JSON_TYPE!r}, got {content_type!r}")
    oddities = oddities or Oddities()
    rows, passed_over = _by_version(files, project, oddities)
    releases = Releases(project, url, rows, oddities=oddities)
    return Page(project=project, releases=releases, passed_over=passed_over)


def dump(page: Page) -> tuple[Contents, bytes]:
    """The page for the cache: what each version has, newest first, and the texts."""
    rows = page.releases.rows
    contents = {
        str(version): (len(text), sorted(specifiers))
        for version, (text, specifiers) in rows.items()
    }
    return contents, b"".join(text for text, _ in rows.values())


def load(
    contents: Contents,
    text: Buffer,
    *,
    project: NormalizedName,
    url: str,
    oddities: Oddities | None = None,
) -> Page:
    """The page that ``dump`` wrote, where it came from ``url``; nothing is copied."""
    rows, view, start = dict[Version, Row](), memoryview(text), 0
    for version, (length, specifiers) in contents.items():
        rows[filenames.parsed(version)] = view[start : start + length], _share_set(*specifiers)
        start += length
    releases = Releases(project, url, rows, oddities=oddities)
    return Page(project=project, releases=releases)


def _text(body: bytes, parameters: str) -> str:
    _, _, charset = parameters.lower().partition("charset=")
    try:
        name = codecs.lookup(charset.strip(" \"';") or "utf-8").name
        if name not in _CHARSETS:
            raise InvalidPage(f"expected charset utf-8, got {name!r}")
        return body.decode(name)
    except (UnicodeError, LookupError, ValueError) as error:
        if isinstance(error, InvalidPage):
            raise
        raise InvalidPage(describe(error)) from error


def _by_version(
    files: Iterable[ListedFile], project: NormalizedName, oddities: Oddities
) -> tuple[dict[Version, Row], int]:
    """Return the files of each version, newest first, and how many files are passed over."""
    by_version: dict[Version, list[ListedFile]] = {}
    known: dict[filenames.Head, list[ListedFile] | None] = {}
    without_digest = unnamed = 0
    for file in files:
        head = filenames.head(file.filename)
        if head is None:
            unnamed += 1
            if file.filename.endswith(filenames.WHEEL):
                oddities.add(file.filename, NO_WHEEL_NAME)
            continue
        if head not in known:
            version = filenames.version(head, project)
            known[head] = None if version is None else by_version.setdefault(version, [])
        group = known[head]
        if group is None:
            unnamed += 1
            if file.filename.endswith(filenames.WHEEL):
                oddities.add(file.filename, NO_WHEEL_NAME)
            continue
        if _DIGEST.fullmatch(file.hashes.sha256):
            # Capitals are hexadecimal digits, too; ours are compared as text.
            file.hashes.sha256 = file.hashes.sha256.lower()
            group.append(_shorten(file))
        else:
            without_digest += 1
            oddities.add(file.filename, NO_DIGEST)
    if without_digest and not any(by_version.values()):
        raise InvalidPage(f"expected a sha256 of each file, got {without_digest} files without")
    ordered = sorted(by_version.items(), key=lambda item: item[0], reverse=True)
    rows = {version: _row(group) for version, group in ordered if group}
    return rows, unnamed + without_digest


def _row(files: Sequence[ListedFile]) -> Row:
    specifiers = {file.requires_python or "" for file in files}
    return _ENCODER.encode(files), _share_set(*sorted(specifiers))


@functools.lru_cache(maxsize=1 << 12)
def _share_set(*specifiers: str) -> frozenset[str]:
    # The same set for the same sayings: who asks about one remembers the answer.
    return frozenset(specifiers)


def _shorten(file: ListedFile) -> ListedFile:
    """Drop repeated text: pages stay in memory, and most of a page is addresses."""
    url = file.url.partition("#")[0] if "#" in file.url else file.url
    file.url = url.removesuffix(file.filename) if url.endswith("/" + file.filename) else url
    return file


def _publish_file(
    file: ListedFile, project: NormalizedName, version: Version, tags: frozenset[Tag], url: str
) -> PublishedFile:
    link = _join(url, file.url)
    address = link + file.filename if link.endswith("/") else link
    metadata = file.core_metadata if file.core_metadata is not None else file.dist_info_metadata
    metadata_sha256 = metadata.sha256.lower() if isinstance(metadata, Digests) else ""
    # Metadata that could not be compared are read from the wheel instead.
    is_comparable = not metadata_sha256 or _DIGEST.fullmatch(metadata_sha256) is not None
    return PublishedFile(
        filename=file.filename,
        url=address,
        sha256=file.hashes.sha256,
        size=file.size if file.size and 0 < file.size <= _LARGEST else 0,
        requires_python=file.requires_python or "",
        is_yanked=bool(file.yanked),
        has_metadata=bool(metadata) and is_comparable,
        metadata_sha256=metadata_sha256,
        uploaded=_moment(file.upload_time or ""),
        project=project,
        version=version,
        build=filenames.build(file.filename),
        tags=tags,
    )


@functools.lru_cache(maxsize=1 << 10)
def _join(page: str, link: str) -> str:
    """An absolute address; raises ``ValueError`` where ``link`` makes none."""
    # Joining takes as long as the rest of a file; without filenames most relative links are equal.
    if not link.startswith(("https://", "http://")):
        return urljoin(page, link)
    # Reading the port checks it.
    _ = urlsplit(link).port
    return link


def _moment(text: str) -> str:
    """PEP 700's time to the second in UTC; empty when it is none."""
    try:
        moment = datetime.datetime.fromisoformat(text)
        if _UTC.fullmatch(text):
            return f"{text[:19]}Z"
        # PEP 700: always UTC. A time without a zone is read as such, and not as this machine's.
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        in_utc = zoned.astimezone(datetime.UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return ""
    return f"{in_utc.isoformat(timespec='seconds')}Z"
