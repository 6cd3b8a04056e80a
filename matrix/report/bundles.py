"""A verified bundle, in words and as plain values."""

from collections.abc import Iterator

from matrix.errors import printable
from matrix.record.schema import Record
from matrix.report.tables import count, megabytes
from matrix.verify.verify import Report


def facts(report: Report) -> dict[str, object]:
    """The facts of a verified bundle, for ``--json``."""
    return {
        "name": report.record.name,
        "version": report.record.version,
        "wheels": len(report.record.wheels),
        "files": report.files,
        "bytes": report.bytes,
        "proven": report.proven,
        "incomplete": [[target, root.root, root.view] for target, root in report.incomplete],
    }


def text(report: Report) -> str:
    """The facts of a verified bundle, in lines; every gap is named."""
    gaps = len(report.incomplete)
    rest = f"{gaps} incomplete because wheels are missing" if gaps else "nothing missing"
    record = report.record
    wheels, files = count(len(record.wheels), "wheel"), count(report.files, "file")
    lines = [
        f"{record.label}: verified",
        f"  {wheels}, {files}, {megabytes(report.bytes)}",
        f"  {count(report.proven, 'proof')}, {rest}",
        *_missing(record),
    ]
    return "\n".join(map(printable, lines))


def _missing(record: Record) -> Iterator[str]:
    """One line for each release and reason, with all its targets."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for lack in record.missing:
        grouped.setdefault((f"{lack.project} {lack.version}", lack.reason), []).append(lack.target)
    for (release, reason), targets in grouped.items():
        yield f"  missing: {release} on {', '.join(targets)}: {reason}"
