"""Which releases an OSV snapshot calls vulnerable."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.errors import MatrixError
from matrix.policy import advisories
from matrix.policy.advisories import Snapshot, Vulnerability

Event = dict[str, str]


def record(
    identifier: str = "OSV-1",
    *events: Event,
    name: str = "Native",
    versions: tuple[str, ...] = (),
    kind: str = "ECOSYSTEM",
    **more: object,
) -> dict[str, Any]:
    affected: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": name}}
    if events:
        affected["ranges"] = [{"type": kind, "events": list(events)}]
    if versions:
        affected["versions"] = list(versions)
    return {"id": identifier, "summary": f"about {identifier}", "affected": [affected], **more}


def snapshot(directory: Path, *records: dict[str, Any]) -> Snapshot:
    directory.mkdir(exist_ok=True)
    for number, one in enumerate(records):
        (directory / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    return advisories.read(directory)


def affected(directory: Path, one: dict[str, Any], *versions: str) -> list[str]:
    found = advisories.find_vulnerabilities(
        snapshot(directory, one), [("native", v) for v in versions]
    )
    return [finding.version for finding in found]


SOME = ("0.9", "1.0", "1.5", "2.0", "2.0+local", "3.0")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([{"introduced": "0"}], list(SOME)),
        ([{"introduced": "1.0"}, {"fixed": "2.0"}], ["1.0", "1.5"]),
        ([{"fixed": "2.0"}, {"introduced": "1.0"}], ["1.0", "1.5"]),
        ([{"introduced": "1.0"}, {"last_affected": "2.0"}], ["1.0", "1.5", "2.0", "2.0+local"]),
        ([{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}, {"fixed": "3.0"}],
         ["0.9", "2.0", "2.0+local"]),
        ([{"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "1.5"}, {"fixed": "2.0"}],
         ["0.9", "1.0", "1.5"]),
        ([{"introduced": "0"}, {"limit": "1.5"}], ["0.9", "1.0"]),
        ([{"introduced": "0"}, {"limit": "*"}], list(SOME)),
        ([{"introduced": "first commit"}, {"fixed": "1.0"}], ["0.9"]),
        ([{"introduced": "0"}, {"fixed": "some commit"}], list(SOME)),
    ],
    ids=["always", "introduced and fixed", "in any order", "last affected", "twice", "meeting",
         "limit", "no limit", "unreadable start", "unreadable fix"],
)  # fmt: skip
def test_a_range_says_which_versions_are_affected(
    tmp_path: Path, events: list[Event], expected: list[str]
) -> None:
    assert affected(tmp_path, record("OSV-1", *events), *SOME) == expected


def test_a_listed_version_is_affected_however_it_is_written(tmp_path: Path) -> None:
    listed = record(versions=("1.0.0", "r1 final"))

    assert affected(tmp_path, listed, "1.0", "1.0+local", "1.0.1", "r1 final") == [
        "1.0",
        "1.0+local",
        "r1 final",
    ]


def test_what_cannot_be_compared_counts_as_affected(tmp_path: Path) -> None:
    fixed = record("OSV-1", {"introduced": "0"}, {"fixed": "1.0"})

    assert affected(tmp_path, fixed, "r1 final", "2.0") == ["r1 final"]


def test_a_withdrawn_record_is_passed_over(tmp_path: Path) -> None:
    withdrawn = record("OSV-1", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z")
    standing = record("OSV-2", {"introduced": "0"})

    found = advisories.find_vulnerabilities(
        snapshot(tmp_path, withdrawn, standing), [("native", "1.0")]
    )

    assert [finding.ids for finding in found] == [("OSV-2",)]


def test_other_ecosystems_and_commit_ranges_say_nothing(tmp_path: Path) -> None:
    elsewhere = record("OSV-1", {"introduced": "0"})
    elsewhere["affected"][0]["package"]["ecosystem"] = "npm"
    commits = record("OSV-2", {"introduced": "0"}, kind="GIT")

    found = advisories.find_vulnerabilities(
        snapshot(tmp_path, elsewhere, commits), [("native", "1.0")]
    )

    assert found == ()


def test_records_of_one_vulnerability_are_one_finding(tmp_path: Path) -> None:
    records = [
        record("PYSEC-1", {"introduced": "0"}, {"fixed": "2.0"}, aliases=["CVE-1"]),
        record("GHSA-1", {"introduced": "0"}, {"fixed": "1.5"}, aliases=["CVE-1"]),
        record("GHSA-2", {"introduced": "0"}, {"fixed": "0.5"}, {"introduced": "0.7"}),
    ]

    assert advisories.find_vulnerabilities(snapshot(tmp_path, *records), [("native", "1.0")]) == (
        Vulnerability(
            project="native",
            version="1.0",
            ids=("CVE-1", "GHSA-1", "PYSEC-1"),
            summary="about GHSA-1",
            fixed=("1.5", "2.0"),
        ),
        Vulnerability(
            project="native", version="1.0", ids=("GHSA-2",), summary="about GHSA-2", fixed=()
        ),
    )


def test_a_zip_file_says_what_a_directory_says(tmp_path: Path) -> None:
    of_directory = snapshot(tmp_path / "osv", record("OSV-1", {"introduced": "0"}))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "osv" / "0.json", "OSV-1.json")

    assert (
        advisories.read(tmp_path / "all.zip").advisories_by_project
        == of_directory.advisories_by_project
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"7", "AttributeError 'int' object has no attribute 'get'"),
        (b'{"affected": []}', "KeyError 'id'"),
    ],
    ids=["a number", "no id"],
)
def test_a_record_that_cannot_be_read_is_an_error(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "x.json").write_bytes(content)

    with pytest.raises(MatrixError) as caught:
        advisories.read(tmp_path)

    expected = f"expected an OSV record, got something else: {message}"
    assert str(caught.value) == f"{tmp_path / 'x.json'}: {expected}"


def test_an_empty_snapshot_is_an_error_and_not_good_news(tmp_path: Path) -> None:
    with pytest.raises(MatrixError) as caught:
        advisories.read(tmp_path)

    assert str(caught.value) == f"{tmp_path}: expected OSV records of PyPI, got none"


def test_a_file_that_is_no_snapshot_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"<html>not found</html>")

    with pytest.raises(MatrixError) as caught:
        advisories.read(tmp_path / "all.zip")

    assert str(caught.value) == (
        f"{tmp_path / 'all.zip'}: expected a zip file or a directory of OSV records, got neither: "
        "File is not a zip file"
    )


NUMBERS = st.integers(min_value=0, max_value=9)


@given(introduced=NUMBERS, length=NUMBERS, version=NUMBERS)
def test_fixed_is_the_first_version_after_last_affected(
    introduced: int, length: int, version: int
) -> None:
    last = introduced + length
    one = advisories._parse(
        json.dumps(
            record("A", {"introduced": f"{introduced}.0"}, {"last_affected": f"{last}.0"})
        ).encode(),
        place="a",
    )
    other = advisories._parse(
        json.dumps(
            record("A", {"introduced": f"{introduced}.0"}, {"fixed": f"{last}.0.1"})
        ).encode(),
        place="b",
    )

    assert one is not None
    assert other is not None
    assert (
        advisories.is_affected(one, "native", f"{version}.0")
        == advisories.is_affected(other, "native", f"{version}.0")
        == (introduced <= version <= last)
    )
