import contextlib
import errno
import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.destinations.imports import Imported
from matrix.edge import files
from matrix.errors import NotProven, NotVerified, NotWritten, UsageError

from .bundles import (
    LINUX,
    make_bundle,
    requirement,
    sound,
    write,
)
from .destinations import Interrupter, find_dangling, import_bundle, quiet, second, served, snapshot
from .pips import pip_chooses
from .wheels import make_wheel

APP = "files/app-1.0-py2.py3-none-any.whl"


def test_an_import_adds_leaves_first_and_serves_both_views(tmp_path: Path) -> None:
    destination = tmp_path / "d"

    imported = import_bundle(second(tmp_path), destination, quiet)

    assert isinstance(imported, Imported)
    assert [name.split("-")[0] for name in imported.copied] == ["dep", "zeta", "app"]
    assert (imported.reused, imported.is_new) == (0, True)
    assert sorted(path.name for path in destination.iterdir()) == [
        ".lock",
        "bundles",
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
        "\n  hint: give the newer build a build tag: `build:` of its recipe in packages.yaml"
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


def test_an_interrupt_between_any_two_steps_leaves_every_project_installable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = tmp_path / "clean"
    first, newer = sound(tmp_path), second(tmp_path)
    for bundle in (first, newer):
        import_bundle(bundle, clean, quiet)
    for steps in itertools.count():
        destination = tmp_path / f"d{steps}"
        import_bundle(first, destination, quiet)
        with monkeypatch.context() as patch:
            interrupter = Interrupter(patch, steps)
            with contextlib.suppress(KeyboardInterrupt):
                import_bundle(newer, destination, quiet)
        lines: list[str] = []

        dangling = list(find_dangling(destination))
        imported = import_bundle(newer, destination, lines.append)

        assert dangling == []
        assert snapshot(destination) == snapshot(clean)
        if not interrupter.has_interrupted:
            break
        assert not imported.is_new
        assert lines[1] == f"finished the import into {destination} that was interrupted"

    assert steps > 10


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


def test_another_bundle_with_the_same_sequence_is_refused(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    before = snapshot(destination)
    other = make_wheel(tmp_path / "o", "extra", "1.0")
    bundle = make_bundle(tmp_path / "b2", [other], [requirement("extra")], sequence=1)

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, destination, quiet)

    assert str(caught.value) == (
        "acme 2026.1: expected a sequence above 1, got 1: 2026.1 was imported before"
    )
    assert snapshot(destination) == before


def test_a_changed_record_is_refused(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, destination, quiet)
    record = destination / "records/acme-1.json"
    expected = files.digest(record)
    record.write_text(record.read_text().replace("2026-11-22", "2026-11-23"))

    with pytest.raises(NotVerified) as caught:
        import_bundle(second(tmp_path), destination, quiet)

    assert str(caught.value) == (
        f"records/acme-1.json: expected sha256 {expected}, got {files.digest(record)}"
    )


def test_a_foreign_file_under_a_wheels_name_is_refused_before_anything_is_copied(
    tmp_path: Path,
) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    write(destination, APP, b"foreign")

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, destination, quiet)

    assert str(caught.value).startswith(f"{APP}: expected sha256 ")
    assert set(snapshot(destination)) == {".lock", APP}


@pytest.mark.parametrize("inside", ["", "simple", "new/directory"])
def test_a_destination_inside_the_bundle_is_refused(tmp_path: Path, inside: str) -> None:
    bundle = sound(tmp_path)
    before = snapshot(bundle)

    with pytest.raises(UsageError) as caught:
        import_bundle(bundle, bundle / inside, quiet)

    assert str(caught.value) == (
        f"--to: expected a directory outside the bundle {bundle}, got {bundle / inside}"
    )
    assert snapshot(bundle) == before


def test_notes_and_requirements_of_each_bundle_are_served(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"

    import_bundle(bundle, destination, quiet)

    own = destination / "bundles" / "acme-2026.1"
    paths = ["NOTES.md", f"targets/{LINUX.id}/requirements.txt"]
    assert [(own / path).read_bytes() for path in paths] == [
        (bundle / path).read_bytes() for path in paths
    ]


def test_a_file_in_the_place_of_the_destination_is_named(tmp_path: Path) -> None:
    write(tmp_path, "file", "")

    with pytest.raises(NotWritten, match="file: cannot be written: File exists"):
        import_bundle(sound(tmp_path), tmp_path / "file" / "d", quiet)


def test_a_file_system_that_refuses_permissions_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d" / "files").mkdir(parents=True)

    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)

    with pytest.raises(NotWritten, match=r"\.metadata: cannot be written: Operation not permitted"):
        import_bundle(sound(tmp_path), tmp_path / "d", quiet)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask that hides files from a server")
def test_a_web_server_can_read_everything_under_any_umask(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "parent" / "d"
    umask = os.umask(0o077)
    try:
        import_bundle(bundle, destination, quiet)
    finally:
        os.umask(umask)

    modes = {
        path.relative_to(destination).as_posix(): path.stat().st_mode & 0o777
        for path in destination.rglob("*")
        if path.name != ".lock"
    }
    modes["parent"] = destination.parent.stat().st_mode & 0o777
    directories = {path for path in modes if (destination / path).is_dir() or path == "parent"}
    assert {modes[path] for path in directories} == {0o755}
    assert {modes[path] for path in modes.keys() - directories} == {0o644}


@pytest.mark.parametrize("name", ["Acme.Kit-1.0", "acme.kit-1.0", "acme_kit-1.0.0"])
def test_one_release_under_two_spellings_is_refused(tmp_path: Path, name: str) -> None:
    destination = tmp_path / "d"
    first = make_wheel(tmp_path / "w", "acme_kit", "1.0")
    import_bundle(
        make_bundle(tmp_path / "b", [first], [requirement("acme-kit")]), destination, quiet
    )
    before = snapshot(destination)
    project, _, version = name.partition("-")
    other = make_wheel(tmp_path / "o", project, version, members={"kit.py": "other = True\n"})
    bundle = make_bundle(tmp_path / "b2", [other], [requirement("acme-kit")], sequence=2)

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, destination, quiet)

    assert str(caught.value) == (
        f"files/{other.name}: expected {first.name} with sha256 {files.digest(first)}, "
        f"as imported before, got the same release with {files.digest(other)}\n"
        "  hint: give the newer build a build tag: `build:` of its recipe in packages.yaml"
    )
    assert snapshot(destination) == before


def test_a_bundle_with_one_release_under_two_spellings_is_refused(tmp_path: Path) -> None:
    wheels = [
        make_wheel(tmp_path / "w", "acme_kit", "1.0"),
        make_wheel(tmp_path / "w", "acme_kit", "1.0.0", members={"kit.py": "other = True\n"}),
    ]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("acme-kit")])

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, tmp_path / "d", quiet)

    assert str(caught.value) == (
        f"bundle.json: {wheels[0].name} and {wheels[1].name} are one release with two digests"
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask that hides files from a server")
def test_a_narrow_directory_stays_narrow_and_is_named(tmp_path: Path) -> None:
    destination, lines = tmp_path / "d", list[str]()
    destination.mkdir(mode=0o700)

    import_bundle(sound(tmp_path), destination, lines.append)

    assert f"warning: {destination} is not readable for other users" in lines
    assert destination.stat().st_mode & 0o777 == 0o700
