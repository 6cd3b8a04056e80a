"""Released names keep their bytes, and a build tag gives a new name."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.errors import MatrixError
from matrix.plan.model import State
from matrix.store.released_records import parse_record
from matrix.verify.verify import verify

from .github_api import Failure
from .index_server import IndexServer
from .store_runs import TAG, Repository, open_repository

FAST = f"fast-1.0-{TAG}.whl"


@pytest.fixture
def repository(
    tmp_path: Path,
    index: IndexServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Repository]:
    with open_repository(tmp_path, index, monkeypatch, capsys) as opened:
        yield opened


def release_first(repository: Repository) -> Path:
    """Build, bundle and release; afterwards the store has forgotten everything."""
    plan, _ = repository.plan(repository.push(1))
    wheels = repository.build(plan, "fast", "slow", content="first")
    repository.keep(1, wheels)
    bundle = repository.bundle(wheels)
    repository.release("bundle-1", bundle)
    repository.github.artifacts.clear()
    return bundle


def pip(destination: Path, out: Path, *more: str) -> list[str]:
    """What pip downloads from a static destination for CPython 3.12 on Linux."""
    index = (destination / "simple").as_uri()
    command = [sys.executable, "-m", "pip", "download", "--isolated", "--no-cache-dir", "--no-deps"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--python-version", "3.12"]
    command += ["--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_17_x86_64"]
    command += ["--abi", "abi3", "--index-url", index, "--dest", str(out), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return sorted(path.name for path in out.iterdir())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_released_name_is_not_built_again_and_a_build_tag_builds_it(
    repository: Repository, tmp_path: Path
) -> None:
    first = release_first(repository)
    destination = tmp_path / "served"
    to = ["--to", f"static:{destination}"]
    assert repository.command("import", str(first), *to) == 0

    # Changed without a build tag: nothing is built, and the release's bytes are taken.
    repository.change("recipes: {fast: {environment: {CFLAGS: -O1}}}\n")
    plan, said = repository.plan(repository.push(2))

    assert plan.jobs == ()
    assert {cell.run for cell in plan.cells} == {"bundle small 1"}
    assert said.count("warning: store: released: ") == 2
    assert (
        f"warning: store: released: {FAST} for cp312-manylinux_2_28_x86_64 is taken from bundle "
        "small 1, which released the name; its inputs have changed since, and it is not built again"
        "\n  hint: recipes: {fast: {build: 1}}\n"
    ) in said
    second = repository.bundle(repository.home / "wheels")
    assert digest(second / "files" / FAST) == digest(first / "files" / FAST)

    # With a build tag: built, under a name of its own.
    repository.change("recipes: {fast: {environment: {CFLAGS: -O1}, build: 1}}\n")
    plan, said = repository.plan(repository.push(3))
    assert [build.label for job in plan.jobs for build in job.builds] == ["fast 1.0"]
    assert "released:" not in said
    wheels = repository.build(plan, "fast", content="second")
    repository.keep(3, wheels)
    third = repository.bundle(wheels)
    tagged = f"fast-1.0-1-{TAG}.whl"
    assert {wheel.filename for wheel in verify(third).record.wheels} == {
        tagged,
        f"slow-1.0-{TAG}.whl",
    }

    # Both lie side by side; pip takes the higher, and the old one by its hash.
    assert repository.command("import", str(third), *to) == 0
    assert pip(destination, tmp_path / "new", "fast") == [tagged]
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"fast==1.0 --hash=sha256:{digest(first / 'files' / FAST)}\n")
    old = pip(destination, tmp_path / "old", "--require-hashes", "-r", str(requirements))
    assert old == [FAST]


def test_the_next_run_reuses_the_wheel_with_the_build_tag(repository: Repository) -> None:
    release_first(repository)
    repository.change("recipes: {fast: {build: 2}}\n")
    plan, _ = repository.plan(repository.push(2))
    repository.keep(2, repository.build(plan, "fast", content="second"))

    plan, _ = repository.plan(repository.push(3))

    assert plan.jobs == ()
    assert {cell.filename for cell in plan.cells if cell.project == "fast"} == {
        f"fast-1.0-2-{TAG}.whl"
    }


def test_without_the_store_the_release_is_taken_with_the_same_inputs_silently(
    repository: Repository,
) -> None:
    first = release_first(repository)

    plan, said = repository.plan(repository.push(2))

    assert {cell.state for cell in plan.cells} == {State.REUSED}
    assert "4 more of releases" in said
    assert "warning: store" not in said
    second = repository.bundle(repository.home / "wheels")
    assert digest(second / "files" / FAST) == digest(first / "files" / FAST)


def test_other_bytes_of_the_store_do_not_replace_a_released_file(repository: Repository) -> None:
    first = release_first(repository)
    plan, _ = repository.plan(repository.push(2), "--no-store")
    repository.keep(2, repository.build(plan, "fast", "slow", content="second"))

    plan, said = repository.plan(repository.push(3))

    (sha256,) = {cell.sha256 for cell in plan.cells if cell.project == "fast"}
    assert sha256 == digest(first / "files" / FAST)
    assert f"warning: store: released: {FAST}" in said


def test_a_wheel_of_a_release_costs_ranges_and_not_the_release(repository: Repository) -> None:
    bundle = release_first(repository)
    repository.github.requests.clear()

    repository.plan(repository.push(2))

    ranges = [each for each in repository.github.asked("/files/asset/") if "range" in each.headers]
    assert ranges
    whole = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
    read = sum(
        int(end) - int(start) + 1
        for each in ranges
        for start, _, end in [each.headers["range"].removeprefix("bytes=").partition("-")]
    )
    assert read < whole
    assert not [
        each for each in repository.github.asked("/files/") if "authorization" in each.headers
    ]


def test_releases_of_other_things_and_drafts_are_passed_over(repository: Repository) -> None:
    release_first(repository)
    github = repository.github
    (own,) = github.releases
    github.releases.clear()
    files = {asset.name: asset.content for asset in own.assets}
    github.publish("v1.2", files)
    github.publish("bundle-2", files, is_draft=True)
    github.publish("bundle-3", {"notes.txt": b""})

    plan, _ = repository.plan(repository.push(2))

    assert {cell.state for cell in plan.cells} == {State.BUILD}


def test_a_release_that_cannot_be_read_is_an_error_and_no_new_build(repository: Repository) -> None:
    release_first(repository)
    (own,) = repository.github.releases
    repository.github.releases.clear()
    files = {asset.name: asset.content for asset in own.assets}
    repository.github.publish("bundle-1", {**files, "parts.json": b"{}"})
    repository.enter(repository.push(2))

    code = repository.command("plan", "--provider", "github")

    assert code == 1
    assert repository.capture.readouterr().err.startswith("release bundle-1: parts.json: ")


def test_a_damaged_part_is_named_and_its_wheel_built(repository: Repository) -> None:
    release_first(repository)
    (own,) = repository.github.releases
    listing = json.loads(next(a.content for a in own.assets if a.name == "parts.json"))
    (member,) = [m for m in listing["members"] if m["path"] == f"files/{FAST}"]
    stream = bytearray().join(asset.content for asset in own.assets if ".tar.part" in asset.name)
    stream[member["offset"] + 40] ^= 1
    files = {asset.name: asset.content for asset in own.assets}
    first = 0
    for part in listing["parts"]:
        files[part["filename"]] = bytes(stream[first : first + part["size"]])
        first += part["size"]
    repository.github.releases.clear()
    repository.github.publish("bundle-1", files)

    plan, said = repository.plan(repository.push(2))

    assert {cell.state for cell in plan.cells if cell.project == "fast"} == {State.BUILD}
    assert f"warning: store: damaged: {FAST} of bundle small 1: expected sha256 " in said


def test_an_outage_of_releases_is_an_error(repository: Repository) -> None:
    release_first(repository)
    repository.enter(repository.push(2))
    repository.patch.setattr("matrix.index.transport.PAUSES", (0.0,))
    repository.github.fail("releases", *[Failure(status=502)] * 5)

    assert repository.command("plan", "--provider", "github") == 6


def test_bundles_of_a_shared_directory_keep_their_names(
    repository: Repository, tmp_path: Path
) -> None:
    first = release_first(repository)
    shared = tmp_path / "shared"
    (shared / "bundles").mkdir(parents=True)
    first.rename(shared / "bundles" / first.name)
    repository.change(
        f"store: {{directory: {shared}}}\nrecipes: {{fast: {{environment: {{A: b}}}}}}\n"
    )

    plan, said = repository.plan(repository.push(2))

    assert plan.jobs == ()
    assert f"warning: store: released: {FAST}" in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "TypeError: "),
        ("{", "JSONDecodeError: "),
        ("{}", "KeyError: 'name'"),
        ('{"name": 1, "version": "1", "sequence": 1, "wheels": []}', "TypeError: a text"),
        ('{"name": "a", "version": "1", "sequence": true, "wheels": []}', "TypeError: a number"),
        ('{"name": "a", "version": "1", "sequence": 1, "wheels": [1]}', "TypeError: "),
    ],
)
def test_what_is_no_record_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(MatrixError) as caught:
        parse_record(text.encode(), place="release bundle-1")

    assert str(caught.value).startswith(
        f"release bundle-1: expected a record of a bundle, got another text ({reason}"
    )


def test_a_record_of_another_schema_is_read(repository: Repository) -> None:
    bundle = release_first(repository)
    record = json.loads((bundle / "bundle.json").read_text("utf-8"))
    record |= {"schema": 99, "news": [1]}

    names = parse_record(json.dumps(record).encode(), place="x")

    assert {wheel.project for wheel in names.wheels} == {"fast", "slow"}


def test_a_release_of_an_older_version_is_passed_over_and_named(repository: Repository) -> None:
    release_first(repository)
    (own,) = repository.github.releases
    files = {asset.name: asset.content for asset in own.assets}
    listing = json.loads(files["parts.json"])
    del listing["members"]
    files["parts.json"] = json.dumps(listing | {"schema": 2}).encode()
    repository.github.releases.clear()
    repository.github.publish("bundle-1", files)

    plan, said = repository.plan(repository.push(2))

    assert {cell.state for cell in plan.cells} == {State.BUILD}
    assert "release bundle-1 not read: its parts.json has schema 2, which lists no wheels" in said


def test_a_release_of_a_commit_that_is_on_no_default_branch_is_passed_over(
    repository: Repository,
) -> None:
    release_first(repository)
    (own,) = repository.github.releases
    repository.github.releases.clear()
    files = {asset.name: asset.content for asset in own.assets}
    repository.github.publish("bundle-1", files, is_on_branch=False)

    plan, said = repository.plan(repository.push(2))

    assert {cell.state for cell in plan.cells} == {State.BUILD}
    assert "release bundle-1 not read: its commit is not on the default branch" in said
