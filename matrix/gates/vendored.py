"""
The native libraries that a wheel brings inside.

A wheel says so itself by the documents of PEP 770, if its build wrote any. Older ones are read by
what the repairing tools leave: auditwheel and delvewheel put copies into ``PROJECT.libs`` with a
digest in each name, delocate into ``.dylibs``.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from matrix.edge import archives

# libssl-3a94c2f1.so.1.1, msvcp140-d64049c6e3865410a7dda6a7e9f0c575.dll, libjpeg.62.4.0.dylib
_ELF: Final = re.compile(r"(?P<name>.+?)(-[0-9a-f]{8})?\.so(\.(?P<version>[0-9][0-9.]*))?")
_PE: Final = re.compile(r"(?P<name>.+?)(-[0-9a-f]{8,64})?\.dll", re.IGNORECASE)
_MACH_O: Final = re.compile(r"(?P<name>.+?)(\.(?P<version>[0-9][0-9.]*))?\.dylib")
_FORMS: Final = (_ELF, _PE, _MACH_O)
_DOCUMENT: Final = re.compile(r"[^/]+\.dist-info/sboms/[^/]+\.json")
_LIMIT: Final = "SBOM bytes"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Vendored:
    """
    A library inside a wheel.

    ``version`` is what its file name or its wheel's own document says, perhaps nothing; ``purl`` is
    from that document alone.
    """

    name: str
    version: str
    purl: str = ""


def read_vendored(path: Path) -> tuple[Vendored, ...]:
    """The libraries inside the wheel at ``path``, sorted; raises ``InvalidArchive``."""
    contents = archives.read_contents(path, select=_is_document, limit=_LIMIT)
    components = [
        component
        for _, data in sorted(contents.bytes_by_name.items())
        for component in _parse_document(data)
    ]
    return tuple(sorted(set(components or find_vendored(contents.names))))


def find_vendored(names: Iterable[str]) -> tuple[Vendored, ...]:
    """
    The libraries by the names of a wheel's members, sorted.

    >>> find_vendored(["a.libs/libssl-3a94c2f1.so.1.1", "a/_speedups.so"])
    (Vendored(name='libssl', version='1.1', purl=''),)
    """
    return tuple(
        sorted(
            {
                Vendored(name=match["name"], version=match.groupdict().get("version") or "")
                for name in names
                if _is_copied(PurePosixPath(name))
                for match in [_match(PurePosixPath(name).name)]
                if match is not None
            }
        )
    )


def _is_copied(path: PurePosixPath) -> bool:
    """Whether the directory is one that repairing tools make."""
    directories = path.parts[:-1]
    return bool(directories) and (
        directories[0].endswith(".libs") or directories[-1] in {".dylibs", ".libs"}
    )


def _match(filename: str) -> re.Match[str] | None:
    return next((match for form in _FORMS if (match := form.fullmatch(filename))), None)


def _is_document(name: str) -> bool:
    return _DOCUMENT.fullmatch(name) is not None


def _parse_document(data: bytes) -> list[Vendored]:
    """The components of a CycloneDX document; none of a text that is something else."""
    try:
        loaded = json.loads(data)
    except (ValueError, RecursionError):
        return []
    components = loaded.get("components") if isinstance(loaded, dict) else None
    return [
        Vendored(name=name, version=_get_text(item, "version"), purl=_get_text(item, "purl"))
        for item in (components if isinstance(components, list) else ())
        if isinstance(item, dict) and (name := _get_text(item, "name"))
    ]


def _get_text(item: Mapping[str, Any], key: str) -> str:
    text = item.get(key)
    return text if isinstance(text, str) else ""
