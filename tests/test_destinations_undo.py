"""Roll back, withdraw, prune, and the check of a whole destination."""

import contextlib
import itertools
import json
from pathlib import Path

import pytest

from matrix.destinations.ledger import Pruning, Withdrawal
from matrix.destinations.static import Static
from matrix.edge import files
from matrix.errors import NotProven, NotVerified, NotWritten, UsageError

from .bundles import LINUX, make_bundle, requirement, sound, write
from .destinations import (
    Interrupter,
    find_dangling,
    import_bundle,
    quiet,
    second,
    served,
    snapshot,
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

    with Static(destination).lock(quiet):
        ledger = Static(destination).roll_back("acme")
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

    Static(destination).roll_back()
    Static(destination).verify()

    assert set(served(destination)) == {"simple/index.html", "simple/index.json"}
    with pytest.raises(UsageError) as caught:
        Static(destination).roll_back()
    assert str(caught.value) == "ledger.jsonl: expected an import to roll back, got none"


def test_another_bundle_in_the_place_of_one_that_was_rolled_back_is_refused(
    tmp_path: Path,
) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)
    Static(destination).roll_back("acme")
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

    Static(destination).roll_back("acme")

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
                Static(destination).roll_back("acme")

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

    ledger = Static(destination).withdraw("App", "1.0.0", "CVE-2026-1")
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
        Static(destination).withdraw("dep", "1.5", "CVE-2026-1")

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
        Static(destination).withdraw(project, version, "")

    assert str(caught.value) == message


def test_pruning_removes_what_no_import_names(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)
    Static(destination).roll_back("acme")
    before = served(destination)
    for name in ("litter-1.0-py3-none-any.whl", "litter-1.0-py3-none-any.whl.metadata"):
        write(destination, f"files/{name}", "x")

    would = Static(destination).prune(dry_run=True)
    still = (destination / "files" / would[0]).exists()
    pruned = Static(destination).prune(dry_run=False)

    assert still
    assert would == pruned
    assert pruned == ("litter-1.0-py3-none-any.whl", "litter-1.0-py3-none-any.whl.metadata")
    assert served(destination) == before
    assert Static(destination).read_ledger().lines[-1] == Pruning(pruned)
    # A bundle that was rolled back keeps its files: it may be imported again.
    assert (destination / "files/app-2.0-py2.py3-none-any.whl").exists()
    assert Static(destination).prune(dry_run=False) == ()


def test_a_file_that_cannot_be_pruned_is_named(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    (destination / "files/directory").mkdir()

    with pytest.raises(NotWritten, match="files/directory: cannot be written"):
        Static(destination).prune(dry_run=False)


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
