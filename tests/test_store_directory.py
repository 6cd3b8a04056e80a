"""The store in a directory that runners share."""

import multiprocessing
from pathlib import Path

import pytest

from matrix.edge import files
from matrix.errors import MatrixError
from matrix.store.lookup import Damaged, Store, StoredWheel
from matrix.store.shared_directory import SharedDirectory, list_places, name_place

from .stored import LINUX, entry, index, make_wheels, wanted


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    path.mkdir()
    return path


def put(root: Path, wheel: Path, *, place: str = "trusted", run: str = "7") -> list[str]:
    row = entry(wheel, run=run)
    store = SharedDirectory(root, place=place)
    return [str(problem) for problem in store.put(index(row, run=run), {row: wheel})]


def find(root: Path, project: str = "six", *, place: str = "trusted") -> StoredWheel | None:
    cell = wanted(project)
    return SharedDirectory(root, place=place).find([cell]).wheel_by_wanted.get(cell)


def test_a_shared_directory_is_a_store(root: Path) -> None:
    assert isinstance(SharedDirectory(root), Store)


def test_a_wheel_that_was_put_is_found_and_fetched_with_its_run(root: Path, tmp_path: Path) -> None:
    (wheel,) = make_wheels(tmp_path, "six")
    put(root, wheel)

    stored = find(root)

    assert stored is not None
    assert (stored.run, stored.seconds, stored.filename) == ("run 7", 60, wheel.name)
    SharedDirectory(root).fetch(stored, tmp_path / "copy.whl")
    assert (tmp_path / "copy.whl").read_bytes() == wheel.read_bytes()


def test_a_wheel_of_other_inputs_is_not_found_but_its_build_time_is(
    root: Path, tmp_path: Path
) -> None:
    (wheel,) = make_wheels(tmp_path, "six")
    put(root, wheel)

    answer = SharedDirectory(root).find([wanted("six", inputs="2")])

    assert answer.wheel_by_wanted == {}
    assert answer.past == {("six", LINUX): 60}
    assert answer.lines == (f"0 of 1 wheels are in directory {root}",)


def test_wheels_of_a_merge_request_are_found_by_the_same_request_alone(
    root: Path, tmp_path: Path
) -> None:
    (wheel,) = make_wheels(tmp_path, "six")
    put(root, wheel, place="requests/12")

    assert find(root, place="requests/12")
    assert find(root) is None
    assert find(root, place="requests/13") is None
    assert [*list_places(root)] == ["requests/12"]


def test_a_merge_request_takes_the_wheel_of_the_default_branch_first(
    root: Path, tmp_path: Path
) -> None:
    (ours,) = make_wheels(tmp_path / "ours", "six", content="request")
    (trusted,) = make_wheels(tmp_path / "trusted", "six", content="branch")
    put(root, ours, place="requests/12")
    put(root, trusted)

    stored = find(root, place="requests/12")

    assert stored is not None
    assert stored.sha256 == files.digest(trusted)


@pytest.mark.parametrize(
    ("is_trusted", "request_number", "ref", "expected"),
    [
        (True, "", "refs/heads/main", "trusted"),
        (False, "12", "refs/pull/12/merge", "requests/12"),
        (False, "", "refs/heads/../../trusted", "requests/9f6a6ea0f9b1b6b6"),
    ],
    ids=["protected", "request", "branch"],
)
def test_every_run_writes_to_a_place_of_its_own(
    is_trusted: bool,
    request_number: str,
    ref: str,
    expected: str,
) -> None:
    place = name_place(is_trusted=is_trusted, request=request_number, ref=ref)

    if ref == "refs/heads/../../trusted":
        assert place.startswith("requests/")
        assert place.removeprefix("requests/").isalnum()
    else:
        assert place == expected


def test_the_first_wheel_of_a_key_stays_and_the_other_is_named(root: Path, tmp_path: Path) -> None:
    (first,) = make_wheels(tmp_path / "1", "six", content="first")
    (second,) = make_wheels(tmp_path / "2", "six", content="second")
    put(root, first)

    problems = put(root, second, run="8")

    digests = f"(sha256 {files.digest(first)}, not {files.digest(second)})"
    what = f"{first.name} for {LINUX}: the store keeps the wheel of run 7, which differs"
    assert problems == [f"store: conflict: {what} {digests}"]
    stored = find(root)
    assert stored is not None
    assert stored.sha256 == files.digest(first)


def test_a_wheel_that_is_put_twice_changes_nothing(root: Path, tmp_path: Path) -> None:
    (wheel,) = make_wheels(tmp_path, "six")

    assert put(root, wheel) == []
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert put(root, wheel, run="8") == []

    assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_damaged_wheel_is_not_fetched(root: Path, tmp_path: Path) -> None:
    (wheel,) = make_wheels(tmp_path, "six")
    put(root, wheel)
    stored = find(root)
    assert stored is not None
    (copy,) = root.rglob("*.whl")
    copy.write_bytes(b"other bytes")

    with pytest.raises(Damaged) as caught:
        SharedDirectory(root).fetch(stored, tmp_path / "copy.whl")

    assert caught.value.code == "damaged"
    assert str(caught.value).startswith(f"expected sha256 {stored.sha256}, got ")
    assert not (tmp_path / "copy.whl").exists()


def test_an_entry_without_its_wheel_has_expired(root: Path, tmp_path: Path) -> None:
    (wheel,) = make_wheels(tmp_path, "six")
    put(root, wheel)
    stored = find(root)
    assert stored is not None
    (copy,) = root.rglob("*.whl")
    copy.unlink()

    with pytest.raises(Damaged, match="the store has the entry without the wheel"):
        SharedDirectory(root).fetch(stored, tmp_path / "copy.whl")


def test_an_entry_under_another_key_is_forged(root: Path, tmp_path: Path) -> None:
    six, yaml = make_wheels(tmp_path, "six", "yaml")
    put(root, six)
    (of_six,) = root.rglob("*.json")
    forged = of_six.read_text("utf-8")
    put(root, yaml)
    (of_yaml,) = {*root.rglob("*.json")} - {of_six}
    of_yaml.write_text(forged, "utf-8")

    answer = SharedDirectory(root).find([wanted("yaml")])

    assert answer.wheel_by_wanted == {}
    assert [str(problem) for problem in answer.problems] == [
        f"store: forged: {six.name} for {LINUX} lies under another key"
    ]


def test_an_entry_that_cannot_be_read_is_named_and_replaced(root: Path, tmp_path: Path) -> None:
    (wheel,) = make_wheels(tmp_path, "six")
    put(root, wheel)
    (path,) = root.rglob("*.json")
    path.write_text("{", "utf-8")

    answer = SharedDirectory(root).find([wanted("six")])

    assert [problem.what for problem in answer.problems] == [
        "damaged: not JSON: Expecting property name enclosed in double quotes"
    ]
    put(root, wheel)
    assert find(root)


def test_a_directory_that_is_not_there_is_an_error_and_no_empty_store(tmp_path: Path) -> None:
    with pytest.raises(MatrixError) as caught:
        SharedDirectory(tmp_path / "store").find([])

    assert str(caught.value) == (
        f"{tmp_path / 'store'}: the directory of the store was not found\n"
        "  hint: create it, or mount it on the runners: store.directory in packages.yaml"
    )


def _put_many(root: str, directory: str, run: int) -> None:
    for wheel in sorted(Path(directory).glob("*.whl")):
        put(Path(root), wheel, run=str(run))


def test_processes_that_put_at_the_same_time_keep_one_wheel_of_each_key(
    root: Path, tmp_path: Path
) -> None:
    names = [f"p{number}" for number in range(10)]
    for run in range(4):
        make_wheels(tmp_path / str(run), *names, content=str(run))
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_put_many, args=(str(root), str(tmp_path / str(run)), run))
        for run in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert [worker.exitcode for worker in workers] == [0] * 4
    for name in names:
        stored = find(root, name)
        assert stored is not None
        SharedDirectory(root).fetch(stored, tmp_path / "copies" / stored.filename)
    assert not [*root.rglob("*.part")]
