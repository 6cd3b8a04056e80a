"""The table of docs/recipes.md is what the data of the last runs says."""

from collections.abc import Iterable

from matrix.manifest import catalogue

from .recipes import table
from .recipes.building import Result
from .recipes.cases import ALL, cases


def test_the_page_shows_the_results_that_are_kept() -> None:
    page = table.PAGE.read_text(encoding="utf-8")

    assert page == table.replaced(page, table.kept())


def test_every_case_has_a_recipe_and_nearly_every_recipe_a_case() -> None:
    projects = {case.project for case in cases(())}

    assert projects <= catalogue.projects()
    # lxml is built beside xmlsec.
    assert catalogue.projects() - projects == {"lxml"}


def test_six_cases_are_for_ci() -> None:
    assert len(cases((), ci=True)) == 6


def test_enough_is_built_on_every_python() -> None:
    built = [result for result in table.kept() if result.seconds]
    count = {series: len({r.project for r in built if r.series == series}) for series in ALL}

    assert all(count[series] >= 25 for series in ("3.11", "3.12", "3.13")), count
    assert count["2.7"] >= 6, count
    assert all(count[series] >= 4 for series in ("3.6", "3.7", "3.8")), count


def test_what_is_not_built_is_known() -> None:
    built = {result.project for result in table.kept() if result.seconds}

    # lxml is built beside xmlsec; the crates of the others could not be fetched.
    assert catalogue.projects() - built == {"bcrypt", "cryptography", "lxml"}


def rows(results: Iterable[Result]) -> list[str]:
    return table.table(results).splitlines()


def test_a_row_says_version_and_seconds_or_the_number_of_a_reason() -> None:
    results = (
        Result(project="a", series="3.11", version="1.0", seconds=12),
        Result(project="a", series="3.13", version="1.0", reason="because"),
        Result(project="b", series="2.7", reason="because"),
    )

    assert rows(results)[2:] == [
        "| a |  |  |  |  | 1.0: 12 s |  | no (1) |",
        "| b | no (1) |  |  |  |  |  |  |",
        "",
        "1. because",
    ]
