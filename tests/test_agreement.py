"""
Our closures beside those of real pips, on recorded pages and made-up histories.

``nox -s agreement`` does the same at length; this holds the means that it does it with.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.configuration import Settings
from matrix.index.transport import Transport

from .agreement import comparing, histories, picking
from .agreement.__main__ import floor, interpreters, serving
from .agreement.comparing import Difference, Explanation

RECORDED = Path(__file__).parent / "data" / "agreement"
REQUIREMENTS = ("requests[socks]", "flask", "click <8.2")
SINCE = (3, 8)  # pyenv's own pips before cannot say what they would install


def _reporting() -> dict[str, Path]:
    """Interpreters whose own pip has ``--report`` (22.2), by full version."""
    here = {".".join(map(str, sys.version_info[:3])): Path(sys.executable)}
    found = {v: p for v, p in interpreters().items() if tuple(map(int, v.split(".")[:2])) >= SINCE}
    return found | here


PROGRAMS = _reporting()


@pytest.fixture(scope="module")
def recorded() -> Iterator[str]:
    with serving(RECORDED) as address:
        yield address


def _ours(address: str, requirement: str, python: str, cache: Path) -> picking.Picks:
    transport = Transport(Settings(url=f"{address}simple/", ca_bundle=""))
    index = Index(transport, Cache(cache))
    found = picking.ours(index, requirement, {python: floor()})[python]
    transport.close()
    return found


@pytest.mark.parametrize("python", PROGRAMS)
def test_recorded_projects_resolve_as_the_pip_of_each_interpreter_does(
    python: str, recorded: str, tmp_path: Path
) -> None:
    theirs = picking.pips(PROGRAMS[python], f"{recorded}bare/simple/", REQUIREMENTS, None)

    for requirement, picks in zip(REQUIREMENTS, theirs, strict=True):
        ours = _ours(recorded, requirement, python, tmp_path)
        assert ours, requirement
        assert comparing.difference(ours, picks) == "", requirement


def test_made_up_histories_resolve_as_pip_does(tmp_path: Path) -> None:
    python = ".".join(map(str, sys.version_info[:3]))
    asked = histories.write(tmp_path / "store")[:40:4]

    with serving(tmp_path / "store") as address:
        theirs = picking.pips(Path(sys.executable), f"{address}bare/simple/", asked, None)
        found = [
            Difference(
                source="made-up", requirement=requirement, python=python, tool="pip", what=what
            )
            for requirement, picks in zip(asked, theirs, strict=True)
            if (what := comparing.difference(_ours(address, requirement, python, tmp_path), picks))
        ]

    assert comparing.judge(found, comparing.explanations(), []).problems == []


def test_a_difference_is_told_in_words() -> None:
    ours = {"app": "1.0", "lib": "2.0", "left": "1.0"}

    assert comparing.difference(ours, {"app": "1", "lib": "1.0", "right": "3"}) == (
        "left 1.0 / -, lib 2.0 / 1.0, right - / 3"
    )
    assert comparing.difference(ours, None) == "a closure / nothing"
    assert comparing.difference(None, None) == ""


def test_what_nothing_explains_and_what_explains_nothing_are_problems() -> None:
    def differs(requirement: str) -> Difference:
        return Difference(
            source="index", requirement=requirement, python="3.9.18", tool="uv", what="a 1 / 2"
        )

    known = [
        Explanation(reason="older", source="index", requirement="a[x]", python="3.*", tool="uv"),
        Explanation(reason="gone", source="index", requirement="b", python="*", tool="pip"),
        Explanation(reason="elsewhere", source="mirror", requirement="b", python="*", tool="pip"),
    ]
    verdict = comparing.judge([differs("c"), differs("a[x]")], known, ["index"])

    assert verdict.problems == [
        "unexplained: index: c on 3.9.18, ours / uv: a 1 / 2",
        "explains nothing any more: b on *, pip: gone",
    ]
    assert [(each.requirement, why.reason) for each, why in verdict.explained] == [
        ("a[x]", "older")
    ]
    assert "| index | `a[x]` | 3.9.18 | uv | a 1 / 2 | older |\n" in comparing.table({}, verdict)


def test_every_explanation_can_be_read() -> None:
    assert all(why.reason.strip() for why in comparing.explanations())


def test_the_recorded_pages_are_small_and_name_no_host() -> None:
    files = [path for path in RECORDED.rglob("*") if path.is_file()]

    assert 0 < sum(path.stat().st_size for path in files) < 300_000
    assert [path for path in files if "://" in path.read_text(encoding="utf-8")] == []
