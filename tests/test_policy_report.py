"""What the report says by the manifest's own policy."""

import json
from pathlib import Path

from matrix.cli import report
from matrix.cli.session import Session

from .test_report_verb import arguments, here, session

__all__ = ["here", "session"]


def test_the_report_judges_by_the_policy_of_the_manifest(session: Session, here: Path) -> None:
    affected = {"package": {"ecosystem": "PyPI", "name": "Six"}, "versions": ["1.0"]}
    record = json.dumps({"id": "OSV-1", "summary": "a", "affected": [affected]})
    (here / "osv").mkdir()
    (here / "osv" / "one.json").write_text(record, encoding="utf-8")
    with (here / "packages.yaml").open("a", encoding="utf-8") as stream:
        stream.write("policy: {advisories: osv, licences: {allow: [ISC]}}\n")

    report.run(session, arguments(here))

    summary = (here / "out" / "summary.md").read_text(encoding="utf-8")
    assert "| six 1.0 | added | OSV-1 |  | a |\n" in summary
    assert "| native 2.0 | MIT; licence MIT is not allowed (policy.licences.allow) |\n" in summary
    assert "| six 1.0 | unknown; licence is not stated (policy.licences.unknown) |\n" in summary
