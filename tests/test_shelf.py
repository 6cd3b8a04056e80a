"""Sets of versions, against asking about each version."""

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from matrix.distributions import requires_python
from matrix.resolve.shelf import Shelf, places

numbers = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda n: ".".join(map(str, n)))
epochs = st.sampled_from(["", "", "1!"])
pres = st.sampled_from(["", "", "a1", "rc2"])
posts = st.sampled_from(["", "", ".post1"])
devs = st.sampled_from(["", "", ".dev0"])
texts = st.builds(lambda *parts: "".join(parts), epochs, numbers, pres, posts, devs)
locals_ = st.sampled_from(["", "", "+local.1"])
rows = st.lists(st.builds(lambda v, tail: Version(v + tail), texts, locals_), max_size=25)
operators = st.sampled_from([">=", ">", "<=", "<", "==", "!=", "~=", "==="])


def shelf(versions: list[Version]) -> Shelf:
    row = sorted(set(versions), reverse=True)
    return Shelf(
        "app",  # type: ignore[arg-type]
        row,
        files=lambda _: (),
        pythons=lambda _: frozenset(),
    )


@settings(max_examples=500, deadline=None)
@given(rows, st.lists(st.tuples(operators, texts, st.booleans()), max_size=3))
def test_a_set_holds_what_packaging_admits(
    versions: list[Version], specifiers: list[tuple[str, str, bool]]
) -> None:
    written = ",".join(
        f"{operator}{text}{'.*' if wild and operator in {'==', '!='} else ''}"
        for operator, text, wild in specifiers
    )
    try:
        specifier = SpecifierSet(written)
    except InvalidSpecifier:
        return
    row = shelf(versions)

    assert [row.versions[place] for place in places(row.select(specifier))] == [
        version for version in row.versions if specifier.contains(version, prereleases=True)
    ]


def test_running_versions_are_those_whose_files_say_so() -> None:
    said = {"3": {">=3.9"}, "2": {">=2.7", ">=3.9"}, "1.5": {">=2.7"}, "1": set[str]()}
    row = Shelf(
        "app",  # type: ignore[arg-type]
        [Version(text) for text in said],
        files=lambda _: (),
        pythons=lambda version: frozenset(said[str(version)]),
    )

    def running(python: str) -> list[str]:
        found = row.running(
            lambda texts: any(requires_python.admits(text, python) for text in texts)
        )
        return [str(row.versions[place]) for place in places(found)]

    assert running("2.7.18") == ["2", "1.5"]
    assert running("3.12.1") == ["3", "2", "1.5"]


def test_requires_python_is_read_as_it_was_meant() -> None:
    admitted = {
        text: [v for v in ("2.7.18", "3.4.10", "3.9.18") if requires_python.admits(text, v)]
        for text in (">=2.7.*, !=3.0.*", ">=3.5.*", "~=3", "<3.10,!=3.9.18", "any", "")
    }

    assert admitted == {
        ">=2.7.*, !=3.0.*": ["2.7.18", "3.4.10", "3.9.18"],
        ">=3.5.*": ["3.9.18"],
        "~=3": ["3.4.10", "3.9.18"],
        "<3.10,!=3.9.18": ["2.7.18", "3.4.10"],
        "any": ["2.7.18", "3.4.10", "3.9.18"],
        "": ["2.7.18", "3.4.10", "3.9.18"],
    }
