"""Roll back, withdraw, prune, and the check of a whole destination."""

import contextlib
import itertools
import json
from pathlib import Path

import pytest

from matrix.destinations.lines import Pruning, Withdrawal
from matrix.destinations.static import Static
from matrix.edge import files
from matrix.errors import NotProven, NotVerified, NotWritten, UsageError

from .bundles import LINUX, make_bundle, requirement, sound, write
from .destinations import (
    Interrupter,
    find_dangling,
    import_bundle,
    prune,
    quiet,
    roll_back,
    second,
    served,
    snapshot,
    withdraw,
)
from .wheels import make_wheel


def versions(directory: Path, project: str) -> list[str]:
    page = directory / "simple" / project / "index.json"
    return list(json.loads(page.read_text())["versions"]) if page.exists() else []


def test_rolling_back_serves_what_was_served_before(tmp_path: Path) -> None:
    destination, newer = tmp_path / "d", second(tmp_path)
    import_bundle(sound(tmp_path), destination, quiet)
    before = served(destination)
    import_bundle(newer, destination, quiet)
    after = served(destination)

    ledger = roll_back(destination, "acme").ledger
    rolled_back, has_zeta = served(destination), (destination / "simple/zeta").exists()
    again = import_bundle(newer, destination, quiet)

    assert [entry.sequence for entry in ledger.imports] == [1]
    assert rolled_back == before
    assert not has_zeta
    # What was rolled back may be imported again; its files never left.
    assert (again.is_new, again.copied) == (True, ())
    assert served(destination) == after
    lines = (destination / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["action"] for line in lines] == [
        "import",
        "import",
        "roll back",
        "import",
    ]


def test_rolling_back_the_only_import_serves_no_project(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)

    roll_back(destination)
    Static(destination).verify()

    assert set(served(destination)) == {"simple/index.html", "simple/index.json"}
    with pytest.raises(UsageError) as caught:
        roll_back(destination)
    assert str(caught.value) == "ledger.jsonl: expected an import to roll back, got none"


def test_another_bundle_in_the_place_of_one_that_was_rolled_back_is_refused(
    tmp_path: Path,
) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)
    roll_back(destination, "acme")
    extra = make_wheel(tmp_path / "o", "extra", "1.0")
    other = make_bundle(tmp_path / "b3", [extra], [requirement("extra")], sequence=2)

    with pytest.raises(NotVerified) as caught:
        import_bundle(other, destination, quiet)

    assert str(caught.value).startswith(
        "acme 2026.2: expected the bundle with sequence 2 that was rolled back, sha256 "
    )


def test_a_roll_back_leaves_the_wheels_that_other_bundles_bring(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    wheels = [make_wheel(tmp_path / "w3", "tool", "1.0"), make_wheel(tmp_path / "w3", "dep", "1.5")]
    other = make_bundle(tmp_path / "b3", wheels, [requirement("tool")], name="other")
    import_bundle(other, destination, quiet)
    before = served(destination)

    roll_back(destination, "acme")

    assert versions(destination, "dep") == ["1.5"]
    assert versions(destination, "app") == []
    assert versions(destination, "tool") == ["1.0"]
    assert served(destination) != before


def test_an_interrupted_roll_back_leaves_every_project_installable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, newer = sound(tmp_path), second(tmp_path)
    for steps in itertools.count():
        destination = tmp_path / f"d{steps}"
        import_bundle(first, destination, quiet)
        before = served(destination)
        import_bundle(newer, destination, quiet)
        with monkeypatch.context() as patch:
            interrupter = Interrupter(patch, steps)
            with contextlib.suppress(KeyboardInterrupt):
                roll_back(destination, "acme")

        dangling = list(find_dangling(destination))
        with Static(destination).lock(quiet):
            pass

        assert dangling == []
        assert served(destination) == before
        if not interrupter.has_interrupted:
            break
    assert steps > 10


def test_a_withdrawn_release_is_shown_by_no_page_even_if_a_bundle_brings_it_again(
    tmp_path: Path,
) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    newer = second(tmp_path)
    import_bundle(newer, destination, quiet)

    ledger = withdraw(destination, "App", "1.0.0", "CVE-2026-1").ledger
    wheels = sorted((tmp_path / "w").glob("*.whl"))
    other = make_bundle(tmp_path / "b3", wheels, [requirement("dep")], name="other")
    again = import_bundle(other, destination, quiet)

    assert ledger.withdrawals == (Withdrawal("app", "1.0", "CVE-2026-1"),)
    assert versions(destination, "app") == ["2.0"]
    assert again.withdrawn == ("app-1.0-py2.py3-none-any.whl",)
    assert (destination / "files/app-1.0-py2.py3-none-any.whl").exists()
    Static(destination).verify()


def test_a_release_that_a_requirement_needs_is_not_withdrawn(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    before = snapshot(destination)

    with pytest.raises(NotProven) as caught:
        withdraw(destination, "dep", "1.5", "CVE-2026-1")

    assert f"app on {LINUX.id} (target view): " in str(caught.value)
    assert snapshot(destination) == before


@pytest.mark.parametrize(
    ("project", "version", "message"),
    [
        ("app", "3.0", "app: expected a release that pages show, got '3.0'\n  hint: releases: 1.0"),
        ("app", "x", "app: expected a release that pages show, got 'x'\n  hint: releases: 1.0"),
        ("None_such", "1", "none-such: expected a release that pages show, got '1'"),
    ],
)
def test_a_release_that_is_not_there_cannot_be_withdrawn(
    tmp_path: Path, project: str, version: str, message: str
) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)

    with pytest.raises(UsageError) as caught:
        withdraw(destination, project, version, "")

    assert str(caught.value) == message


def test_pruning_removes_what_no_import_names(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)
    roll_back(destination, "acme")
    before = served(destination)
    for name in ("litter-1.0-py3-none-any.whl", "litter-1.0-py3-none-any.whl.metadata"):
        write(destination, f"files/{name}", "x")

    would = prune(destination, dry_run=True)
    is_there = (destination / "files/litter-1.0-py3-none-any.whl").exists()
    lines_before = Static(destination).read_ledger().lines
    pruned = prune(destination)

    line = Pruning(("litter-1.0-py3-none-any.whl", "litter-1.0-py3-none-any.whl.metadata"))
    assert is_there
    assert (would.lines, would.is_done) == ((line,), False)
    assert (pruned.lines, pruned.is_done) == ((line,), True)
    assert served(destination) == before
    assert Static(destination).read_ledger().lines == (*lines_before, line)
    assert not (destination / "files/litter-1.0-py3-none-any.whl").exists()
    # A bundle that was rolled back keeps its files: it may be imported again.
    assert (destination / "files/app-2.0-py2.py3-none-any.whl").exists()
    assert prune(destination).lines == ()


def test_a_file_that_cannot_be_pruned_is_named(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    (destination / "files/directory").mkdir()

    with pytest.raises(NotWritten, match="files/directory: cannot be written"):
        prune(destination)


def test_a_destination_is_verified_file_by_file_and_page_by_page(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    Static(destination).verify()
    import_bundle(sound(tmp_path), destination, quiet)
    Static(destination).verify()
    sha256 = files.digest(destination / "files/dep-1.5-py2.py3-none-any.whl")
    (destination / "files/dep-1.5-py2.py3-none-any.whl").write_bytes(b"rot")
    (destination / "files/app-1.0-py2.py3-none-any.whl.metadata").unlink()
    write(destination, "simple/dep/index.html", "rot")

    with pytest.raises(NotVerified) as caught:
        Static(destination).verify()

    assert [(problem.place, problem.what[:32]) for problem in caught.value.problems] == [
        ("files/app-1.0-py2.py3-none-any.whl.metadata", "expected a file, got none"),
        ("files/dep-1.5-py2.py3-none-any.whl", f"expected sha256 {sha256[:16]}"),
        ("simple/dep/index.html", "expected the page of what was im"),
    ]


def test_a_dry_run_proves_and_changes_nothing(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)
    before = snapshot(destination)

    undone = roll_back(destination, dry_run=True)

    assert (undone.is_done, [entry.sequence for entry in undone.ledger.imports]) == (False, [1])
    assert undone.pages > 0
    assert snapshot(destination) == before


def test_pruning_retires_the_imports_that_newer_ones_replaced(tmp_path: Path) -> None:
    destination, first = tmp_path / "d", sound(tmp_path)
    import_bundle(first, destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)

    undone = prune(destination, keep=1)

    assert [entry.sequence for entry in undone.ledger.imports] == [2]
    assert versions(destination, "app") == ["2.0"]
    assert not (destination / "files/app-1.0-py2.py3-none-any.whl").exists()
    assert (destination / "files/dep-1.5-py2.py3-none-any.whl").exists()
    Static(destination).verify()
    with pytest.raises(NotVerified, match="expected a sequence above 2, got 1"):
        import_bundle(first, destination, quiet)


def test_a_file_that_was_removed_is_named_and_comes_back_with_its_bundle(tmp_path: Path) -> None:
    destination, first = tmp_path / "d", sound(tmp_path)
    import_bundle(first, destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)
    before = snapshot(destination)
    name = "app-1.0-py2.py3-none-any.whl"
    size = (destination / "files" / name).stat().st_size
    (destination / "files" / name).unlink()
    (destination / "files" / f"{name}.metadata").unlink()
    third = make_bundle(
        tmp_path / "b3", [make_wheel(tmp_path / "w3", "x", "1")], [requirement("x")], sequence=3
    )

    with pytest.raises(NotVerified) as caught:
        import_bundle(third, destination, quiet)
    healed = import_bundle(first, destination, quiet)

    hint = "\n  hint: import acme 2026.1 again, or withdraw app 1.0"
    assert str(caught.value) == (
        f"files/{name}: expected a file of {size} bytes, got none; acme 2026.1 brings it{hint}\n"
        f"files/{name}.metadata: expected a file, got none; acme 2026.1 brings it{hint}"
    )
    assert (healed.is_new, healed.copied) == (False, (name,))
    assert snapshot(destination) == before | {
        path: data for path, data in snapshot(destination).items() if path.startswith("bundles/")
    } | {f"files/{path.name}": path.read_bytes() for path in (tmp_path / "b3/files").iterdir()}


def test_the_view_of_a_target_shows_what_the_newest_bundle_proves(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)
    tree = destination / "targets" / LINUX.id / "simple"

    page = json.loads((tree / "app/index.json").read_text())

    assert page["versions"] == ["2.0"]
    assert versions(destination, "app") == ["1.0", "2.0"]


def test_a_bundle_that_goes_down_is_what_its_targets_see(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(second(tmp_path, name="acme"), destination, quiet)
    older = [make_wheel(tmp_path / "w3", "app", "1.0")]
    down = make_bundle(tmp_path / "b3", older, [requirement("app")], sequence=3)

    import_bundle(down, destination, quiet)

    tree = destination / "targets" / LINUX.id / "simple"
    assert json.loads((tree / "app/index.json").read_text())["versions"] == ["1.0"]
    assert not (tree / "zeta").exists()
