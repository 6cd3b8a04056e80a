"""
The generated GitLab pipeline, run for real: plan, child pipeline, builds in podman, sealed bundle.

What happened is read from the report: gitlab-ci-local exits with 0 when a child pipeline fails.
"""

import shutil
from pathlib import Path

import pytest

from .flow import ROOT, Tool, closed_interpreters, local_manifest
from .gitlab import GitLabLocal, snapshot
from .images import Images
from .podman import Podman


@pytest.fixture
def project(tmp_path: Path, podman: Podman, images: Images) -> Path:
    """A copy of this repository with a smaller manifest, locked and generated as a user would."""
    source = tmp_path / "source"
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns(".nox", "release", "wheels", ".*_cache")
    )
    few = closed_interpreters(images)
    ends = (few[0], few[-1]) if len(few) > 1 else few
    manifest = local_manifest(ends, projects=["netifaces", "click"])
    (source / "packages.yaml").write_text(manifest, encoding="utf-8")
    (source / "packages.lock").unlink()
    tool = Tool(directory=source, environment=podman.environment)
    for verb in (("lock",), ("tool", "--lock"), ("generate",)):
        finished = tool(*verb)
        assert finished.succeeded, finished.output
    return snapshot(source, tmp_path / "checkout", environment=podman.environment)


def test_the_generated_pipeline_ends_in_a_verified_bundle(
    gitlab: GitLabLocal, podman: Podman, images: Images, project: Path
) -> None:
    pipeline = gitlab.run(project, variables={}, timeout=900)

    assert pipeline.succeeded, pipeline.output[-6000:]
    builds = {job for job in pipeline.passed if job.startswith("build")}
    assert pipeline.passed >= {"check", "plan", "wheels", "replan", "bundle"}
    assert len(builds) == len(closed_interpreters_lanes(images))
    tool = Tool(directory=project, environment=podman.environment)
    verified = tool("verify", str(pipeline.artifacts("bundle") / "release"))
    assert verified.succeeded, verified.output


def closed_interpreters_lanes(images: Images) -> set[bool]:
    """One job for each lane: netifaces for 2.7, and for 3."""
    few = closed_interpreters(images)
    return {each.version.startswith("2.7") for each in (few[0], few[-1])}
