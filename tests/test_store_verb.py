"""The store from run to run: plan, index, fetch and bundle, as a pipeline calls them."""

import dataclasses
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.errors import IndexUnavailable, NotVerified
from matrix.plan.model import Plan, State
from matrix.verify.verify import verify

from .github_api import FORK, Failure
from .index_server import IndexServer
from .store_runs import TAG, Repository, open_repository
from .wheels import make_wheel


@pytest.fixture
def repository(
    tmp_path: Path,
    index: IndexServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Repository]:
    with open_repository(tmp_path, index, monkeypatch, capsys) as opened:
        yield opened


def states(plan: Plan) -> dict[str, set[State]]:
    by_project: dict[str, set[State]] = {}
    for cell in plan.cells:
        by_project.setdefault(cell.project, set()).add(cell.state)
    return by_project


def test_nothing_changed_builds_nothing_and_gives_the_same_bytes(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    wheels = repository.build(first, "fast", "slow")
    repository.keep(1, wheels)
    before = repository.bundle(wheels)

    plan, said = repository.plan(repository.push(2))
    after = repository.bundle(repository.home / "wheels")

    assert plan.jobs == ()
    assert {cell.run for cell in plan.cells} == {"run 1"}
    assert {cell.reason for cell in plan.cells} == {"built by run 1 from the same inputs"}
    assert "4 of 4 wheels are in the artifacts of earlier runs; index read from 1 run" in said
    digests = [
        {wheel.filename: wheel.sha256 for wheel in verify(path).record.wheels}
        for path in (before, after)
    ]
    assert digests[0] == digests[1]
    assert {wheel.origin for wheel in verify(after).record.wheels} == {"reused"}


def test_what_was_saved_is_said(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast", "slow", seconds=600))

    repository.enter(repository.push(2))
    repository.command("plan", "--provider", "github")

    shown = repository.capture.readouterr().out
    assert "2 builds reused, about 20 minutes:\n  run 1: fast 1.0, slow 1.0\n" in shown


def test_one_failed_build_leaves_one_for_the_next_run(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast"))

    plan, _ = repository.plan(repository.push(2))

    assert states(plan) == {"fast": {State.REUSED}, "slow": {State.BUILD}}
    assert [build.label for job in plan.jobs for build in job.builds] == ["slow 1.0"]


def test_an_index_repeats_what_its_run_reused(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast"))
    second, _ = repository.plan(repository.push(2))
    index = repository.keep(2, repository.build(second, "slow"))

    assert {(row["project"], row["run"]) for row in index["wheels"]} == {
        ("fast", "1"),
        ("slow", "2"),
    }
    plan, said = repository.plan(repository.push(3))
    assert states(plan) == {"fast": {State.REUSED}, "slow": {State.REUSED}}
    assert "index read from 1 run" in said


def test_real_build_times_size_the_jobs_of_the_next_run(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast", "slow", seconds=3000))
    path = repository.root / "packages.yaml"
    text = path.read_text("utf-8")
    path.write_text(text + "recipes: {slow: {environment: {CFLAGS: -O1}}}\n", "utf-8")

    plan, _ = repository.plan(repository.push(2))

    assert [job.seconds for job in plan.jobs] == [3000]


def test_a_wheel_of_a_fork_is_not_taken(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1, event="pull_request", head_repository=FORK))
    repository.keep(1, repository.build(first, "fast", "slow", content="poison"))

    plan, said = repository.plan(repository.push(2))

    assert states(plan) == {"fast": {State.BUILD}, "slow": {State.BUILD}}
    assert "1 not read: it is of a fork" in said


def test_a_forged_wheel_is_named_and_built(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    wheels = repository.build(first, "fast", "slow")
    repository.keep(1, wheels)
    # The digest fits, and the file is another project's.
    index = repository.github.artifacts[-1]
    fast = next(wheels.rglob("fast*.whl"))
    poison = make_wheel(repository.home, "poison", "1.0", tag=TAG)
    text = (repository.home / "store" / "store.json").read_text("utf-8")
    rows = json.loads(text)
    for row in rows["wheels"]:
        if row["project"] == "fast":
            row["sha256"], row["size"] = digest_of(poison), poison.stat().st_size
    repository.github.artifacts.remove(index)
    repository.github.upload(1, "store-index", {"store.json": json.dumps(rows).encode()})
    for each in [*repository.github.artifacts]:
        if each.name.startswith("wheels-") and holds(each.content, f"{each.name}/{fast.name}"):
            repository.github.artifacts.remove(each)
            repository.github.upload(
                1, each.name, {f"{each.name}/{fast.name}": poison.read_bytes()}
            )

    plan, said = repository.plan(repository.push(2))

    assert states(plan)["fast"] == {State.BUILD}
    assert f"warning: store: forged: {fast.name} of run 1: " in said
    assert "; it is built" in said


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def holds(content: bytes, name: str) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return name in archive.namelist()


def test_an_expired_wheel_is_named_and_built(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast", "slow"))
    github = repository.github
    github.artifacts[:] = [
        dataclasses.replace(each, expired=each.name != "store-index") for each in github.artifacts
    ]

    plan, said = repository.plan(repository.push(2))

    assert states(plan) == {"fast": {State.BUILD}, "slow": {State.BUILD}}
    assert "warning: store: expired: fast-1.0-" in said


def test_an_outage_of_the_store_is_an_error_and_never_a_rebuild(repository: Repository) -> None:
    repository.enter(repository.push(1))
    repository.patch.setattr("matrix.index.transport.PAUSES", (0.0,))
    repository.github.fail("actions", *[Failure(status=503)] * 9)

    code = repository.command("plan", "--provider", "github")

    assert code == IndexUnavailable.exit_code
    assert "status 503" in repository.capture.readouterr().err


def test_without_a_token_one_line_says_so(repository: Repository) -> None:
    repository.enter(repository.push(1))
    repository.patch.delenv("GITHUB_TOKEN")

    assert repository.command("plan", "--provider", "github") == 0

    assert "the store was not asked: not set: GITHUB_TOKEN\n" in repository.capture.readouterr().err
    assert repository.github.requests == []


def test_no_store_asks_nothing(repository: Repository) -> None:
    plan, said = repository.plan(repository.push(1), "--no-store")

    assert repository.github.requests == []
    assert "earlier runs" not in said
    assert "the store" not in said
    assert len(plan.jobs) >= 1


def test_a_wheel_that_vanishes_before_it_is_fetched_ends_the_bundle(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast", "slow"))
    repository.plan(repository.push(2))
    plan = repository.home / "plan" / "plan.json"
    shutil.rmtree(repository.home / "cache")
    repository.github.artifacts.clear()

    code = repository.command("store", "fetch", "--plan", str(plan), "--out", str(repository.home))

    assert code == NotVerified.exit_code
    assert "plan again, which builds it: run all jobs of the pipeline again" in (
        repository.capture.readouterr().err
    )


def test_the_store_is_listed_for_people(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast"))
    repository.enter(repository.push(2))

    assert repository.command("store", "list", "--provider", "github") == 0

    shown = repository.capture.readouterr().out
    assert f"fast-1.0-{TAG}.whl for cp312-manylinux_2_28_x86_64: run 1, 0.0 MB\n" in shown
    assert "slow" not in shown


def test_a_directory_is_put_and_read_in_place_of_artifacts(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    path = repository.root / "packages.yaml"
    text = path.read_text("utf-8")
    path.write_text(text + f"store: {{directory: {tmp_path / 'shared'}}}\n", "utf-8")
    first, _ = repository.plan(repository.push(1))
    wheels = repository.build(first, "fast", "slow")
    plan = str(repository.home / "plan" / "plan.json")

    assert repository.command("store", "put", str(wheels), "--plan", plan) == 0

    again, said = repository.plan(repository.push(2))
    assert again.jobs == ()
    assert f"4 of 4 wheels are in directory {tmp_path / 'shared'}" in said
    repository.bundle(repository.home / "wheels")
    assert repository.github.requests == []


def test_reused_wheels_that_builds_install_lie_beside_the_plan(repository: Repository) -> None:
    path = repository.root / "packages.yaml"
    text = path.read_text("utf-8")
    path.write_text(text + "recipes: {slow: {after: [fast]}}\n", "utf-8")
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast"))

    plan, _ = repository.plan(repository.push(2))

    assert [build.reused for job in plan.jobs for build in job.builds] == [("fast",)]
    beside = repository.home / "plan" / "reused"
    assert [path.name for path in beside.iterdir()] == [f"fast-1.0-{TAG}.whl"]


def test_the_report_says_what_was_saved(repository: Repository) -> None:
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast", seconds=600))
    repository.plan(repository.push(2))
    plan, out = str(repository.home / "plan" / "plan.json"), repository.home / "report"

    assert repository.command("report", "--plan", plan, "--out", str(out)) == 0

    text = (out / "summary.md").read_text("utf-8")
    assert "; 1 build reused, about 10 minutes.\n" in text


def test_a_wheel_of_one_abi_is_reused_for_all_targets_that_install_it_or_for_none(
    repository: Repository,
) -> None:
    """Built for the new target alone it would be another file of the same name."""
    first, _ = repository.plan(repository.push(1))
    repository.keep(1, repository.build(first, "fast", "slow"))
    path = repository.root / "packages.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[3.9.18, 3.12.4]", "[3.9.18, 3.11.9, 3.12.4]"), "utf-8")
    assert repository.command("lock", "--cache", str(repository.home / "lock-cache")) == 0

    plan, _ = repository.plan(repository.push(2))

    assert states(plan) == {"fast": {State.BUILD}, "slow": {State.BUILD}}
    wheels = repository.build(plan, "fast", "slow", content="second")
    repository.keep(2, wheels)
    assert len(verify(repository.bundle(wheels)).record.wheels) == 2
