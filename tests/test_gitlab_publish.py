"""The job of GitLab that publishes: its generated script, run by a shell against a small GitLab."""

import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.bundle.packing import pack
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import ManifestError
from matrix.manifest.model import Manifest
from matrix.manifest.operations import Sign
from matrix.pipelines.gitlab import GitLab

from .bundles import sound
from .gitlab_api import Failure, GitLabServer, Release
from .golden import cases, semantics

TAG = "bundle-1"
SIGNING = "SIGNING_KEY"
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
    """Publish as GitLab's runner does."""
    return run_job(gitlab, place, cases.manifest("one-linux"), "publish")


def run_job(
    gitlab: GitLabServer, place: Path, manifest: Manifest, job_name: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the lines of a job of the child pipeline; nothing is installed."""
    job = semantics.parse(GitLab().render_child(manifest, cases.plan(manifest)))[job_name]
    variables = gitlab.start_job(gitlab.start_pipeline(TAG, tag=True))
    known = sorted(variables, reverse=True)  # a longer name before the one that it begins with
    for name, value in job["variables"].items():
        pattern = "|".join(rf"\${each}" for each in known)
        variables[name] = re.sub(pattern, lambda match: variables[match[0][1:]], value)
    script = "\n".join([*job.get("before_script", []), *job["script"]])
    return subprocess.run(
        ["/bin/bash", "-eo", "pipefail", "-c", script],
        cwd=place,
        env={**variables, **more, "PATH": os.environ["PATH"], "HOME": str(place)},
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


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="signs with ssh-keygen")
def test_a_release_is_signed_before_its_approval_and_the_signature_is_a_file_of_it(
    gitlab: GitLabServer, tmp_path: Path
) -> None:
    gitlab.packages.clear()
    manifest = dataclasses.replace(cases.manifest("one-linux"), sign=Sign(secret=SIGNING))
    (tmp_path / "packages.yaml").write_bytes(
        (cases.ROOT / "one-linux" / "packages.yaml").read_bytes()
    )
    bundle = sound(tmp_path / "made").rename(tmp_path / "golden-1")
    quiet = Reporter.on_stderr(Loudness.QUIET)
    pack(bundle, tmp_path / "parts", size=10_000, reporter=quiet)
    sums = []
    for path in sorted((tmp_path / "parts").iterdir()):
        gitlab.upload("golden", TAG, path.name, path.read_bytes())
        sums.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    (tmp_path / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    key = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(command, check=True, timeout=60)
    scripts = tmp_path / ".wheelyard" / "bin"
    scripts.mkdir(parents=True)
    program = f'#!/bin/sh\nexec {sys.executable} -P -m matrix "$@"\n'
    (scripts / "wheelyard").write_text(program, encoding="utf-8")
    (scripts / "wheelyard").chmod(0o755)

    done = run_job(gitlab, tmp_path, manifest, "sign", SIGNING_KEY=str(key))

    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = gitlab.packages
    assert "bundle.dsse.json" in {file.name for file in package.files}
    assert "  bundle.dsse.json\n" in (tmp_path / "SHA256SUMS").read_text("utf-8")
    assert publish(gitlab, tmp_path).returncode == 0
    assert "bundle.dsse.json" in names(gitlab)


def test_a_windows_coordinator_cannot_sign_on_gitlab() -> None:
    manifest = dataclasses.replace(
        cases.manifest("windows-first"), sign=Sign(secret=SIGNING, line=9)
    )

    with pytest.raises(ManifestError) as error:
        GitLab().render_committed(manifest)

    assert str(error.value) == (
        "packages.yaml:9: sign: expected a coordinator with a POSIX shell on GitLab, got one with "
        "Windows\n  hint: coordinator: {gitlab: [linux]}"
    )
