"""
The generated GitLab pipeline, run for real: plan, child pipeline, builds in podman, sealed bundle.

What happened is read from the report: gitlab-ci-local exits with 0 when a child pipeline fails.
"""

import dataclasses
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.version import Version

from . import prepared
from .flow import ROOT, Tool, closed_interpreters, local_manifest
from .gitlab import GitLabLocal, Pipeline, commit, snapshot
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


Project = Callable[..., Path]


@pytest.fixture
def small(
    tmp_path: Path, podman: Podman, images: Images, environment: Mapping[str, str]
) -> Project:
    """
    A repository of somebody who uses this tool: one interpreter, the tool as a wheel beside it.
    """

    def made(*projects: str, recipes: Mapping[str, Any] | None = None) -> Path:
        # netifaces has wheels for 3.9 and nothing newer.
        newest = max(closed_interpreters(images), key=lambda each: Version(each.version))
        checkout = tmp_path / "checkout"
        (checkout / "tool").mkdir(parents=True)
        wheel = prepared.tool_wheel(checkout / "tool", environment)
        manifest = yaml.safe_load(local_manifest([newest], projects=["click"]))
        wanted = {**manifest, "packages": list(projects), "recipes": dict(recipes or {})}
        text = yaml.safe_dump({**wanted, "tool": f"tool/{wheel.name}"}, sort_keys=False)
        (checkout / "packages.yaml").write_text(text, encoding="utf-8")
        tool = Tool(directory=checkout, environment=podman.environment)
        for verb in (("lock",), ("tool", "--lock"), ("generate",)):
            finished = tool(*verb)
            assert finished.succeeded, finished.output
        return commit(checkout, environment=podman.environment)

    return made


@pytest.fixture
def quick(gitlab: GitLabLocal, environment: Mapping[str, str], cache: Path) -> GitLabLocal:
    """gitlab-ci-local on a machine whose Python makes virtual environments in no time."""
    path = os.pathsep.join([str(prepared.python(cache, environment)), gitlab.environment["PATH"]])
    return dataclasses.replace(gitlab, environment={**gitlab.environment, "PATH": path})


def builds(pipeline: Pipeline) -> set[str]:
    return {job for job in pipeline.passed | pipeline.failed if job.startswith("build")}


def test_a_build_that_fails_leaves_no_bundle_and_is_named(
    quick: GitLabLocal, small: Project
) -> None:
    broken = {"netifaces": {"environment": {"CC": "false", "LDSHARED": "false"}}}
    checkout = small("click", "netifaces", recipes=broken)

    pipeline = quick.run(checkout, variables={}, timeout=300)

    print(pipeline.output)
    assert not pipeline.succeeded
    assert pipeline.failed == builds(pipeline)
    assert len(pipeline.failed) == 1
    assert pipeline.passed == {"check", "plan", "wheels", "replan"}
    assert not pipeline.artifacts("bundle").exists()
    assert "netifaces 0.11.0" in pipeline.output


def test_a_merge_request_without_builds_says_so_and_is_bundled_and_reported(
    quick: GitLabLocal, podman: Podman, small: Project
) -> None:
    checkout = small("click")
    variables = {"CI_PIPELINE_SOURCE": "merge_request_event"}

    pipeline = quick.run(checkout, variables=variables, timeout=300)

    print(pipeline.output)
    assert pipeline.succeeded, pipeline.output[-6000:]
    assert builds(pipeline) == set()
    assert "nothing to build, every wheel of the plan exists" in pipeline.output
    tool = Tool(directory=checkout, environment=podman.environment)
    facts = tool.json("verify", str(pipeline.artifacts("bundle") / "release"))
    assert facts["wheels"] == 1
    report = pipeline.artifacts("report") / "report" / "summary.md"
    assert "## To build\n\nNothing: every wheel exists.\n" in report.read_text(encoding="utf-8")
