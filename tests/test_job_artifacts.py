"""Directories of artifacts: the wheels of the plan's jobs, each of its highest attempt."""

from pathlib import Path

import pytest

from matrix.bundle.job_artifacts import (
    find_wheels,
    locate_wheel,
    name_artifact,
    parse_artifact,
)

JOBS = ("linux.00", "linux.0a")


def touch(directory: Path, *paths: str) -> None:
    for path in paths:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(b"")


def list_found(directory: Path) -> list[str]:
    wheels = find_wheels(directory, JOBS)
    return [path.relative_to(directory).as_posix() for path in wheels.paths]


def test_of_several_attempts_the_newest_file_of_a_name_counts(tmp_path: Path) -> None:
    touch(tmp_path, "wheels-linux.00.1/a.whl", "wheels-linux.00.1/b.whl")
    touch(tmp_path, "wheels-linux.00.2/b.whl", "wheels-linux.00.10/shared/x/c.whl")
    touch(tmp_path, "wheels-linux.0a.1/b.whl", "wheels-linux.00.2/shared/x/c.whl")

    assert list_found(tmp_path) == [
        "wheels-linux.00.1/a.whl",
        "wheels-linux.00.10/shared/x/c.whl",
        "wheels-linux.00.2/b.whl",
        "wheels-linux.0a.1/b.whl",
    ]


def test_what_belongs_to_no_job_of_the_plan_is_left_out_and_named(tmp_path: Path) -> None:
    touch(tmp_path, "wheels-linux.00.1/a.whl", "wheels-other.00.1/a.whl", "wheels-linux.00/a.whl")
    touch(tmp_path, "logs-linux.00.1/a.whl", "a.whl", "reused/r.whl", "store-index/store.json")

    wheels = find_wheels(tmp_path, JOBS)

    assert list_found(tmp_path) == ["wheels-linux.00.1/a.whl"]
    assert wheels.ignored == (
        "a.whl",
        "logs-linux.00.1",
        "store-index",
        "wheels-linux.00",
        "wheels-other.00.1",
    )


def test_a_directory_without_artifacts_holds_the_wheels_themselves(tmp_path: Path) -> None:
    touch(tmp_path, "a.whl", "shared/x/b.whl", "reused/r.whl")

    assert list_found(tmp_path) == ["a.whl", "shared/x/b.whl"]
    assert find_wheels(tmp_path, JOBS).ignored == ()


def test_a_directory_that_was_not_made_holds_none(tmp_path: Path) -> None:
    assert list_found(tmp_path / "wheels") == []


@pytest.mark.parametrize("job", ["linux.00", "x", "win-amd64-cibw4.0a"])
@pytest.mark.parametrize("attempt", [1, 12])
def test_the_name_of_an_artifact_is_read_as_it_was_written(job: str, attempt: int) -> None:
    assert parse_artifact(name_artifact(job, attempt)) == (job, attempt)


@pytest.mark.parametrize(
    "name", ["wheels-", "wheels-x", "wheels-x.", "wheels-.1", "x.1", "logs-x.1"]
)
def test_other_names_are_of_no_job(name: str) -> None:
    assert parse_artifact(name) is None


def test_a_wheel_is_located_in_its_artifact(tmp_path: Path) -> None:
    wheel = tmp_path / "wheels-linux.00.2" / "shared" / "x" / "b.whl"

    name = "wheels-linux.00.2"
    assert locate_wheel(wheel, tmp_path) == (name, f"{name}/shared/x/b.whl")
    twice = tmp_path / name / name / "shared" / "x" / "b.whl"
    assert locate_wheel(twice, tmp_path) == (name, f"{name}/shared/x/b.whl")
    assert locate_wheel(tmp_path / "b.whl", tmp_path) == ("", "b.whl")


def test_attempts_that_lie_in_a_directory_of_their_name_replace_each_other(tmp_path: Path) -> None:
    """As version 3 of GitHub's artifact actions unpacks them."""
    first, second = "wheels-linux.00.1", "wheels-linux.00.2"
    touch(tmp_path, f"{first}/{first}/a.whl", f"{first}/{first}/b.whl")
    touch(tmp_path, f"{second}/{second}/b.whl")

    assert list_found(tmp_path) == [f"{first}/{first}/a.whl", f"{second}/{second}/b.whl"]
