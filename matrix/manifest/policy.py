"""What ``policy:`` can say: what must hold for every release that is taken."""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Final, Literal, get_args

from matrix.manifest.age import Age
from matrix.manifest.describing import key, mapping
from matrix.manifest.describing import line as where

DynamicMetadata = Literal["believe", "container", "host"]
DYNAMIC_METADATA: Final[tuple[DynamicMetadata, ...]] = get_args(DynamicMetadata)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """How long a file must have been on the index, so that others find what is wrong with it."""

    age: Age | None = key(
        "Files younger than this are passed over, and those whose upload time is not told.",
        default=None,
        shorthand=True,
    )
    exempt: tuple[str, ...] = key(
        "Patterns (*, ?) over projects that need not wait.", name="except", default=()
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Licences:
    """Which licences may be taken; names are SPDX identifiers, or patterns (*, ?) over them."""

    allow: tuple[str, ...] = key("When given, no other licence is taken.", default=())
    deny: tuple[str, ...] = key("Licences that are never taken.", default=())
    unknown: Literal["warn", "fail", "ignore"] | None = key(
        "A licence that nothing identifies; by default `fail` with `allow`, else `warn`.",
        default=None,
    )
    known: Mapping[str, str] = mapping(
        "Project to SPDX expression, whatever its distributions state.", name="except"
    )
    line: int = where()

    @property
    def when_unknown(self) -> Literal["warn", "fail", "ignore"]:
        return self.unknown or ("fail" if self.allow else "warn")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedAdvisory:
    """A vulnerability that somebody has judged."""

    id: str = key("Its identifier, or an alias of it.")
    reason: str = key("Why it does not matter here.")
    until: datetime.date | None = key("The last day on which it is accepted.", default=None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerabilities:
    """What happens to releases that `advisories` calls vulnerable."""

    found: Literal["warn", "fail", "ignore"] = key(
        "`fail` passes those releases over.", default="warn", shorthand=True
    )
    accepted: tuple[AcceptedAdvisory, ...] = key(
        "Vulnerabilities that do not matter here.", name="except", default=()
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeniedProject:
    """Projects that must not be in any closure."""

    project: str = key("Pattern (*, ?) over normalized names.", shorthand=True)
    reason: str = key("Why, for whoever misses it.", default="")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLists:
    """Which projects may be in a closure, whoever asks for them."""

    allow: tuple[str, ...] = key(
        "Patterns (*, ?) over normalized names; when given, no other project is taken.", default=()
    )
    deny: tuple[DeniedProject, ...] = key("Projects that are never taken.", default=())
    line: int = where()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What must hold for every release taken."""

    lock: Literal["required", "refresh"] = key(
        "Whether a stale lock is an error or is brought up to date.", default="required"
    )
    cooldown: Cooldown = key("Never take a file younger than this.", default=Cooldown())
    licences: Licences = key("Which licences may be taken.", default=Licences())
    vulnerabilities: Vulnerabilities = key(
        "What to do about known vulnerabilities.", default=Vulnerabilities()
    )
    advisories: str = key(
        "Who knows them: a zip file or directory of OSV records, or the address of the index's "
        "JSON API.",
        default="",
    )
    projects: ProjectLists = key("Which projects may be taken.", default=ProjectLists())
    dynamic_metadata: DynamicMetadata = key(
        "Where the metadata of an sdist that does not state it for certain comes from: from its "
        "files, or from a build in a container or on the host.",
        name="dynamic-metadata",
        default="believe",
    )
    line: int = where()
