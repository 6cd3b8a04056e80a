"""The keys and values of ``policy:``, the rules for every release."""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Final, Literal, get_args

from matrix.manifest.age import Age
from matrix.manifest.describing import SENTENCE, key, mapping
from matrix.manifest.describing import line as where

DynamicMetadata = Literal["believe", "container", "host"]
DYNAMIC_METADATA: Final[tuple[DynamicMetadata, ...]] = get_args(DynamicMetadata)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """The age that a file must have on the index, so that others find its faults first."""

    age: Age | None = key(
        "Files that are younger, or whose upload time is unknown, are skipped.",
        default=None,
        shorthand=True,
    )
    exempt: tuple[str, ...] = key(
        "Patterns (*, ?) over projects that need not wait.", name="except", default=()
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Licences:
    """Allowed and denied licences, as SPDX identifiers or patterns (*, ?) over them."""

    allow: tuple[str, ...] = key("When given, no other licence is taken.", default=())
    deny: tuple[str, ...] = key("Licences that are never taken.", default=())
    unknown: Literal["warn", "fail", "ignore"] | None = key(
        "A licence that nothing identifies; by default `fail` with `allow`, else `warn`.",
        default=None,
    )
    known: Mapping[str, str] = mapping(
        "Project to SPDX expression, in place of what its distributions state.", name="except"
    )
    line: int = where()

    @property
    def when_unknown(self) -> Literal["warn", "fail", "ignore"]:
        return self.unknown or ("fail" if self.allow else "warn")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedAdvisory:
    """A vulnerability that was reviewed and accepted."""

    id: str = key("Its identifier, or an alias of it.")
    reason: str = key("Why it does not matter here.", bounds=SENTENCE)
    until: datetime.date | None = key("The last day on which it is accepted.", default=None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerabilities:
    """What happens to releases that `advisories` list as vulnerable."""

    action: Literal["warn", "fail", "ignore"] = key(
        "`fail` skips those releases.", name="found", default="warn", shorthand=True
    )
    accepted: tuple[AcceptedAdvisory, ...] = key(
        "Vulnerabilities that do not matter here.", name="except", default=()
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeniedProject:
    """Projects that must not be in any closure."""

    project: str = key("Pattern (*, ?) over normalized names.", shorthand=True)
    reason: str = key("Why the project is denied.", default="")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLists:
    """Projects that may or may not be in a closure, for every requirement."""

    allow: tuple[str, ...] = key(
        "Patterns (*, ?) over normalized names; when given, no other project is taken.", default=()
    )
    deny: tuple[DeniedProject, ...] = key("Projects that are never taken.", default=())
    line: int = where()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules for every release."""

    lock: Literal["required", "refresh"] = key(
        "Whether a stale lock is an error or is brought up to date.", default="required"
    )
    cooldown: Cooldown = key("Never take a file younger than this.", default=Cooldown())
    licences: Licences = key("Which licences may be taken.", default=Licences())
    vulnerabilities: Vulnerabilities = key(
        "What to do about known vulnerabilities.", default=Vulnerabilities()
    )
    advisories: str = key(
        "Source of known vulnerabilities: a zip file or directory of OSV records, or the address "
        "of the index's JSON API.",
        default="",
    )
    projects: ProjectLists = key("Which projects may be taken.", default=ProjectLists())
    dynamic_metadata: DynamicMetadata = key(
        "Where the metadata of an sdist that does not state it for certain comes from: from its "
        "files, or from a build in a container or on the host.",
        name="dynamic-metadata",
        default="believe",
    )
    unlocked: Literal["warn", "refuse"] = key(
        "What happens to builds whose build requirements are not all locked.", default="warn"
    )
    line: int = where()
