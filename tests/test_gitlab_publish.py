"""The job of GitLab that publishes: its generated script, run by a shell against a small GitLab."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.pipelines.gitlab import GitLab

from .gitlab_api import Failure, GitLabServer, Release
from .golden import cases, semantics

TAG = "bundle-1"
FILES = {"acme.tar.part001": b"first", "acme.tar.part002": b"second", "parts.json": b"{}"}
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not all(map(shutil.which, ("curl", "sha256sum", "bash"))),
    reason="runs a POSIX shell with curl",
)


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    with GitLabServer.running() as server:
        server.tags[TAG] = "c" * 40
        for name, content in FILES.items():
            server.upload("golden", TAG, name, content, server.start_pipeline(TAG, tag=True))
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The working directory with the artifacts of the job ``parts``."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "NOTES.md").write_text("What is new: 100% & more\n", encoding="utf-8")
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in FILES.items()]
    (tmp_path / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    return tmp_path


def publish(gitlab: GitLabServer, place: Path) -> subprocess.CompletedProcess[str]:
    """Run the lines of the job as GitLab's runner does."""
    manifest = cases.manifest("one-linux")
    job = semantics.parse(GitLab().render_child(manifest, cases.plan(manifest)))["publish"]
    variables = gitlab.start_job(gitlab.start_pipeline(TAG, tag=True))
    known = sorted(variables, reverse=True)  # a longer name before the one that it begins with
    for name, value in job["variables"].items():
        pattern = "|".join(rf"\${each}" for each in known)
        variables[name] = re.sub(pattern, lambda match: variables[match[0][1:]], value)
    script = "\n".join([*job["before_script"], *job["script"]])
    return subprocess.run(
        ["/bin/bash", "-eo", "pipefail", "-c", script],
        cwd=place,
        env={**variables, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def names(gitlab: GitLabServer) -> list[str]:
    return [link["name"] for link in gitlab.releases[0].links]


def test_a_release_has_its_notes_and_a_link_for_each_file(
    gitlab: GitLabServer, place: Path
) -> None:
    done = publish(gitlab, place)

    assert done.returncode == 0, done.stdout + done.stderr
    (release,) = gitlab.releases
    assert (release.tag, release.name) == (TAG, TAG)
    assert release.description == "What is new: 100% & more\n"
    assert {link["name"]: (link["url"], link["link_type"]) for link in release.links} == {
        name: (f"{gitlab.api}/projects/7/packages/generic/golden/{TAG}/{name}", "package")
        for name in FILES
    }


def test_a_second_attempt_changes_nothing_and_ends_well(gitlab: GitLabServer, place: Path) -> None:
    publish(gitlab, place)
    before = [*gitlab.releases[0].links]

    done = publish(gitlab, place)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"the release {TAG} exists already" in done.stdout
    assert gitlab.releases[0].links == before


def test_an_attempt_that_broke_off_is_completed(gitlab: GitLabServer, place: Path) -> None:
    gitlab.failures.append(("POST .*/assets/links", Failure(status=403, message="no")))
    first = publish(gitlab, place)
    assert (first.returncode, names(gitlab)) == (1, [])

    second = publish(gitlab, place)

    assert second.returncode == 0, second.stdout + second.stderr
    assert names(gitlab) == list(FILES)


def test_a_release_that_a_person_made_gets_the_links(gitlab: GitLabServer, place: Path) -> None:
    made = Release(tag=TAG, name="by hand", description="mine", released=1)
    gitlab.releases.append(made)

    done = publish(gitlab, place)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (made.name, made.description) == ("by hand", "mine")
    assert names(gitlab) == list(FILES)


def test_a_file_that_was_replaced_before_the_approval_is_named_and_not_released(
    gitlab: GitLabServer, place: Path
) -> None:
    gitlab.upload("golden", TAG, "acme.tar.part002", b"other bytes")

    done = publish(gitlab, place)

    assert done.returncode == 1
    assert "acme.tar.part002 is not what was verified" in done.stdout
    assert gitlab.releases == []


@pytest.mark.parametrize("status", [403, 422])
def test_what_gitlab_refuses_is_shown(gitlab: GitLabServer, place: Path, status: int) -> None:
    gitlab.failures.append(("POST .*/releases$", Failure(status=status, message="the reason")))

    done = publish(gitlab, place)

    assert done.returncode == 1
    assert "the reason" in done.stdout


def test_an_answer_of_a_busy_server_is_asked_for_again(gitlab: GitLabServer, place: Path) -> None:
    gitlab.failures += [("GET", Failure(status=502)), ("POST .*/releases$", Failure(status=503))]

    done = publish(gitlab, place)

    assert done.returncode == 0, done.stdout + done.stderr
    assert names(gitlab) == list(FILES)
