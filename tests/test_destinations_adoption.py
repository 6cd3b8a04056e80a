"""Pages and records that no ledger accounts for."""

import json
from pathlib import Path

import pytest

from matrix.destinations import content, ledger_text
from matrix.destinations.lines import Adoption
from matrix.destinations.static import Static
from matrix.errors import NotVerified

from .bundles import sound, write
from .destinations import import_bundle, quiet, second, served, snapshot

HINT = (
    "\n  hint: choose another directory, or --adopt: records join the ledger, pages stay unlisted"
)
CORP = '<a href="../../corp-1.0-py3-none-any.whl">corp</a>\n'


def foreign(destination: Path) -> None:
    """An index of others: a project of theirs, and one that our bundle has too."""
    write(destination, "simple/index.html", '<a href="corp/">corp</a>\n<a href="app/">app</a>\n')
    write(destination, "simple/corp/index.html", CORP)
    write(destination, "simple/app/index.html", "theirs")


def test_an_index_of_others_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    foreign(destination)
    before = served(destination)

    with pytest.raises(NotVerified) as caught:
        import_bundle(sound(tmp_path), destination, quiet)

    assert str(caught.value) == (
        f"{destination}: holds 3 pages or records that no import in ledger.jsonl accounts for: "
        f"simple/app/index.html{HINT}"
    )
    assert served(destination) == before
    assert not (destination / "files").exists()


def test_an_adopted_page_stays_and_is_not_refused_again(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    foreign(destination)

    import_bundle(sound(tmp_path), destination, quiet, adopt=True)
    import_bundle(second(tmp_path), destination, quiet)

    assert (destination / "simple/corp/index.html").read_text() == CORP
    assert "corp" not in (destination / "simple/index.html").read_text()
    assert json.loads((destination / "simple/app/index.json").read_text())["versions"] == [
        "1.0",
        "2.0",
    ]
    lines = ledger_text.parse((destination / "ledger.jsonl").read_bytes())
    # Pages of our own names are replaced, so only the others need to be accounted for.
    assert lines[0] == Adoption(
        ("simple/app/index.html", "simple/corp/index.html", "simple/index.html")
    )
    Static(destination).verify()


def test_one_page_that_was_added_later_is_refused(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    write(destination, "targets/other/simple/corp/index.html", CORP)

    with pytest.raises(NotVerified) as caught:
        import_bundle(second(tmp_path), destination, quiet)

    assert str(caught.value) == (
        f"{destination}: holds a page or record that no import in ledger.jsonl accounts for: "
        f"targets/other/simple/corp/index.html{HINT}"
    )


def test_a_lost_ledger_is_refused_and_made_again_from_the_records(tmp_path: Path) -> None:
    destination, newer = tmp_path / "d", second(tmp_path)
    import_bundle(sound(tmp_path), destination, quiet)
    import_bundle(newer, destination, quiet)
    before = snapshot(destination)
    (destination / "ledger.jsonl").unlink()

    with pytest.raises(NotVerified, match=r"accounts for: records/acme-1\.json"):
        import_bundle(newer, destination, quiet)
    imported = import_bundle(newer, destination, quiet, adopt=True)

    assert not imported.is_new
    assert snapshot(destination) == before


def test_a_record_whose_wheels_are_lost_is_not_adopted(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    import_bundle(bundle, destination, quiet)
    (destination / "ledger.jsonl").unlink()
    (destination / "files/dep-1.5-py2.py3-none-any.whl").unlink()

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, destination, quiet, adopt=True)

    assert str(caught.value) == (
        "files/dep-1.5-py2.py3-none-any.whl: expected a file, got none\n"
        "  hint: remove records/acme-1.json, then import that bundle again"
    )


def test_a_record_under_another_name_is_not_adopted(tmp_path: Path) -> None:
    bundle, destination = sound(tmp_path), tmp_path / "d"
    write(destination, "records/other-1.json", (bundle / "bundle.json").read_bytes())

    with pytest.raises(NotVerified) as caught:
        import_bundle(bundle, destination, quiet, adopt=True)

    assert str(caught.value) == (
        "records/other-1.json: expected the record records/acme-1.json\n"
        "  hint: remove records/other-1.json, then import that bundle again"
    )


def test_the_accounted_paths_are_those_of_the_pages(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    import_bundle(second(tmp_path), destination, quiet)

    ledger = content.read_ledger(destination)

    assert content.list_rendered(ledger.wheels_by_tree) == (
        content.render_pages(ledger.wheels_by_tree).keys()
    )
