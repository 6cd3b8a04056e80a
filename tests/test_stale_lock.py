"""A lock that is stale in a merge request: planned, offered as a patch, and red until committed."""

from pathlib import Path

import pytest

from .checkouts import Checkout, git
from .index_server import IndexServer

NATIVE = "{requirement: native, targets: [prod]}"


@pytest.fixture
def checkout(tmp_path: Path, index: IndexServer) -> Checkout:
    made = Checkout.make(tmp_path / "repository", index)
    assert made.run("lock", "--quiet") == 0
    made.commit()
    return made


def plan(checkout: Checkout, *options: str) -> dict[str, str]:
    """The outputs of a planning job."""
    outputs = checkout.directory / "outputs"
    outputs.unlink(missing_ok=True)
    out = checkout.directory / "plan"
    written = ("--out", out, "--outputs", outputs)
    code = checkout.run("plan", "--provider", "gitlab", "--no-store", *written, *options)
    assert code == 0
    return dict(line.split("=", 1) for line in outputs.read_text("utf-8").splitlines())


def test_git_applies_the_patch_and_the_lock_is_current(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.write("six", NATIVE)

    assert plan(checkout, "--relock")["stale"] == "true"
    assert "the lock is stale; it would become:\nnative (none) -> 2.0 on " in (
        capsys.readouterr().err
    )
    assert checkout.run("lock", "--check") == 4
    git(checkout.directory, "apply", "plan/packages.lock.patch")
    assert checkout.run("lock", "--check") == 0
    planned = (checkout.directory / "plan" / "packages.lock").read_bytes()
    assert (checkout.directory / "packages.lock").read_bytes() == planned
    assert plan(checkout, "--relock")["stale"] == "false"


def test_the_patch_is_for_the_top_of_the_repository(checkout: Checkout) -> None:
    inner = Checkout(directory=checkout.directory / "ci" / "wheels", index=checkout.index)
    inner.directory.mkdir(parents=True)
    inner.write("six")

    plan(inner, "--relock")

    git(checkout.directory, "apply", "ci/wheels/plan/packages.lock.patch")
    assert inner.run("lock", "--check") == 0


def test_a_current_lock_has_no_patch(checkout: Checkout) -> None:
    assert plan(checkout, "--relock")["stale"] == plan(checkout)["stale"] == "false"
    assert not (checkout.directory / "plan" / "packages.lock.patch").exists()


def test_a_policy_that_refreshes_is_told_and_not_red(checkout: Checkout) -> None:
    checkout.write("six", NATIVE, more="policy: {lock: refresh}\n")

    assert plan(checkout)["stale"] == "false"
    assert (checkout.directory / "plan" / "packages.lock.patch").exists()


def test_a_stale_lock_is_an_error_where_it_is_not_renewed(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.write("six", NATIVE)

    assert checkout.run("plan", "--quiet") == 4
    assert capsys.readouterr().err.startswith("packages.lock: native is not locked on ")


def test_a_lock_in_which_no_version_changes_says_so(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.write("six", "nothere>=99")

    assert checkout.run("plan", "--relock") == 5
    printed = capsys.readouterr().err
    assert "the lock is stale; no version would change\n" in printed
    assert "nothere>=99 is impossible on " in printed
