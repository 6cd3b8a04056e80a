"""``upload``: the parts of a release in GitLab's package registry, once and for good."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.bundle.packing import pack
from matrix.cli import main
from matrix.edge.progress import Loudness, Reporter

from .bundles import sound
from .gitlab_api import Failure, GitLabServer

MANIFEST = """\
bundle: acme
targets: {prod: {platform: manylinux_2_28_x86_64, python: [3.12.4]}}
runners: [{match: "*", gitlab: [linux]}]
packages: [six]
"""
TAG = "bundle-1"


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLabServer]:
    with GitLabServer.running() as server:
        for name, value in server.start_job(server.start_pipeline(TAG, tag=True)).items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "packages.yaml").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    bundle = sound(tmp_path / "made").rename(tmp_path / "acme-1")
    quiet = Reporter.on_stderr(Loudness.QUIET)
    pack(bundle, tmp_path / "parts", size=10_000, reporter=quiet)
    return tmp_path / "parts"


def uploaded(gitlab: GitLabServer) -> list[str]:
    return [request.path.rpartition("/")[2] for request in gitlab.asked("PUT ")]


def test_every_file_is_uploaded_and_the_description_of_the_parts_last(
    gitlab: GitLabServer, parts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = sorted(path.name for path in parts.iterdir())

    assert main(["upload", "parts", "--tag", TAG]) == 0

    assert sorted(uploaded(gitlab)) == names
    assert uploaded(gitlab)[-1] == "parts.json"
    (package,) = gitlab.packages
    assert (package.name, package.version) == ("acme", TAG)
    assert {file.name: file.content for file in package.files} == {
        name: (parts / name).read_bytes() for name in names
    }
    sums = Path("SHA256SUMS").read_text("utf-8")
    assert sums.splitlines() == [
        f"{hashlib.sha256((parts / name).read_bytes()).hexdigest()}  {name}"
        for name in sorted(names, key=lambda name: (name == "parts.json", name))
    ]
    assert capsys.readouterr().out == sums


@pytest.mark.usefixtures("parts")
def test_a_second_attempt_uploads_what_is_missing_and_nothing_twice(
    gitlab: GitLabServer, capsys: pytest.CaptureFixture[str]
) -> None:
    gitlab.failures += [("PUT .*parts.json", Failure(status=403))]
    assert main(["upload", "parts", "--tag", TAG]) == 6
    first = uploaded(gitlab)[:-1]
    gitlab.requests.clear()

    assert main(["upload", "parts", "--tag", TAG]) == 0

    assert uploaded(gitlab) == ["parts.json"]
    assert f"{first[0]} is in the registry" in capsys.readouterr().err
    gitlab.requests.clear()
    assert main(["upload", "parts", "--tag", TAG]) == 0
    assert uploaded(gitlab) == []


@pytest.mark.usefixtures("parts")
def test_a_released_file_keeps_its_bytes(
    gitlab: GitLabServer, capsys: pytest.CaptureFixture[str]
) -> None:
    gitlab.upload("acme", TAG, "NOTES.md", b"other notes")

    assert main(["upload", "parts", "--tag", TAG]) == 2

    assert capsys.readouterr().err.endswith(
        f"acme {TAG}: the registry has other files of these names: NOTES.md\n"
        "  hint: release with another tag: a released file keeps its bytes\n"
    )
    assert uploaded(gitlab) == []


def test_damaged_parts_are_not_uploaded(gitlab: GitLabServer, parts: Path) -> None:
    path = next(parts.glob("*.part001"))
    path.write_bytes(path.read_bytes()[:-1])

    assert main(["upload", "parts", "--tag", TAG]) == 11

    assert uploaded(gitlab) == []


@pytest.mark.usefixtures("parts")
def test_outside_a_job_of_gitlab_nothing_is_uploaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["upload", "parts", "--tag", TAG]) == 2

    assert capsys.readouterr().err == (
        "upload: expected the variables of a job of GitLab, got no CI_API_V4_URL, no CI_JOB_ID, "
        "no CI_JOB_TOKEN, no CI_PIPELINE_ID, no CI_PROJECT_ID\n"
    )
