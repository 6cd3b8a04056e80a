"""
``sbom/bundle.cdx.json``: the bill of materials, as CycloneDX 1.6.

A component is a release; each of its wheels is an external reference with its digest, and the
libraries inside the wheels are components of the component. The same bundle gives the same bytes:
the serial number follows from the record's name, version and sequence.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from matrix.gates.vendored import Vendored
from matrix.record import layout
from matrix.record.schema import Record, RecordedWheel

Release = tuple[str, str]
"""Project and version."""

_SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"


def render_sbom(
    record: Record,
    *,
    vendored_by_filename: Mapping[str, Iterable[Vendored]],
    licence_by_release: Mapping[Release, str],
    names_by_project: Mapping[str, frozenset[str]],
) -> str:
    """
    The document of a bundle.

    ``names_by_project`` are the projects that each one requires; those that the bundle lacks are
    left out. A licence is given as a name, because metadata state more than SPDX expressions.
    """
    wheels_by_release: dict[Release, list[RecordedWheel]] = {}
    for wheel in record.wheels:
        wheels_by_release.setdefault((wheel.project, wheel.version), []).append(wheel)
    purls_by_project: dict[str, list[str]] = {}
    for project, version in sorted(wheels_by_release):
        purls_by_project.setdefault(project, []).append(format_purl(project, version))
    document = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{_identify(record)}",
        "version": 1,
        "metadata": {
            "timestamp": record.created,
            "tools": {"components": [{"type": "application", "name": record.generator}]},
            "component": {
                "type": "application",
                "bom-ref": record.name,
                "name": record.name,
                "version": record.version,
            },
        },
        "components": [
            _describe_release(
                release,
                wheels,
                licence=licence_by_release.get(release, ""),
                vendored=sorted(
                    {v for w in wheels for v in vendored_by_filename.get(w.filename, ())}
                ),
            )
            for release, wheels in sorted(wheels_by_release.items())
        ],
        "dependencies": _list_dependencies(record, purls_by_project, names_by_project),
    }
    return json.dumps(document, indent=1) + "\n"


def format_purl(project: str, version: str) -> str:
    """
    The package URL of a release (purl-spec, type ``pypi``).

    >>> format_purl("torch", "2.1+cpu")
    'pkg:pypi/torch@2.1%2Bcpu'
    """
    return f"pkg:pypi/{project}@{quote(version, safe='')}"


def _identify(record: Record) -> uuid.UUID:
    label = f"wheelyard:{record.name}:{record.version}:{record.sequence}"
    return uuid.uuid5(uuid.NAMESPACE_URL, label)


def _describe_release(
    release: Release,
    wheels: Iterable[RecordedWheel],
    *,
    licence: str,
    vendored: Iterable[Vendored],
) -> dict[str, Any]:
    project, version = release
    purl = format_purl(project, version)
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": project,
        "version": version,
        "purl": purl,
    }
    if licence:
        component["licenses"] = [{"license": {"name": licence}}]
    component["externalReferences"] = [
        {
            "type": "distribution",
            "url": layout.locate_wheel(wheel.filename),
            "comment": wheel.origin,
            "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
        }
        for wheel in wheels
    ]
    if inside := [_describe_library(purl, library) for library in vendored]:
        component["components"] = inside
    return component


def _describe_library(parent: str, library: Vendored) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        # The same library may be inside several releases, and references must be unique.
        "bom-ref": f"{parent}#{library.name}@{library.version}@{library.purl}",
        "name": library.name,
    }
    if library.version:
        component["version"] = library.version
    if library.purl:
        component["purl"] = library.purl
    return component


def _list_dependencies(
    record: Record,
    purls_by_project: Mapping[str, list[str]],
    names_by_project: Mapping[str, frozenset[str]],
) -> list[dict[str, Any]]:
    everything = [purl for purls in purls_by_project.values() for purl in purls]
    return [
        {"ref": record.name, "dependsOn": sorted(everything)},
        *(
            {
                "ref": purl,
                "dependsOn": sorted(
                    required
                    for name in names_by_project.get(project, frozenset()) - {project}
                    for required in purls_by_project.get(name, ())
                ),
            }
            for project, purls in purls_by_project.items()
            for purl in purls
        ),
    ]
