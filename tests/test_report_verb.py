"""``report`` on a real plan: licences come from an index, the base from a file."""

import datetime
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from matrix.cli import main, report
from matrix.cli.arguments import Common, PlanSource
from matrix.cli.printing import Printer
from matrix.cli.session import Session
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import IndexUnavailable, MatrixError

from .index_server import IndexServer
from .manifests import text
from .wheels import make_sdist, make_wheel

MIT = "Metadata-Version: 2.4\nName: {}\nVersion: {}\nLicense-Expression: MIT\n\n"


@pytest.fixture
def here(tmp_path: Path, index: IndexServer) -> Path:
    """A repository that is planned; its first requirement stands in a base lock of its own."""
    index.add(make_wheel(index.directory, "six", "1.0"))
    index.add(make_sdist(index.directory, "native", "2.0", stated=MIT.format("native", "2.0")))
    network = f"network: {{index: '{index.url}'}}\n"
    common = [
        "--manifest",
        str(tmp_path / "packages.yaml"),
        "--cache",
        str(tmp_path / "cache"),
        "-q",
    ]
    for packages in (["six"], ["six", "{requirement: native, targets: [prod]}"]):
        (tmp_path / "packages.yaml").write_text(text(*packages, more=network), encoding="utf-8")
        assert main(["lock", *common]) == 0
        if len(packages) == 1:
            (tmp_path / "packages.lock").rename(tmp_path / "base.lock")
    assert main(["plan", "--out", str(tmp_path / "plan"), *common]) == 0
    return tmp_path


@pytest.fixture
def session(here: Path) -> Iterator[Session]:
    opened = Session(
        Common(manifest=here / "packages.yaml", cache=here / "another-cache"),
        environment={},
        reporter=Reporter(loudness=Loudness.QUIET, console=Console(file=io.StringIO())),
        printer=Printer(),
        now=datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC),
    )
    yield opened
    opened.close()


def arguments(here: Path, *, summary: Path | None = None, **more: Path) -> report.Arguments:
    source, common = PlanSource(plan=here / "plan" / "plan.json"), Common(summary=summary)
    return report.Arguments(common=common, source=source, out=here / "out", **more)


def test_only_what_is_added_is_read_from_the_index(
    session: Session, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    index.requests.clear()

    report.run(session, arguments(here, base=here / "base.lock"))

    summary = (here / "out" / "summary.md").read_text(encoding="utf-8")
    assert "| native |  | 2.0 | " in summary
    assert "| native 2.0 | MIT |\n" in summary
    assert "| six" not in summary
    assert index.requests == ["/simple/native/", "/files/native-2.0.tar.gz"]
    assert capsys.readouterr().out.endswith(summary)


def test_three_files_are_written_and_agree(session: Session, here: Path) -> None:
    report.run(session, arguments(here))

    written = {path.name for path in (here / "out").iterdir()}
    loaded = json.loads((here / "out" / "report.json").read_text(encoding="utf-8"))
    assert written == {"summary.md", "report.md", "report.json"}
    assert loaded["licences"] == [
        {"project": "native", "version": "2.0", "licence": "MIT", "doubt": ""},
        {"project": "six", "version": "1.0", "licence": "unknown", "doubt": ""},
    ]
    assert (here / "out" / "report.md").read_text(encoding="utf-8") == (
        here / "out" / "summary.md"
    ).read_text(encoding="utf-8")


def test_a_job_summary_is_added_to_what_other_steps_wrote(session: Session, here: Path) -> None:
    (here / "steps.md").write_text("before\n", encoding="utf-8")

    report.run(session, arguments(here, summary=here / "steps.md"))

    added = (here / "steps.md").read_text(encoding="utf-8")
    assert added == "before\n" + (here / "out" / "summary.md").read_text(encoding="utf-8")


def test_a_snapshot_is_looked_up_for_every_release_of_the_plan(
    session: Session, here: Path
) -> None:
    affected = {"package": {"ecosystem": "PyPI", "name": "Six"}, "versions": ["1.0"]}
    (here / "osv").mkdir()
    (here / "osv" / "one.json").write_text(
        json.dumps({"id": "OSV-1", "summary": "a", "affected": [affected]}), encoding="utf-8"
    )

    report.run(session, arguments(here, osv=here / "osv", base=here / "base.lock"))

    summary = (here / "out" / "summary.md").read_text(encoding="utf-8")
    assert "| six 1.0 | present before | OSV-1 |  | a |\n" in summary


def test_an_index_that_does_not_answer_is_an_error(
    session: Session, here: Path, index: IndexServer
) -> None:
    index.raw_pages["native"] = b"<html>a login page</html>"

    with pytest.raises(IndexUnavailable):
        report.run(session, arguments(here))

    assert not (here / "out").exists()


def test_a_base_that_is_not_there_is_an_error(session: Session, here: Path) -> None:
    with pytest.raises(MatrixError) as caught:
        report.run(session, arguments(here, base=here / "nothing.lock"))

    assert str(caught.value) == (
        f"{here / 'nothing.lock'}: cannot be read: No such file or directory"
    )
