"""The table of ``docs/recipes.md``: what was built, kept as data and rendered from that alone."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .building import Result
from .cases import ALL

RESULTS: Final = Path(__file__).with_name("results.json")
PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "recipes.md"
BEGIN: Final = "<!-- made by nox -s recipes -->\n"
END: Final = "<!-- end -->\n"


def kept() -> tuple[Result, ...]:
    """The results of earlier runs."""
    if not RESULTS.exists():
        return ()
    return tuple(Result(**row) for row in json.loads(RESULTS.read_text(encoding="utf-8")))


def keep(new: Iterable[Result]) -> None:
    """Put ``new`` results in the place of old ones, and write data and page."""
    merged = {result.key: result for result in (*kept(), *new)}
    results = [merged[key] for key in sorted(merged, key=lambda key: (key[0], ALL.index(key[1])))]
    rows = (json.dumps(_written(result), ensure_ascii=True) for result in results)
    text = "[\n" + ",\n".join(rows) + "\n]\n"
    RESULTS.write_text(text, encoding="utf-8", newline="\n")
    if PAGE.exists():
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(replaced(page, results), encoding="utf-8", newline="\n")


def _written(result: Result) -> dict[str, object]:
    fields = dataclasses.asdict(result)
    return {name: value for name, value in fields.items() if value}


def replaced(page: str, results: Iterable[Result]) -> str:
    """``page`` with the table of ``results`` between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table(results)}{END}{after}"


def table(results: Iterable[Result]) -> str:
    """A row per project, a column per Python; what could not be built is explained below."""
    listed = list(results)
    reasons = dict.fromkeys(result.reason for result in listed if result.reason)
    number = {reason: place for place, reason in enumerate(reasons, 1)}
    by_key = {result.key: result for result in listed}
    lines = [f"| project | {' | '.join(ALL)} |", "|---" * (len(ALL) + 1) + "|"]
    for project in dict.fromkeys(result.project for result in listed):
        cells = [_cell(by_key.get((project, series)), number) for series in ALL]
        lines.append(f"| {project} | {' | '.join(cells)} |")
    notes = [f"{place}. {reason}" for reason, place in number.items()]
    return "\n".join([*lines, "", *notes]).rstrip("\n") + "\n"


def _cell(result: Result | None, number: dict[str, int]) -> str:
    if result is None:
        return ""
    if result.seconds:
        return f"{result.version}: {result.seconds} s"
    return f"no ({number[result.reason]})"
