"""The ledger: its text, and what its lines add up to."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.destinations import ledger_text
from matrix.destinations.ledger import Ledger
from matrix.destinations.lines import (
    Adoption,
    Import,
    Line,
    Pruning,
    Retirement,
    RollBack,
    Stamp,
    Withdrawal,
)
from matrix.errors import NotVerified, UsageError

from .bundles import sound, write
from .destinations import import_bundle, quiet, second

LINE = Import("acme", "2026.1", 1, "0" * 64)
TEXTS = st.text(max_size=20)
LINES: st.SearchStrategy[Line] = st.one_of(
    st.builds(
        Import,
        st.from_regex(r"[a-z][a-z0-9]{0,30}x", fullmatch=True),
        TEXTS,
        st.integers(0, 2**63 - 1),
        st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    ),
    st.builds(Withdrawal, TEXTS, TEXTS, TEXTS),
    st.builds(Retirement, st.just("acme"), TEXTS, st.integers(0, 9), st.just("0" * 64)),
    st.builds(Pruning, st.lists(TEXTS).map(tuple)),
    st.builds(Adoption, st.lists(TEXTS).map(tuple)),
)


@given(st.lists(LINES))
def test_the_text_of_a_ledger_is_its_lines(lines: list[Line]) -> None:
    assert ledger_text.parse(ledger_text.dump(lines).encode()) == tuple(lines)


@given(st.lists(LINES, max_size=5), TEXTS, st.text(min_size=1, max_size=20))
def test_stamped_lines_are_chained(lines: list[Line], who: str, when: str) -> None:
    stamped = Ledger(stamp=Stamp(who, when))
    for line in lines:
        stamped = stamped.add(line)

    parsed = ledger_text.parse(ledger_text.dump(stamped.lines).encode())

    assert parsed == stamped.lines
    assert {(line.who, line.when) for line in parsed} <= {(who, when)}


def test_a_line_that_was_changed_or_taken_out_later_shows() -> None:
    ledger = Ledger(stamp=Stamp("ada@host", "2026-11-28T05:00:00+00:00"))
    for version in ("1", "2", "3"):
        ledger = ledger.add(Withdrawal("app", version, ""))
    rows = ledger_text.dump(ledger.lines).splitlines(keepends=True)
    attacks = [
        [rows[0], rows[2]],
        [rows[0].replace("ada", "eve"), *rows[1:]],
        [rows[1], rows[0], rows[2]],
    ]

    for attack in attacks:
        with pytest.raises(NotVerified, match="another line stood before this one"):
            ledger_text.parse("".join(attack).encode())


def test_a_line_without_a_digest_after_one_with_a_digest_is_refused() -> None:
    ledger = Ledger(stamp=Stamp("ada@host", "now")).add(LINE)
    text = ledger_text.dump(ledger.lines) + ledger_text.dump([Withdrawal("app", "1", "")])

    with pytest.raises(NotVerified, match="missing key 'previous'"):
        ledger_text.parse(text.encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(NotVerified):
        lines = ledger_text.parse(data)

        assert ledger_text.dump(lines).encode() == data


def test_a_line_of_the_first_ledgers_is_an_import() -> None:
    text = '{"name": "acme", "record_sha256": "%s", "sequence": 1, "version": "2026.1"}\n'

    assert ledger_text.parse((text % ("0" * 64)).encode()) == (LINE,)


def change_line(**fields: object) -> bytes:
    plain = json.loads(ledger_text.dump([LINE])) | fields
    return json.dumps(plain, sort_keys=True).encode() + b"\n"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"[" * 100_000 + b"\n", "maximum recursion depth exceeded"),
        (b"\xff\n", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"[]\n", "not an object"),
        (b"NaN\n", "not an object"),
        (b"\n", "Expecting value: line 1 column 1 (char 0)"),
        (change_line(name="\ud800"), "name: expected Unicode text, got half of a surrogate pair"),
        (change_line(name="../x"), "name: expected the name of bundles"),
        (change_line(name="a\0"), "name: expected the name of bundles"),
        (change_line(name="x" * 101), "name: expected the name of bundles"),
        (change_line(sequence="\0"), "sequence: expected a whole number, got a text"),
        (change_line(sequence=True), "sequence: expected a whole number, got true or false"),
        (change_line(sequence=-1), "sequence: expected a whole number from 0 to "),
        (change_line(sequence=10**19), "sequence: expected a whole number from 0 to "),
        (change_line(record_sha256="F" * 64), "record_sha256: expected 64 hex digits"),
        (change_line(action="steal"), "unknown action 'steal'"),
        (change_line(action=[]), "unknown action []"),
        (change_line(extra=1), "unknown key 'extra'"),
        (
            b'{"name": "x", ' + ledger_text.dump([LINE]).encode()[1:],
            "not in canonical form: sorted keys, each key once",
        ),
    ],
    ids=str,
)
def test_a_damaged_line_is_refused(data: bytes, what: str) -> None:
    good = ledger_text.dump([LINE]).encode()

    with pytest.raises(NotVerified) as caught:
        ledger_text.parse(good + data)

    problem = caught.value.problems[0]
    assert (problem.place, problem.line) == ("ledger.jsonl", 2)
    assert problem.what.startswith("expected a line of the ledger, got ")
    assert what in problem.what
    assert len(problem.what) < 350


def test_a_number_of_five_thousand_digits_is_refused() -> None:
    data = b'{"sequence": ' + b"9" * 5000 + b"}\n"

    with pytest.raises(NotVerified, match="Exceeds the limit"):
        ledger_text.parse(data)


def test_a_ledger_that_was_cut_off_is_refused() -> None:
    with pytest.raises(NotVerified) as caught:
        ledger_text.parse(ledger_text.dump([LINE]).encode()[:-1])

    assert str(caught.value) == (
        "ledger.jsonl:1: expected a line break at the end, got none: the file was cut off"
    )


def test_an_import_that_was_rolled_back_has_no_effect_but_keeps_its_files() -> None:
    other = Import("acme", "2026.2", 2, "1" * 64)
    undone = RollBack("acme", "2026.2", 2, "1" * 64)

    ledger = Ledger((LINE, other, undone))

    assert ledger.imports == (LINE,)
    assert ledger.all_imports == (LINE, other)
    assert ledger.find_newest("acme") == LINE
    assert Ledger((LINE, other, undone, other)).imports == (LINE, other)


def test_nothing_to_roll_back_is_an_error() -> None:
    with pytest.raises(UsageError) as caught:
        Ledger().roll_back("acme")

    assert str(caught.value) == "acme: expected an import to roll back, got none"


@pytest.mark.parametrize("line", ["oops\n", '{"name": 1}\n'])
def test_an_import_into_a_damaged_ledger_is_refused(tmp_path: Path, line: str) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    write(destination, "ledger.jsonl", line)

    with pytest.raises(NotVerified, match=r"ledger\.jsonl:1: expected a line of the ledger"):
        import_bundle(second(tmp_path), destination, quiet)


def test_a_record_that_is_missing_is_named(tmp_path: Path) -> None:
    destination = tmp_path / "d"
    import_bundle(sound(tmp_path), destination, quiet)
    (destination / "records/acme-1.json").unlink()

    with pytest.raises(NotVerified) as caught:
        import_bundle(second(tmp_path), destination, quiet)

    assert str(caught.value) == ("records/acme-1.json: cannot be read: No such file or directory")
