"""The results of ``verify`` and ``import``, as lines and as plain values for ``--json``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping

from matrix.destinations.imports import Imported
from matrix.edge.quantities import count, megabytes
from matrix.errors import printable
from matrix.farside.carried import ImportedBundle, VerifiedBundle
from matrix.record.schema import Record
from matrix.verify.signature import Judgement
from matrix.verify.verify import Report


def describe_signature(signature: Judgement) -> dict[str, object]:
    """Return what is known of a bundle's signatures."""
    return {"signers": list(signature.signers), "keyids": list(signature.keyids)}


def describe_verified(verified: VerifiedBundle) -> dict[str, object]:
    """Return the facts of a verified bundle and of its signatures."""
    signature = describe_signature(verified.signature)
    return {**describe_bundle(verified.report), "signature": signature}


def summarize_verified(verified: VerifiedBundle) -> str:
    """Return the facts of a verified bundle in lines; the last one is about its signatures."""
    return f"{summarize_bundle(verified.report)}\n  {printable(str(verified.signature))}"


def describe_imported(result: ImportedBundle) -> dict[str, object]:
    """Return the facts of an import and of the bundle's signatures."""
    return {**describe_import(result.imported), "signature": describe_signature(result.signature)}


def summarize_imported(result: ImportedBundle) -> str:
    """Return the facts of an import in lines; the last one is about the bundle's signatures."""
    return f"{summarize_import(result.imported)}\n  {printable(str(result.signature))}"


def describe_bundle(report: Report) -> dict[str, object]:
    """Return the facts of a verified bundle."""
    record = report.record
    return {
        "name": record.name,
        "version": record.version,
        "sequence": record.sequence,
        "sha256": report.record_sha256,
        "source": dataclasses.asdict(record.source),
        "wheels": len(record.wheels),
        "files": report.files,
        "bytes": report.bytes,
        "proven": report.proven,
        **describe_gaps(report),
    }


def describe_gaps(report: Report) -> dict[str, object]:
    """Return what the bundle lacks: releases with reasons, and requirements that need them."""
    return {
        "incomplete": [
            {"requirement": gap.root, "target": target, "view": gap.view, "needs": list(gap.needs)}
            for target, gap in report.incomplete
        ],
        "missing": [
            {"project": project, "version": version, "reason": reason, "targets": targets}
            for (project, version, reason), targets in _group_missing(report.record).items()
        ],
    }


def summarize_bundle(report: Report) -> str:
    """Return the facts of a verified bundle in lines; every gap is named."""
    record = report.record
    wheels, files = count(len(record.wheels), "wheel"), count(report.files, "file")
    lines = [
        f"{record.label}: verified",
        *summarize_source(record),
        f"  {wheels}, {files}, {megabytes(report.bytes)}",
        *summarize_gaps(report),
    ]
    return "\n".join(map(printable, lines))


def summarize_source(record: Record) -> Iterator[str]:
    """Yield what the bundle was made from, where that is known, and a release without tests."""
    source = record.source
    if source.commit:
        ref = f" ({source.ref})" if source.ref else ""
        run = f", {source.run}" if source.run else ""
        yield f"  made from commit {source.commit}{ref}{run}"
    if source.untested:
        yield f"  untested: {source.untested}"


def summarize_gaps(report: Report) -> Iterator[str]:
    """Yield a line with the number of proofs, and one for each missing release and reason."""
    gaps = len(report.incomplete)
    rest = f"{gaps} incomplete because wheels are missing" if gaps else "nothing missing"
    yield f"  {count(report.proven, 'proof')}, {rest}"
    for (project, version, reason), targets in _group_missing(report.record).items():
        yield f"  missing: {project} {version} on {', '.join(targets)}: {reason}"


def describe_import(imported: Imported) -> dict[str, object]:
    """Return the facts of an import."""
    record = imported.report.record
    return {
        "name": record.name,
        "version": record.version,
        "sequence": record.sequence,
        "sha256": imported.report.record_sha256,
        "source": dataclasses.asdict(record.source),
        "destination": imported.destination,
        "is_new": imported.is_new,
        "wheels_copied": len(imported.copied),
        "wheels_reused": imported.reused,
        "wheels_withdrawn": list(imported.withdrawn),
        "pages_written": imported.pages,
        **describe_gaps(imported.report),
    }


def summarize_import(imported: Imported) -> str:
    """Return the facts of an import in lines; every gap is named."""
    copied, pages = count(len(imported.copied), "wheel"), count(imported.pages, "page")
    counts = f"{copied} copied, {imported.reused} reused, {pages} written"
    state = "imported" if imported.is_new else "already imported"
    label = imported.report.record.label
    lines = [
        f"{label} {state} into {imported.destination}: {counts}",
        *summarize_source(imported.report.record),
        *summarize_gaps(imported.report),
        *(f"  not shown: {name}, which was withdrawn here" for name in imported.withdrawn),
    ]
    return "\n".join(map(printable, lines))


def dump_json(facts: Mapping[str, object]) -> str:
    """Return ``facts`` as ``--json`` prints them."""
    return json.dumps(facts, indent=1)


def _group_missing(record: Record) -> dict[tuple[str, str, str], list[str]]:
    """Map each release and reason to its targets."""
    targets_by_release: dict[tuple[str, str, str], list[str]] = {}
    for lack in record.missing:
        release = (lack.project, lack.version, lack.reason)
        targets_by_release.setdefault(release, []).append(lack.target)
    return targets_by_release
