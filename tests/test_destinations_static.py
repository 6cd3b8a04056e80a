import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.destinations.imports import Imported
from matrix.destinations.imports import import_bundle as import_into
from matrix.destinations.static import Static
from matrix.edge import files
from matrix.errors import NotProven, NotVerified, NotWritten

from .bundles import (
    LINUX,
    make_bundle,
    requirement,
    sound,
    write,
)
from .pips import pip_chooses
from .wheels import make_wheel

APP = "files/app-1.0-py2.py3-none-any.whl"


def import_bundle(bundle: Path, directory: Path, say: Callable[[str], None]) -> Imported:
    return import_into(bundle, Static(directory), say)


def quiet(text: str) -> None:
    del text


def snapshot(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def served(directory: Path) -> dict[str, bytes]:
    """What an installer can see: pages, not wheels that no page names."""
    return {
        path: data
        for path, data in snapshot(directory).items()
        if path.startswith(("simple/", "targets/"))
    }


def second(directory: Path, **changes: object) -> Path:
    """The bundle after ``sound``: a newer app with a new need."""
    wheels = [
        make_wheel(directory / "w2", "app", "2.0", requires=["zeta", "dep"]),
        make_wheel(directory / "w2", "zeta", "1.0"),
        make_wheel(directory / "w2", "dep", "1.5"),
    ]
    return make_bundle(directory / "b2", wheels, [requirement("app")], sequence=2, **changes)  # type: ignore[arg-type]


def test_an_import_adds_leaves_first_and_serves_both_views(tmp_path: Path) -> None:
    destination = tmp_path / "d"

    imported = import_bundle(second(tmp_path), destination, quiet)

    assert isinstance(imported, Imported)
    assert [name.split("-")[0] for name in imported.copied] == ["dep", "zeta", "app"]
    assert (imported.reused, imported.is_new) == (0, True)
    assert sorted(path.name for path in destination.iterdir()) == [
        ".lock",
        "files",
        "ledger.jsonl",
        "records",
        "simple",
        "targets",
    ]


def test_bundles_add_up(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)

    imported = import_bundle(second(tmp_path), destination, quiet)

    page = json.loads((destination / "simple/app/index.json").read_text())
    assert page["versions"] == ["1.0", "2.0"]
    assert [name.split("-")[0] for name in imported.copied] == ["zeta", "app"]
    assert imported.reused == 1
    ledger = (destination / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["sequence"] for line in ledger] == [1, 2]


def test_the_same_bundle_again_changes_nothing(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, destination, quiet)
    before = snapshot(destination)

    imported = import_bundle(bundle, destination, quiet)

    assert (imported.is_new, imported.copied, imported.pages) == (False, (), 0)
    assert snapshot(destination) == before


def test_an_older_bundle_is_refused(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(second(tmp_path), destination, quiet)
    before = snapshot(destination)

    with pytest.raises(NotVerified) as caught:
        import_bundle(sound(tmp_path), destination, quiet)

    assert str(caught.value) == (
        "acme 2026.1: expected a sequence above 2, got 1: 2026.2 was imported before"
    )
    assert snapshot(destination) == before


def test_another_wheel_under_a_known_name_is_refused(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    before = snapshot(destination)
    other = make_wheel(tmp_path / "o", "dep", "1.5", members={"dep.py": "evil = True\n"})
    bundle = make_bundle(tmp_path / "b2", [other], [requirement("dep")], name="other")

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, destination, quiet)

    digests = [files.digest(tmp_path / f"{top}/{other.name}") for top in ("w", "o")]
    assert str(caught.value) == (
        f"files/{other.name}: expected sha256 {digests[0]}, as imported before, got {digests[1]}"
    )
    assert snapshot(destination) == before


def test_a_bundle_that_would_break_another_is_refused(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    beta = [make_wheel(tmp_path / "w", "tool", "1.0b1"), make_wheel(tmp_path / "w", "dep", "1.0")]
    together = requirement("web", requirements=["tool", "dep<2"])
    import_bundle(make_bundle(tmp_path / "b1", beta, [together]), destination, quiet)
    before = served(destination)
    # Beside a final release nobody looks at the beta any more, and this one needs another dep.
    final = [
        make_wheel(tmp_path / "f", "tool", "0.9", requires=["dep==9"]),
        make_wheel(tmp_path / "f", "dep", "9"),
    ]
    bundle = make_bundle(tmp_path / "b2", final, [requirement("tool")], name="other")

    with pytest.raises(NotProven) as caught:
        import_bundle(bundle, destination, quiet)

    clash = "dep<2 and dep==9 <- tool 0.9: no wheel of dep meets both"
    assert str(caught.value).splitlines() == [
        f"web on {LINUX.id} (target view): {clash}",
        f"web on {LINUX.id} (union view): {clash}",
    ]
    assert served(destination) == before


def test_a_damaged_file_at_the_destination_is_named(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, destination, quiet)
    expected = files.digest(destination / APP)
    (destination / APP).write_bytes(b"rot")

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, destination, quiet)

    assert str(caught.value) == (
        f"{APP}: expected sha256 {expected} at the destination, got "
        f"{files.digest(destination / APP)}\n  hint: remove the damaged file there"
    )


def test_an_unproven_bundle_leaves_the_destination_alone(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path / "w", "app", "1.0", requires=["dep"])]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("app")])

    with pytest.raises(NotProven):
        import_bundle(bundle, tmp_path / "d", quiet)

    assert not (tmp_path / "d").exists()


def _disk_with_room_for(count: int) -> Callable[[int], None]:
    fsync, room = os.fsync, iter(range(count))

    def full(descriptor: int) -> None:
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    return full


def test_a_full_disk_at_any_write_leaves_what_was_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination, newer = tmp_path / "d", second(tmp_path)
    import_bundle(sound(tmp_path), destination, quiet)
    before = served(destination)
    refusals = 0
    while True:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", _disk_with_room_for(refusals))
            try:
                import_bundle(newer, destination, quiet)
                break
            except NotWritten as error:
                refused = str(error)
        refusals += 1
        assert "cannot be written: No space left on device" in refused
        assert served(destination) == before
        assert not list(destination.rglob("*.part"))

    assert refusals > 10
    assert json.loads((destination / "simple/app/index.json").read_text())["versions"] == [
        "1.0",
        "2.0",
    ]


def test_an_interrupt_between_renames_is_finished_by_the_next_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean, destination = tmp_path / "clean", tmp_path / "d"
    first, newer = sound(tmp_path), second(tmp_path)
    for directory in (clean, destination):
        import_bundle(first, directory, quiet)
    import_bundle(newer, clean, quiet)
    replace, renames = Path.replace, iter(range(3))

    def interrupted(self: Path, target: Path) -> Path:
        is_switch = ".switch" in self.parts and not self.name.endswith(".part")
        if is_switch and next(renames, None) is None:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            import_bundle(newer, destination, quiet)
    assert "zeta" not in (destination / "simple/index.html").read_text()

    import_bundle(newer, destination, quiet)

    assert snapshot(destination) == snapshot(clean)


def test_pip_installs_from_the_imported_directory(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(second(tmp_path), destination, quiet)

    assert pip_chooses(destination, ["app"]) == {
        "app-2.0-py2.py3-none-any.whl",
        "dep-1.5-py2.py3-none-any.whl",
        "zeta-1.0-py2.py3-none-any.whl",
    }
    assert pip_chooses(destination / "targets" / LINUX.id, ["app"]) is not None


def test_a_damaged_ledger_is_refused(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, destination, quiet)
    write(destination, "ledger.jsonl", "oops\n")

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, destination, quiet)

    assert str(caught.value) == (
        "ledger.jsonl:1: expected a line of the ledger, got 'oops': "
        "Expecting value: line 1 column 1 (char 0)"
    )
