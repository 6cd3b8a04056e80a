"""What a bundle is called and what it was made from: the commit, the run, the lock."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from .checkouts import ADDRESS, Checkout, enter_github, enter_gitlab
from .index_server import IndexServer
from .wheels import make_wheel

SECONDS = 1795789925  # 2026-11-27T14:32:05Z
VERSION = "2026.11.27.143205"


@pytest.fixture
def checkout(tmp_path: Path, index: IndexServer) -> Checkout:
    made = Checkout.make(tmp_path / "repository", index)
    assert made.run("lock", "--quiet") == 0
    return made


def seal(checkout: Checkout, *options: str, out: str = "out") -> dict[str, Any]:
    """Seal a bundle and return its record."""
    directory = checkout.directory / out
    before = set(directory.glob("*"))
    assert checkout.run("bundle", "--out", directory, *options) == 0
    (made,) = set(directory.glob("*")) - before
    record: dict[str, Any] = checkout.read_json(f"{out}/{made.name}/bundle.json")
    return record


def lock_digest(checkout: Checkout) -> str:
    return hashlib.sha256((checkout.directory / "packages.lock").read_bytes()).hexdigest()


def test_version_sequence_and_date_are_those_of_the_commit_on_both_services(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = checkout.commit()
    enter_github(monkeypatch, tmp_path, commit)
    records = [seal(checkout, out="github")]
    monkeypatch.delenv("GITHUB_ACTIONS")
    records.append(seal(checkout, out="here"))
    enter_gitlab(monkeypatch, commit)
    records.append(seal(checkout, out="gitlab"))

    for record in records:
        assert (record["version"], record["sequence"]) == (VERSION, SECONDS)
        assert record["created"] == "2026-11-27T14:32:05Z"
    assert [record["source"] for record in records] == [
        {
            "commit": commit,
            "lock_sha256": lock_digest(checkout),
            "ref": "refs/heads/main",
            "run": run,
            "untested": "",
        }
        for run in (ADDRESS, "", "https://gitlab.example/acme/wheels/-/pipelines/12")
    ]


def test_a_retry_gives_the_same_bytes(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    enter_github(monkeypatch, tmp_path, checkout.commit())

    first = seal(checkout, out="first")
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "2")

    assert seal(checkout, out="second") == first


def test_in_a_pipeline_a_bundle_that_exists_is_not_numbered(
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    enter_github(monkeypatch, tmp_path, checkout.commit())
    seal(checkout)

    assert checkout.run("bundle", "--out", checkout.directory / "out", "--quiet") == 13
    assert capsys.readouterr().err.endswith("already exists\n  hint: --version ANOTHER\n")


def test_a_second_bundle_of_a_commit_on_a_machine_of_a_person_is_numbered(
    checkout: Checkout,
) -> None:
    checkout.commit()

    first, second = seal(checkout), seal(checkout)

    assert (first["version"], second["version"]) == (VERSION, f"{VERSION}.1")
    assert second["sequence"] == first["sequence"] + 1


def test_a_tag_replaces_the_version_and_not_the_sequence(checkout: Checkout) -> None:
    checkout.commit()

    record = seal(checkout, "--tag", "bundle-7")

    assert (record["version"], record["sequence"]) == ("7", SECONDS)


def test_a_sequence_is_above_that_of_the_newest_bundle(checkout: Checkout) -> None:
    checkout.commit()
    newest = seal(checkout, "--version", "6", "--sequence", str(SECONDS + 50))
    previous = str(checkout.directory / "out" / "small-6")

    assert seal(checkout, "--tag", "bundle-7", "--previous", previous)["sequence"] == (
        newest["sequence"] + 1
    )
    again = seal(checkout, "--tag", "bundle-6", "--previous", previous, out="again")
    assert again["sequence"] == newest["sequence"]


def test_files_that_differ_from_the_commit_make_a_bundle_without_one(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.commit()
    manifest = checkout.directory / "packages.yaml"
    manifest.write_text(manifest.read_text("utf-8") + "# more\n", "utf-8")

    record = seal(checkout)

    assert re.fullmatch(r"20[0-9]+\.[0-9]+\.[0-9]+", record["version"])
    assert record["source"]["commit"] == record["source"]["ref"] == ""
    assert record["source"]["lock_sha256"] == lock_digest(checkout)
    assert (
        "warning: packages.yaml differs from the commit: the bundle names no commit\n"
        "  hint: commit first, then seal\n"
    ) in capsys.readouterr().err


def test_a_date_for_reproducible_builds_replaces_the_one_of_sealing_alone(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.commit()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

    record = seal(checkout)

    assert record["created"] == "2023-11-14T22:13:20Z"
    assert (record["version"], record["sequence"]) == (VERSION, SECONDS)


def test_a_pipeline_without_git_takes_the_date_that_gitlab_says(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = checkout.commit()
    enter_gitlab(monkeypatch, commit)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    record = seal(checkout)

    assert (record["version"], record["sequence"]) == (VERSION, SECONDS)
    assert record["source"]["commit"] == commit


def test_a_pipeline_that_cannot_read_its_commit_seals_nothing(
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commit = checkout.commit()
    enter_github(monkeypatch, tmp_path, commit)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    assert checkout.run("bundle", "--out", checkout.directory / "out", "--quiet") == 14
    assert capsys.readouterr().err == (
        f"bundle: the date of commit {commit} cannot be read: git not found\n"
        "  hint: install git on the runner\n"
    )


def test_a_checkout_of_another_commit_is_named_and_warned_of(
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commit = checkout.commit()
    enter_github(monkeypatch, tmp_path, "0" * 40)

    assert seal(checkout)["source"]["commit"] == commit
    assert (
        f"warning: expected the checkout of {'0' * 40}, got {commit}, which the bundle names\n"
        in capsys.readouterr().err
    )


def test_verify_and_import_print_what_a_bundle_was_made_from(
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commit = checkout.commit()
    enter_github(monkeypatch, tmp_path, commit)
    seal(checkout, "--tag", "bundle-7", "--untested", "the run of main was evicted")
    bundle = checkout.directory / "out" / "small-7"
    capsys.readouterr()

    lines = (
        f"  made from commit {commit} (refs/heads/main), {ADDRESS}\n"
        "  untested: the run of main was evicted\n"
    )
    assert checkout.run("verify", bundle, "--quiet") == 0
    assert capsys.readouterr().out.startswith(f"small 7: verified\n{lines}")
    assert checkout.run("import", bundle, "--to", tmp_path / "served", "--quiet") == 0
    assert lines in capsys.readouterr().out
    written = (bundle / "NOTES.md").read_text("utf-8")
    assert (
        "## Source\n\n"
        f"* commit: `{commit}`\n"
        "* ref: refs/heads/main\n"
        f"* run: <{ADDRESS}>\n"
        f"* sha256 of the lock: `{lock_digest(checkout)}`\n"
        "* untested: the run of main was evicted\n"
    ) in written


def test_a_wheel_can_be_allowed_to_be_missing_by_a_variable_of_the_pipeline(
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checkout.write("six", "{requirement: native, targets: [prod]}")
    checkout.run("lock", "--quiet")
    enter_github(monkeypatch, tmp_path, checkout.commit())
    owed = "cp39-manylinux_2_28_x86_64"
    make_wheel(tmp_path / "w", "native", "2.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    monkeypatch.setenv("WHEELYARD_ALLOW_MISSING", f"native@{owed}, gone@{owed}")

    record = seal(checkout, "--wheels", str(tmp_path / "w"))

    assert record["missing"] == [
        {
            "project": "native",
            "version": "2.0",
            "target": owed,
            "reason": f"allowed to be missing by {ADDRESS}, which has WHEELYARD_ALLOW_MISSING set",
        }
    ]
    assert (
        f"warning: WHEELYARD_ALLOW_MISSING: 'gone@{owed}' names nothing that the plan builds\n"
    ) in capsys.readouterr().err
