"""
What a toolchain is: its contents with their digests, whom they serve, and what is still missing.
"""

import dataclasses
import enum
from typing import Final

SCHEMA: Final = 1
RECORD: Final = "toolchain.json"
CACHE: Final = "cache"
"""In cibuildwheel's own layout: a copy of it is what CIBW_CACHE_PATH must name."""
FIRST_CACHE: Final = "cibw1"
"""The same for 1.12.0, which knows no such variable and looks below the root of drive C."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Service:
    """A lane for a target: ``4.3.3 cp312-win_amd64``."""

    lane: str
    target: str

    @classmethod
    def parse(cls, text: str) -> "Service":
        lane, _, target = text.partition(" ")
        return cls(lane=lane, target=target)

    def __str__(self) -> str:
        return f"{self.lane} {self.target}"


class Form(enum.StrEnum):
    """How a downloaded file is put into the toolchain."""

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
    sha256: str
    into: str
    form: Form
    services: tuple[Service, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Missing:
    """
    What could not be had when the toolchain was made, and why.

    Without ``download`` it is a requirement that the index did not satisfy.
    """

    name: str
    reason: str
    services: tuple[Service, ...]
    download: Download | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Content:
    """
    A file of the toolchain, by its path below it; ``source`` is what it came in.

    ``link`` is where a symbolic link leads, which then has no bytes of its own.
    """

    path: str
    sha256: str
    size: int
    source: str
    link: str = ""
    is_executable: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """The whole directory; every tuple is sorted."""

    services: tuple[Service, ...]
    contents: tuple[Content, ...]
    missing: tuple[Missing, ...]
    images: tuple[str, ...]
