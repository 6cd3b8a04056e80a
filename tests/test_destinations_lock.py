"""Two imports at once, and what killed ones leave."""

import json
import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from matrix.destinations import switch
from matrix.destinations.static import LOCK
from matrix.edge import locks
from matrix.errors import NotVerified, NotWritten
from matrix.record import canonical

from .bundles import make_bundle, requirement, sound, write
from .destinations import import_bundle, quiet, second, snapshot
from .wheels import make_wheel

HOLD = """\
import sys, time
from pathlib import Path
from matrix.edge import locks
with locks.hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def hold_in_another_process(path: Path) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_an_import_beside_another_is_refused_with_the_holder(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    destination.mkdir()
    holder = hold_in_another_process(destination / LOCK)

    with holder:
        with pytest.raises(NotWritten) as caught:
            import_bundle(bundle, destination, quiet)
        holder.kill()

    assert str(caught.value) == (
        f"{destination}: another import is writing here: process {holder.pid} on "
        f"{platform.node()}\n  hint: wait until it has ended, then run the command again"
    )
    # The kill has left no lock behind.
    assert import_bundle(bundle, destination, quiet).is_new


def test_of_two_imports_at_once_none_is_lost(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    other = make_wheel(tmp_path / "o", "extra", "1.0")
    bundles = [
        sound(tmp_path),
        make_bundle(tmp_path / "b2", [other], [requirement("extra")], name="b"),
    ]
    refused: list[Path] = []
    barrier = threading.Barrier(2)

    def run(bundle: Path) -> None:
        barrier.wait()
        try:
            import_bundle(bundle, destination, quiet)
        except NotWritten:
            refused.append(bundle)

    threads = [threading.Thread(target=run, args=(bundle,), daemon=True) for bundle in bundles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) < 2
    for bundle in refused:
        import_bundle(bundle, destination, quiet)
    lines = (destination / "ledger.jsonl").read_text().splitlines()
    assert {json.loads(line)["name"] for line in lines} == {"acme", "b"}
    assert {path.name for path in (destination / "simple").iterdir() if path.is_dir()} == {
        "app",
        "dep",
        "extra",
    }


def test_a_lock_file_that_says_nonsense_is_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locks.hold(path):
        path.write_bytes(b"\x1b[2J")
        with pytest.raises(locks.Locked, match=r"^another process$"), locks.hold(path):
            pass


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()

    with pytest.raises(NotWritten, match="lock: cannot be written: Is a directory"):
        locks.hold(tmp_path / "lock").__enter__()


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)

    with pytest.raises(NotWritten, match=r"d/\.lock: cannot be written: No locks available"):
        import_bundle(sound(tmp_path), tmp_path / "d", quiet)


def test_what_killed_imports_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    bundle, clean, destination = sound(tmp_path), tmp_path / "clean", tmp_path / "d"
    import_bundle(bundle, clean, quiet)
    for path in (
        "files/.app-1.0-py2.py3-none-any.whl.0123abcd.part",
        "records/.acme-1.json.0123abcd.part",
        "bundles/acme-2026.1/.NOTES.md.0123abcd.part",
        ".staging-0123abcd/files/simple/index.html",
        ".staging/simple/index.html",
    ):
        write(destination, path, "half")

    import_bundle(bundle, destination, quiet)

    assert snapshot(destination) == snapshot(clean)
    assert {path.name for path in destination.iterdir()} == {path.name for path in clean.iterdir()}


def test_files_of_others_that_look_alike_stay(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    write(destination, "files/.mine.part", "theirs")

    import_bundle(sound(tmp_path), destination, quiet)

    assert (destination / "files/.mine.part").read_text() == "theirs"


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ("oops", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (
            canonical.dump(switch.Steps((switch.Step(path="../x", source=""),))),
            "'../x' leads elsewhere by '..'",
        ),
    ],
)
def test_damaged_steps_of_a_switch_are_refused(tmp_path: Path, steps: str, what: str) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, destination, quiet)
    write(destination, ".switch/steps.json", steps)
    before = snapshot(destination)

    with pytest.raises(NotVerified) as caught:
        import_bundle(second(tmp_path), destination, quiet)

    assert caught.value.problems[0].what == what
    assert snapshot(destination) == before


def test_a_directory_in_the_place_of_a_page_is_refused_before_the_switch(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    write(destination, "simple/index.html/in-the-way", "")

    with pytest.raises(NotVerified) as caught:
        import_bundle(sound(tmp_path), destination, quiet, adopt=True)

    assert str(caught.value) == "simple/index.html: cannot be read: Is a directory"
    assert not (destination / "ledger.jsonl").exists()


def test_a_step_that_is_refused_is_named_and_done_by_the_next_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, clean, destination = sound(tmp_path), tmp_path / "clean", tmp_path / "d"
    import_bundle(bundle, clean, quiet)
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if path.parts[-3:] == ("files", "simple", "index.html"):
            raise OSError(5, "Input/output error")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(NotWritten) as caught:
            import_bundle(bundle, destination, quiet)

    assert caught.value.problems[0].place == str(destination / "simple/index.html")
    assert not import_bundle(bundle, destination, quiet).is_new
    assert snapshot(destination) == snapshot(clean)


def test_a_switch_that_cannot_be_decided_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    before = snapshot(destination)

    def refuse(*_: Path) -> Path:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(NotWritten):
            import_bundle(second(tmp_path), destination, quiet)

    assert snapshot(destination).items() >= before.items()
    assert "2.0" not in (destination / "simple/app/index.json").read_text()
    assert not list(destination.glob(".s*"))
