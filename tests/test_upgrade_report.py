"""``lock --report``: what a renewed lock would change; the lock itself stays."""

import json
from pathlib import Path

import pytest

from .checkouts import Checkout, git
from .index_server import IndexServer
from .wheels import make_wheel

OSV = {
    "id": "PYSEC-2026-1",
    "summary": "reads <b>too far</b>",
    "affected": [
        {"package": {"ecosystem": "PyPI", "name": "six"}, "versions": ["1.0", "1.1"]},
    ],
}
POLICY = "policy: {advisories: osv}\n"


@pytest.fixture
def checkout(tmp_path: Path, index: IndexServer) -> Checkout:
    made = Checkout.make(tmp_path / "repository", index)
    (made.directory / "osv").mkdir()
    package = {"ecosystem": "PyPI", "name": "another"}
    record = {"id": "PYSEC-2026-0", "affected": [{"package": package, "versions": ["1.0"]}]}
    (made.directory / "osv" / "0.json").write_text(json.dumps(record), encoding="utf-8")
    made.write("six", more=POLICY)
    assert made.run("lock", "--quiet") == 0
    made.commit()
    return made


def upgrade(checkout: Checkout, *options: str) -> tuple[str, dict[str, object]]:
    """What is reported, as text and as JSON."""
    out = checkout.directory / "upgrade"
    before = (checkout.directory / "packages.lock").read_bytes()
    assert checkout.run("lock", "--upgrade", "--report", out, *options, "--quiet") == 0
    assert (checkout.directory / "packages.lock").read_bytes() == before
    return (out / "upgrade.md").read_text("utf-8"), checkout.read_json("upgrade/upgrade.json")


def test_an_upgrade_is_told_with_its_patch_and_the_vulnerabilities_that_it_mends(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    checkout.index.add(make_wheel(checkout.index.directory, "six", "2.0"))
    (checkout.directory / "osv" / "1.json").write_text(json.dumps(OSV), encoding="utf-8")
    capsys.readouterr()

    text, facts = upgrade(checkout, "--summary", str(tmp_path / "summary"))

    assert text == (
        "<!-- wheelyard:upgrade small -->\n"
        "**1 vulnerable release in the lock, 1 of them mended by an upgrade; "
        "1 project would change.**\n"
        "\n"
        "# small: what an upgrade would bring\n"
        "\n"
        "## Known vulnerabilities\n"
        "\n"
        "By `osv`.\n"
        "\n"
        "| release | state | names | fixed in | summary |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| six 1.0 | mended by the upgrade | PYSEC-2026-1 |  "
        "| reads &#60;b&#62;too far&#60;/b&#62; |\n"
        "\n"
        "## Changes\n"
        "\n"
        "| project | before | after | targets |\n"
        "| --- | --- | --- | --- |\n"
        "| six | 1.0 | 2.0 | cp27-manylinux_2_17_x86_64, cp312-manylinux_2_28_x86_64, "
        "cp312-win_amd64, cp39-manylinux_2_28_x86_64 |\n"
        "\n"
    )
    assert capsys.readouterr().out == text == (tmp_path / "summary").read_text("utf-8")
    assert facts["is_change"] is True
    git(checkout.directory, "apply", "upgrade/packages.lock.patch")
    assert upgrade(checkout)[1]["is_change"] is False


def test_an_upgrade_that_changes_nothing_says_so(checkout: Checkout) -> None:
    text, facts = upgrade(checkout)

    assert text.splitlines()[1] == "Nothing would change."
    assert "None by `osv`.\n" in text
    assert (facts["is_change"], facts["vulnerable"]) == (False, [])
    assert not (checkout.directory / "upgrade" / "packages.lock.patch").exists()


def test_a_vulnerability_that_stays_and_one_that_comes_are_told_apart(checkout: Checkout) -> None:
    checkout.index.add(make_wheel(checkout.index.directory, "six", "1.1"))
    (checkout.directory / "osv" / "1.json").write_text(json.dumps(OSV), encoding="utf-8")

    text, _ = upgrade(checkout)

    assert "| six 1.0 | mended by the upgrade | " in text
    assert "| six 1.1 | new | " in text


def test_without_a_snapshot_vulnerabilities_are_not_checked(checkout: Checkout) -> None:
    checkout.write("six")

    assert "Not checked: `policy.advisories` names no snapshot.\n" in upgrade(checkout)[0]


def test_a_report_is_for_a_lock_that_would_be_renewed(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checkout.run("lock", "--check", "--report", "x", "--quiet") == 2
    assert capsys.readouterr().err.endswith(
        "lock: --report is for a lock that would be renewed\n"
        "  hint: wheelyard lock --upgrade --report upgrade\n"
    )
