"""The machinery of these tests, tested: what it reports as passed or failed did."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from matrix.edge.programs import Finished
from matrix.errors import NotEquipped

from . import gitlab as gitlab_ci_local
from .gitlab import GitLabLocal
from .images import BUILDER, CLOSED, Images
from .podman import HYBRID, Podman, has_hybrid_cgroups

PARENT = """\
stages: [plan, child]
plan:
  stage: plan
  image: python:3.12-slim
  script: ['test "$ASKED" = "two words"', mkdir out, cp child.yml out/child.yml]
  artifacts: {paths: [out/]}
builds:
  stage: child
  needs: [{job: plan, artifacts: true}]
  variables: {BROKEN: none}
  trigger:
    include: [{artifact: out/child.yml, job: plan}]
    strategy: depend
"""

CHILD = """\
stages: [build, bundle]
build:
  stage: build
  parallel: {matrix: [{SHARD: [a1, b2]}]}
  script: [mkdir wheels, 'test $SHARD != "$BROKEN"', 'echo $SHARD > wheels/$SHARD']
  artifacts: {paths: [wheels/]}
bundle:
  stage: bundle
  script: [mkdir bundle, cat wheels/* > bundle/all]
  artifacts: {paths: [bundle/]}
"""

ASKED = {"ASKED": "two words"}


@pytest.fixture
def toy(tmp_path: Path, environment: Mapping[str, str]) -> Path:
    """A repository with a parent pipeline and the child that it starts."""
    (tmp_path / ".gitlab-ci.yml").write_text(PARENT, encoding="utf-8")
    (tmp_path / "child.yml").write_text(CHILD, encoding="utf-8")
    return gitlab_ci_local.commit(tmp_path, environment=environment)


def test_a_child_pipeline_passes_its_artifacts_on(gitlab: GitLabLocal, toy: Path) -> None:
    pipeline = gitlab.run(toy, variables=ASKED, timeout=60)

    assert pipeline.succeeded, pipeline.output
    assert pipeline.passed == {"plan", "builds", "build: [a1]", "build: [b2]", "bundle"}
    assert (pipeline.artifacts("build: [a1]") / "wheels/a1").read_text(encoding="utf-8") == "a1\n"
    assert (pipeline.artifacts("bundle") / "bundle/all").read_text(encoding="utf-8") == "a1\nb2\n"


def test_a_job_that_fails_in_the_child_is_reported(gitlab: GitLabLocal, toy: Path) -> None:
    broken = PARENT.replace("BROKEN: none", "BROKEN: b2")
    (toy / ".gitlab-ci.yml").write_text(broken, encoding="utf-8")

    pipeline = gitlab.run(toy, variables=ASKED, timeout=60)

    assert not pipeline.succeeded
    assert pipeline.status == 0, "gitlab-ci-local hides it: the report is all there is"
    assert pipeline.failed == {"build: [b2]"}
    assert pipeline.passed == {"plan", "builds", "build: [a1]"}


def test_jobs_find_podman_as_the_tests_do(gitlab: GitLabLocal, podman: Podman, toy: Path) -> None:
    script = f"ask:\n  script: ['{podman.program} info --format {{{{.Host.OCIRuntime.Name}}}}']\n"
    (toy / ".gitlab-ci.yml").write_text(script, encoding="utf-8")

    pipeline = gitlab.run(toy, variables={}, timeout=60)

    runtime = podman("info", "--format", "{{.Host.OCIRuntime.Name}}").output.strip()
    assert f"ask > {runtime}\n" in pipeline.output


def test_a_pipeline_that_never_ends_is_stopped(gitlab: GitLabLocal, toy: Path) -> None:
    (toy / ".gitlab-ci.yml").write_text("slow:\n  script: [sleep 50]\n", encoding="utf-8")

    pipeline = gitlab.run(toy, variables={}, timeout=3)

    assert pipeline.timed_out
    assert not pipeline.succeeded


def test_what_prints_no_report_has_not_succeeded(tmp_path: Path) -> None:
    finished = Finished(command=("gitlab-ci-local",), status=0, output=" WARN  nothing to run\n")

    pipeline = gitlab_ci_local.report(finished, state=tmp_path)

    assert not pipeline.succeeded
    assert not pipeline.warned


def test_a_job_that_may_fail_is_a_warning(tmp_path: Path) -> None:
    output = " PASS  plan      \n WARN  audit         pre_script\n  > FAIL  no\n"

    pipeline = gitlab_ci_local.report(
        Finished(command=("gitlab-ci-local",), status=0, output=output), state=tmp_path
    )

    assert pipeline.passed == {"plan"}
    assert pipeline.warned == {"audit"}
    assert not pipeline.failed


def test_a_snapshot_has_what_is_not_committed_yet(
    tmp_path: Path, toy: Path, environment: Mapping[str, str]
) -> None:
    (toy / "new.txt").write_text("new", encoding="utf-8")
    (toy / ".gitignore").write_text("ignored.txt\n", encoding="utf-8")
    (toy / "ignored.txt").write_text("ignored", encoding="utf-8")
    (toy / "child.yml").unlink()

    copy = gitlab_ci_local.snapshot(toy, tmp_path / "copy", environment=environment)

    names = {path.name for path in copy.iterdir()}
    assert names == {".git", ".gitignore", ".gitlab-ci.yml", "new.txt"}


@pytest.mark.usefixtures("images")
def test_the_closed_network_has_no_compiler_and_no_route(podman: Podman) -> None:
    asked = 'for p in gcc cc g++ c++ clang make; do command -v "$p"; done; cat /proc/net/route'

    finished = podman.run(CLOSED, ["sh", "-c", f"echo hello; {asked}"], timeout=60)

    hello, *routes = finished.output.splitlines()
    assert hello == "hello"
    assert [route.split()[0] for route in routes] == ["Iface"], "the table's heading, and no row"


def test_both_images_have_the_interpreters_of_this_machine(podman: Podman, images: Images) -> None:
    version = "import sys; sys.stdout.write('.'.join(map(str, sys.version_info[:3])) + ' ')"
    wanted = {(each.tag, each.version) for each in images.recipe.interpreters}
    script = f'cd /opt/python; for t in *; do $t/bin/python -c "{version}"; echo $t; done'

    for image in (CLOSED, BUILDER):
        finished = podman.run(image, ["sh", "-c", script], timeout=60)
        rows = (line.split() for line in finished.output.splitlines())
        assert wanted <= {(tag, found) for found, tag in rows}, finished.output


@pytest.mark.usefixtures("images")
def test_the_builder_compiles_for_every_interpreter(podman: Podman) -> None:
    script = """
        set -eu
        cd "$(mktemp -d)"
        echo '#include <Python.h>' > toy.c
        for python in /opt/python/*/bin/python; do
            include=$($python -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
            gcc -shared -fPIC -I "$include" -o toy.so toy.c
        done
        auditwheel --version; patchelf --version; uv --version
    """

    finished = podman.run(BUILDER, ["sh", "-c", script], timeout=120)

    assert finished.succeeded, finished.output


@pytest.mark.usefixtures("images")
def test_a_container_that_never_ends_is_stopped(podman: Podman) -> None:
    finished = podman.run(CLOSED, ["sleep", "50"], timeout=2)

    assert not finished.succeeded


def test_a_machine_without_podman_is_told_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(NotEquipped) as raised:
        Podman.found({"PATH": str(tmp_path)}, directory=tmp_path)

    assert str(raised.value) == (
        "podman: expected the program on PATH, got nothing of that name\n"
        "  hint: apt-get install -y podman runc debootstrap"
    )


def test_a_machine_without_npm_is_told_how_to_get_it(tmp_path: Path) -> None:
    for program in ("node", "git", "timeout"):
        (tmp_path / program).touch(mode=0o755)

    with pytest.raises(NotEquipped) as raised:
        GitLabLocal.installed({"PATH": str(tmp_path)}, directory=tmp_path)

    assert str(raised.value) == (
        "gitlab-ci-local: expected on PATH what it needs, got no npm, no rsync\n  hint: .ci/equip"
    )


def test_only_both_versions_of_cgroups_at_once_need_settings(tmp_path: Path) -> None:
    (tmp_path / "unified").mkdir()

    assert has_hybrid_cgroups(tmp_path)
    (tmp_path / "cgroup.controllers").touch()
    assert not has_hybrid_cgroups(tmp_path)
    assert 'runtime = "runc"' in HYBRID


def test_equip_finds_nothing_missing_where_these_tests_run() -> None:
    bash = shutil.which("bash") or "bash"

    finished = subprocess.run(
        [bash, ".ci/equip"], check=True, capture_output=True, encoding="utf-8", timeout=60
    )

    assert finished.stdout == "nothing is missing for the end-to-end tests\n"
