"""The lines of a ledger: what was done to a destination, by whom and when."""

from __future__ import annotations

import dataclasses
from typing import Literal, Union

from matrix.record.schema import Record


@dataclasses.dataclass(frozen=True)
class Stamp:
    """Who does something and when, as new lines of a ledger say it."""

    who: str = ""
    """User and host."""
    when: str = ""
    """ISO 8601; lines of the first ledgers have none."""


NO_STAMP = Stamp()


@dataclasses.dataclass(frozen=True)
class Import:
    """A bundle that was imported, with the digest of its record."""

    name: str
    version: str
    sequence: int
    record_sha256: str
    action: Literal["import"] = "import"
    who: str = dataclasses.field(default="", compare=False)
    when: str = dataclasses.field(default="", compare=False)

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def record_path(self) -> str:
        """The place of the record at the destination."""
        return f"records/{self.name}-{self.sequence}.json"

    @classmethod
    def of(cls, record: Record, sha256: str) -> Import:
        return cls(record.name, record.version, record.sequence, sha256)


@dataclasses.dataclass(frozen=True)
class RollBack:
    """An import that was undone; its files stay, and it may be imported again."""

    name: str
    version: str
    sequence: int
    record_sha256: str
    action: Literal["roll back"] = "roll back"
    who: str = dataclasses.field(default="", compare=False)
    when: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class Retirement:
    """An import that newer ones of its name have replaced; its files may go."""

    name: str
    version: str
    sequence: int
    record_sha256: str
    action: Literal["retire"] = "retire"
    who: str = dataclasses.field(default="", compare=False)
    when: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class Withdrawal:
    """A release that no page shows any more, even if a later bundle brings it."""

    project: str
    version: str
    reason: str
    action: Literal["withdraw"] = "withdraw"
    who: str = dataclasses.field(default="", compare=False)
    when: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class Pruning:
    """Files that no import names, removed."""

    filenames: tuple[str, ...]
    action: Literal["prune"] = "prune"
    who: str = dataclasses.field(default="", compare=False)
    when: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class Adoption:
    """Pages from elsewhere that the first import met and left as they are."""

    paths: tuple[str, ...]
    action: Literal["adopt"] = "adopt"
    who: str = dataclasses.field(default="", compare=False)
    when: str = dataclasses.field(default="", compare=False)


Line = Union[Import, RollBack, Retirement, Withdrawal, Pruning, Adoption]
