"""
A toolchain as a value: its contents with digests, the services that need them, and what is missing.
"""

import dataclasses
import enum
from typing import Final

from matrix.documents.fields import OptionalDigest, Size

SCHEMA: Final = 2
RECORD: Final = "toolchain.json"
CACHE: Final = "cache"
"""In cibuildwheel's own layout, for CIBW_CACHE_PATH."""
FIRST_CACHE: Final = "cibw1"
"""The same for 1.12.0, which has no such variable and uses a directory of drive C."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Service:
    """A lane for a target: ``4.3.3 cp312-win_amd64``."""

    lane: str
    target: str

    def __str__(self) -> str:
        return f"{self.lane} {self.target}"


class Form(enum.StrEnum):
    """How a downloaded file is placed in the toolchain."""

    FILE = "file"
    NUGET = "nuget"
    """A NuGet package, of which ``tools`` is unpacked."""
    ARCHIVE = "archive"
    """A zip or tar file whose one top directory is unpacked."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Download:
    """
    One file of the internet that a lane fetches, and where its contents belong.

    ``sha256`` is empty where the lane pins none.
    """

    name: str
    address: str
    sha256: OptionalDigest
    into: str
    form: Form
    services: tuple[Service, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Missing:
    """
    A download or requirement that was not available, and why.

    ``download`` is ``None`` for a requirement that the index does not satisfy.
    """

    name: str
    reason: str
    services: tuple[Service, ...]
    download: Download | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Content:
    """
    A file of the toolchain with its path; ``source`` is the download that contained it.

    ``link`` is the target of a symbolic link, which has no bytes of its own.
    """

    path: str
    sha256: OptionalDigest
    size: Size
    source: str
    link: str = ""
    is_executable: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """The directory; every tuple is sorted."""

    services: tuple[Service, ...]
    contents: tuple[Content, ...]
    missing: tuple[Missing, ...]
    images: tuple[str, ...]
    tool: OptionalDigest = ""
    """The digest of the tool requirements whose wheels it has; empty without them."""
