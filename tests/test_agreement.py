"""
Our closures beside those of real pips, on recorded pages and made-up histories.

``nox -s agreement`` does the same at length; this holds the means that it does it with.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pip
import pytest

from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings
from matrix.index.transport import Transport

from .agreement import comparing, document, histories, picking
from .agreement.__main__ import DOC, FEW, POPULAR, RESULTS, compared, interpreters, serving
from .agreement.asking import Asking, floor
from .agreement.checking import Finding
from .agreement.comparing import Count, Difference, Explanation
from .agreement.serving import Store

RECORDED = Path(__file__).parent / "data" / "agreement"
REQUIREMENTS = ("requests[socks]", "flask", "click <8.2")
HERE = ".".join(map(str, sys.version_info[:3]))
SINCE = (3, 8)  # pyenv's own pips before cannot say what they would install


def _reporting() -> dict[str, Path]:
    """Interpreters whose own pip has ``--report`` (22.2), by full version."""
    found = {v: p for v, p in interpreters().items() if tuple(map(int, v.split(".")[:2])) >= SINCE}
    return found | {HERE: Path(sys.executable)}


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
    asked = histories.write(tmp_path / "made-up")[:40:4]
    # The pip of this environment, where one is kept that need not be fetched.
    own = tmp_path / f"pip-{picking.NEWEST_PIP}"
    own.mkdir()
    (own / "pip").symlink_to(Path(pip.__file__).parent)

    def run(program: Path) -> tuple[comparing.Counts, list[Difference]]:
        with serving(tmp_path / "made-up") as address:
            asking = Asking("made-up", address, tmp_path)
            store = Store(tmp_path / "made-up", has_metadata=True)
            return compared("made-up", asking, store, asked, {(HERE, "pip"): program})

    counts, found = run(Path(sys.executable))

    assert comparing.judge(found, comparing.explanations(), []).problems == []
    assert counts["made-up", HERE, "pip"].compared == len(asked)
    # Nobody is asked again.
    assert run(tmp_path / "nothing") == (counts, found)


def test_a_pip_that_takes_too_long_gives_no_answer_and_goes_on(
    recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picking, "SECONDS", 0.01)

    index = f"{recorded}bare/simple/"
    assert list(picking.pips(Path(sys.executable), index, ["flask", "click"], None)) == [
        "late",
        "late",
    ]


@pytest.mark.parametrize(("code", "answer"), [(1, None), (2, "crashed")])
def test_a_pip_that_is_mistaken_does_not_refuse(
    code: int, answer: picking.Answer, tmp_path: Path
) -> None:
    program = tmp_path / "pip" / "_internal" / "cli" / "main.py"
    program.parent.mkdir(parents=True)
    (tmp_path / "pip" / "__init__.py").touch()
    program.write_text(f"def main(arguments):\n    return {code}\n")

    assert list(picking.pips(Path(sys.executable), "unused", ["flask"], tmp_path)) == [answer]


def test_a_difference_is_told_in_words() -> None:
    ours = {"app": "1.0", "lib": "2.0", "left": "1.0"}

    assert comparing.difference(ours, {"app": "1", "lib": "1.0", "right": "3"}) == (
        "left 1.0 / -, lib 2.0 / 1.0, right - / 3"
    )
    assert comparing.difference(ours, None) == "a closure / nothing"
    assert comparing.difference(None, None) == ""


def differs(requirement: str, finding: Finding = Finding()) -> Difference:  # noqa: B008 - frozen
    return Difference(
        source="index", requirement=requirement, python="3.9.18", tool="uv", what="a 1 / 2",
        finding=finding,
    )  # fmt: skip


def test_what_nothing_explains_and_what_explains_nothing_are_problems() -> None:
    known = [
        Explanation(reason="older", source="index", requirement="a[x]", python="3.*", tool="uv"),
        Explanation(reason="gone", source="index", requirement="b", python="*", tool="pip"),
        Explanation(reason="elsewhere", source="mirror", requirement="b", python="*", tool="pip"),
    ]
    found = [differs("c"), differs("a[x]"), differs("d", Finding(fault="theirs: a 2 is none"))]
    verdict = comparing.judge(found, known, ["index"])

    assert verdict.problems == [
        "unexplained: index: c on 3.9.18, ours / uv: a 1 / 2",
        "unexplained: index: d on 3.9.18, ours / uv: a 1 / 2 (theirs: a 2 is none)",
        "explains nothing any more: b on *, pip: gone",
    ]
    assert [(each.requirement, why) for each, why in verdict.explained] == [("a[x]", "older")]
    assert "| index | `a[x]` | 3.9.18 | uv | a 1 / 2 | older |\n" in document.table({}, verdict)


def test_nobody_explains_what_the_run_explains() -> None:
    known = [Explanation(reason="ours", source="index", requirement="a", python="*", tool="*")]

    verdict = comparing.judge([differs("a", Finding(reason="both hold"))], known, ["index"])

    assert [why for _, why in verdict.explained] == ["both hold"]
    assert verdict.problems == ["explains nothing any more: a on *, *: ours"]


def test_the_page_is_that_of_the_last_run() -> None:
    counts, found = document.load(RESULTS.read_text(encoding="utf-8"))
    verdict = comparing.judge(found, comparing.explanations(), {source for source, *_ in counts})

    assert verdict.problems == []
    assert DOC.read_text(encoding="utf-8") == document.document(counts, verdict)
    assert document.dump(counts, found) == RESULTS.read_text(encoding="utf-8")


def test_the_last_run_compared_the_popular_on_every_python_with_every_tool() -> None:
    counts, _ = document.load(RESULTS.read_text(encoding="utf-8"))
    popular = [line for line in POPULAR.read_text().splitlines() if not line.startswith("#")]

    asked = {
        (tool, python.rpartition(".")[0]): one.compared + one.unanswered
        for (source, python, tool), one in counts.items()
        if source == "index"
    }
    pythons = ["2.7", "3.6", *(f"3.{minor}" for minor in range(7, 14))]
    assert asked == {
        **{("pip", python): len(popular) for python in pythons},
        **{("uv", python): len(popular) for python in pythons[2:]},
    }
    assert len(set(popular)) >= 200


def test_the_few_are_popular() -> None:
    few = {line for line in FEW.read_text().splitlines() if not line.startswith("#")}

    assert few < set(POPULAR.read_text().splitlines())


def test_what_is_not_answered_is_not_counted_as_compared() -> None:
    rows: list[tuple[str, picking.Picks, picking.Answer]] = [
        ("a", {"a": "1"}, {"a": "2"}), ("b", {"b": "1"}, "late"), ("c", None, "crashed"),
        ("d", None, None),
    ]  # fmt: skip
    different = [each for each in rows if comparing.difference(each[1], each[2])]

    assert [comparing.difference(here, there) for _, here, there in different] == [
        "a 1 / 2",
        "a closure / no answer",
        "nothing / no answer",
    ]
    assert Count.of(rows, [differs(name) for name, _, _ in different]) == Count(
        compared=2, unanswered=2, closures=1, different=1
    )


def test_every_explanation_can_be_read() -> None:
    assert all(why.reason.strip() for why in comparing.explanations())


def test_the_recorded_pages_are_small_and_name_no_host() -> None:
    files = [path for path in RECORDED.rglob("*") if path.is_file()]

    assert 0 < sum(path.stat().st_size for path in files) < 300_000
    assert [path for path in files if "://" in path.read_text(encoding="utf-8")] == []
