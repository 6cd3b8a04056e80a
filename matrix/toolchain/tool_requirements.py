"""
``tool-requirements.txt``: what jobs install to run this program, with every hash.

The comments at its top say for which tool and which interpreters it was made, so that
``generate --check`` can compare them without an index.
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from matrix import __version__
from matrix.pipelines.header import MARKERS

_HINT: Final = "wheelyard tool --lock"
_HASH: Final = "    --hash=sha256:"
_FIELDS: Final = ("tool", "version", "sha256", "covers", "lacks", "content")


class InvalidToolRequirements(ValueError):
    """Text that is not a file of ours, or that was edited."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ToolIdentity:
    """
    A tool: its text in the manifest, its version, and a digest.

    ``sha256`` is that of a wheel, or of the requirements that a checkout declares; it is empty for
    a version on an index, whose hash is in the file.
    """

    tool: str
    version: str
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pin:
    """One line for pip: a version or a path, where it installs, and the hashes of its wheels."""

    requirement: str
    marker: str = ""
    sha256s: tuple[str, ...] = ()

    @property
    def is_path(self) -> bool:
        """Whether it is a wheel in the repository."""
        return self.requirement.startswith("./")

    def __str__(self) -> str:
        marker = f" ; {self.marker}" if self.marker else ""
        hashes = "".join(f" \\\n    --hash=sha256:{sha256}" for sha256 in self.sha256s)
        return f"{self.requirement}{marker}{hashes}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ToolRequirements:
    """
    The file.

    ``covers`` and ``lacks`` name interpreters by cibuildwheel's identifiers (``cp312-win_amd64``):
    those on which the pins install, and those on which no wheels of them exist.
    """

    identity: ToolIdentity
    covers: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()

    @property
    def content(self) -> str:
        """The digest of the lines for pip."""
        return _digest(_format_pins(self.pins))


def dump_requirements(requirements: ToolRequirements) -> str:
    """Return the file's text."""
    content = _format_pins(requirements.pins)
    identity = requirements.identity
    value_by_field = {
        "tool": identity.tool,
        "version": identity.version,
        "sha256": identity.sha256,
        "covers": " ".join(requirements.covers),
        "lacks": " ".join(requirements.lacks),
        "content": requirements.content,
    }
    lines = (f"# {name}: {value}\n" for name, value in value_by_field.items() if value)
    return (
        f"{MARKERS[0]}{__version__}: edit nothing here, run\n#   {_HINT}\n{''.join(lines)}{content}"
    )


def parse_requirements(text: str) -> ToolRequirements:
    """Read the text of the file."""
    if not text.startswith(MARKERS[0]):
        raise InvalidToolRequirements("was not made by wheelyard")
    lines = text.splitlines()
    count = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    value_by_field = {}
    for line in lines[:count]:
        name, colon, value = line.removeprefix("# ").partition(": ")
        if colon and name in _FIELDS:
            value_by_field[name] = value
    content = "".join(f"{line}\n" for line in lines[count:])
    if value_by_field.get("content") != _digest(content):
        raise InvalidToolRequirements("was edited after it was made")
    return ToolRequirements(
        identity=ToolIdentity(
            tool=value_by_field.get("tool", ""),
            version=value_by_field.get("version", ""),
            sha256=value_by_field.get("sha256", ""),
        ),
        covers=tuple(value_by_field.get("covers", "").split()),
        lacks=tuple(value_by_field.get("lacks", "").split()),
        pins=tuple(_parse_pins(lines[count:])),
    )


def find_differences(
    requirements: ToolRequirements, identity: ToolIdentity, hosts: Sequence[str]
) -> tuple[str, ...]:
    """Return how the file differs from one for ``identity`` on ``hosts``; empty if it does not."""
    expected, actual = dataclasses.asdict(identity), dataclasses.asdict(requirements.identity)
    differences = [
        f"expected {name} {expected[name] or 'none'}, got {actual[name] or 'none'}"
        for name in expected
        if expected[name] != actual[name]
    ]
    known = {*requirements.covers, *requirements.lacks}
    absent = [host for host in hosts if host not in known]
    if absent:
        differences.append(f"does not cover {', '.join(absent)}")
    return tuple(differences)


def _format_pins(pins: Sequence[Pin]) -> str:
    return "".join(f"{line}\n" for line in ("--only-binary :all:", *pins))


def _parse_pins(lines: Sequence[str]) -> Iterator[Pin]:
    """Read lines that ``dump_requirements`` wrote, as their digest has shown."""
    for line in "\n".join(lines).replace(f" \\\n{_HASH}", f" {_HASH}").splitlines():
        if not line.startswith("-"):
            requirement, *sha256s = line.split(f" {_HASH}")
            name, _, marker = requirement.partition(" ; ")
            yield Pin(requirement=name, marker=marker, sha256s=tuple(sha256s))


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
