"""The directory of a pypiserver; ``tests/e2e/test_pypiserver.py`` has the server itself."""

from pathlib import Path

import pytest

from matrix.destinations import undo
from matrix.destinations.imports import Imported, import_bundle
from matrix.destinations.pypiserver import PypiserverDirectory
from matrix.errors import NotProven, NotVerified

from .bundles import make_bundle, requirement, sound
from .destinations import quiet, second
from .wheels import make_wheel

APP, DEP = "app-1.0-py2.py3-none-any.whl", "dep-1.5-py2.py3-none-any.whl"


def put(bundle: Path, directory: Path) -> Imported:
    return import_bundle(bundle, PypiserverDirectory(directory), quiet)


def list_wheels(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("*.whl"))


def test_wheels_come_leaves_first_and_go_when_they_are_rolled_back(tmp_path: Path) -> None:
    directory, first, newer = tmp_path / "d", sound(tmp_path), second(tmp_path)

    imported = put(first, directory)
    again = put(first, directory)
    put(newer, directory)
    PypiserverDirectory(directory).verify()
    both = list_wheels(directory)
    dry = undo.roll_back(PypiserverDirectory(directory), "", quiet, dry_run=True)
    unchanged = list_wheels(directory)
    undone = undo.roll_back(PypiserverDirectory(directory), "", quiet)

    assert imported.copied == (DEP, APP)
    assert (again.is_new, again.copied) == (False, ())
    assert len(both) == 4
    assert unchanged == both
    assert (dry.is_done, dry.pages, undone.pages) == (False, 2, 2)
    assert list_wheels(directory) == [APP, DEP]
    PypiserverDirectory(directory).verify()
    assert put(newer, directory).is_new
    assert list_wheels(directory) == both


def test_a_withdrawn_release_is_removed_unless_it_is_needed(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    put(sound(tmp_path), directory)
    put(second(tmp_path), directory)

    with pytest.raises(NotProven):
        undo.withdraw(PypiserverDirectory(directory), ("dep", "1.5"), "", quiet)
    undo.withdraw(PypiserverDirectory(directory), ("app", "1.0"), "CVE-2026-1", quiet)
    pruned = undo.prune(PypiserverDirectory(directory), quiet, dry_run=False)

    assert APP not in list_wheels(directory)
    assert DEP in list_wheels(directory)
    assert len(pruned.lines) == 1
    assert not (directory / ".wheelyard/files" / f"{APP}.metadata").exists()


def test_nothing_is_copied_before_it_is_proven_with_what_others_put_there(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    directory.mkdir()
    theirs = make_wheel(directory, "app", "9.0", requires=["dep>=9"])
    wheels = [make_wheel(tmp_path / "w", "app", "1.0"), make_wheel(tmp_path / "w", "dep", "1.5")]
    clash = requirement("web", requirements=["app>=9", "dep"])
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("app")])

    imported = put(bundle, directory)
    with pytest.raises(NotProven):
        put(make_bundle(tmp_path / "b2", wheels, [clash], name="web"), tmp_path / "e")

    assert imported.is_new
    assert theirs.exists()
    assert not list_wheels(tmp_path / "e")


def test_a_file_that_was_removed_comes_back_with_its_bundle(tmp_path: Path) -> None:
    directory, first = tmp_path / "d", sound(tmp_path)
    put(first, directory)
    put(second(tmp_path), directory)
    (directory / APP).unlink()

    with pytest.raises(NotVerified) as caught:
        PypiserverDirectory(directory).verify()
    healed = put(first, directory)

    assert str(caught.value) == (
        f"{APP}: expected a file, got none; acme 2026.1 brings it\n"
        "  hint: import acme 2026.1 again, or withdraw the release"
    )
    assert healed.copied == (APP,)
    PypiserverDirectory(directory).verify()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    put(sound(tmp_path), directory)
    (directory / DEP).write_bytes(b"rot")

    with pytest.raises(NotVerified, match=r"hint: remove it, then import acme 2026\.1 again"):
        PypiserverDirectory(directory).verify()
