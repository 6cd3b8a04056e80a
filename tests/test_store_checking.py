"""Stored wheels by their bytes: what is taken, what is named, and which of several copies."""

from pathlib import Path

from matrix.edge import files
from matrix.store.checking import CheckedWheels, check_wheels
from matrix.store.lookup import StoredWheel, Wanted
from matrix.store.shared_directory import SharedDirectory
from matrix.targets.target import Target

from .stored import entry, index, wanted
from .wheels import make_wheel

LINUX = Target.parse("3.12.4", "manylinux_2_28_x86_64")
WINDOWS = Target.parse("3.12.4", "win_amd64")
LEGACY = Target.parse("2.7.18", "manylinux_2_17_x86_64")
TARGETS = {target.id: target for target in (LINUX, WINDOWS, LEGACY)}


def check(directory: Path, *stored: tuple[Path, Target]) -> CheckedWheels:
    """Put wheels into a store, each for a target, and check what the store answers."""
    root = directory / "store"
    root.mkdir()
    store = SharedDirectory(root)
    for path, target in stored:
        row = entry(path, target.id)
        store.put(index(row), {row: path})
    cells = [wanted("six", target.id) for _, target in stored]
    answer = store.find(cells)
    assert len(answer.wheel_by_wanted) == len(cells)
    return check_wheels(
        store, answer.wheel_by_wanted, directory=directory / "cache", target_by_id=TARGETS
    )


def pure(directory: Path, text: str, *, tag: str = "py3-none-any") -> Path:
    return make_wheel(directory, "six", "1.0", tag=tag, members={"six.py": text})


def cell(target: Target) -> Wanted:
    return wanted("six", target.id)


def test_copies_of_a_pure_wheel_with_the_same_code_become_one(tmp_path: Path) -> None:
    """Each job class builds its own; line endings depend on the system."""
    linux, windows = pure(tmp_path / "a", "a = 1\n"), pure(tmp_path / "b", "a = 1\r\n")
    assert files.digest(linux) != files.digest(windows)

    checked = check(tmp_path, (linux, LINUX), (windows, WINDOWS))

    digests = {stored.sha256 for stored in checked.wheel_by_wanted.values()}
    assert set(checked.wheel_by_wanted) == {cell(LINUX), cell(WINDOWS)}
    assert len(digests) == 1
    assert checked.path_by_digest.keys() == digests
    assert checked.problems == ()


def test_copies_with_other_code_are_named_and_one_is_left(tmp_path: Path) -> None:
    linux, windows = pure(tmp_path / "a", "a = 1\n"), pure(tmp_path / "b", "a = 2\n")

    checked = check(tmp_path, (linux, LINUX), (windows, WINDOWS))

    assert len(checked.wheel_by_wanted) == 1
    assert [problem.what for problem in checked.problems] == [
        "conflict: six-1.0-py3-none-any.whl of run 7 differs from that of run 7; it is built"
    ]


def test_a_wheel_that_its_target_does_not_install_is_forged(tmp_path: Path) -> None:
    checked = check(tmp_path, (pure(tmp_path / "a", "a = 1\n"), LEGACY))

    assert checked.wheel_by_wanted == {}
    assert [problem.what for problem in checked.problems] == [
        f"forged: six-1.0-py3-none-any.whl of run 7: {LEGACY.id} does not install it; it is built"
    ]


def test_a_file_that_is_no_wheel_is_forged(tmp_path: Path) -> None:
    path = tmp_path / "six-1.0-py3-none-any.whl"
    path.write_bytes(b"no zip")

    checked = check(tmp_path, (path, LINUX))

    assert checked.wheel_by_wanted == {}
    assert checked.problems[0].what.startswith("forged: six-1.0-py3-none-any.whl of run 7: ")


def test_a_wheel_that_is_on_this_machine_is_not_fetched_again(tmp_path: Path) -> None:
    path = pure(tmp_path / "a", "a = 1\n")
    check(tmp_path, (path, LINUX))
    stored = StoredWheel(
        filename=path.name, sha256=files.digest(path), size=path.stat().st_size, run="run 7"
    )
    empty = SharedDirectory(tmp_path / "none")

    again = check_wheels(
        empty, {cell(LINUX): stored}, directory=tmp_path / "cache", target_by_id=TARGETS
    )

    assert again.wheel_by_wanted == {cell(LINUX): stored}
