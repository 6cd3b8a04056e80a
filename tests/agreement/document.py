"""docs/agreement.md and what it is written from: results.json, which a run leaves for the tests."""

import dataclasses
import json
from collections.abc import Iterable
from typing import Final

from tests.agreement import picking
from tests.agreement.checking import Finding
from tests.agreement.comparing import Count, Counts, Difference, Verdict

PIPS: Final = ", ".join(f"{pip} for {python}" for python, pip in picking.PIPS.items())
HEAD: Final = f"""\
# Agreement with pip and uv

Made by `nox -s agreement`, all of it in one run; other tools' answers are kept in its cache, ours
are not.

Each requirement alone, on CPythons of the machine: the versions that we lock against those that
the pip of that interpreter installs ({PIPS}, {picking.NEWEST_PIP} elsewhere)
and that `uv pip compile` writes for that full version (it knows no 2.7 and no 3.6). Wheels only on
every side. `made-up` are projects with histories that try every rule; `index` are popular
requirements (`tests/agreement/popular.txt`) on the configured index; `mirror` is real metadata of a
static index, one or few releases a project. A pip that searches longer than {picking.SECONDS} s
of the processor, or ends with an exception, gave no answer: our closure is checked, not compared.

Every difference is judged by the run. Where both sides have a closure, both are given to a checker
of its own (`tests/independent.py`); one that does not hold must be explained by a person, in
`tests/agreement/explanations.toml`. Two that hold part at the projects whose versions differ
although everybody who requires them is the same: one of these has to be newer in ours, and a
pre-release among them is a person's to explain. Then each project that is newer in theirs is asked
of that tool once more, together with all versions of ours but those of what it requires; an answer
would be a closure better than ours, and a person has to say why it is not taken.

What the differences of `made-up` show: pip and uv often keep a dependency new, and take an older
release of what requires it. `made-up-026 2.2` requires `made-up-007<3`: we take it with 007 2.3, as
[resolution](resolution.md) says, and they take 026 2.1 with 007 3.1. The rest are neighbours that
exclude each other (009 3.3 and 023 2.1 below 117), where any order is as good as another. Below
106 there is a better closure than ours, which this run found. Popular requirements show none of it.

"""


def dump(counts: Counts, found: Iterable[Difference]) -> str:
    """A line for each count and each difference, without the questions that were settled."""
    rows: list[object] = [[*key, dataclasses.asdict(one)] for key, one in counts.items()]
    for each in sorted(found):
        finding = {"reason": each.finding.reason, "fault": each.finding.fault}
        rows.append({**dataclasses.asdict(each), "finding": finding})
    return "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n"


def load(text: str) -> tuple[dict[tuple[str, str, str], Count], list[Difference]]:
    counts, found = {}, []
    for row in json.loads(text):
        if isinstance(row, list):
            source, python, tool, numbers = row
            counts[source, python, tool] = Count(**numbers)
        else:
            found.append(Difference(**{**row, "finding": Finding(**row["finding"])}))
    return counts, found


def document(counts: Counts, verdict: Verdict) -> str:
    """The whole page."""
    return HEAD + table(counts, verdict)


def table(counts: Counts, verdict: Verdict) -> str:
    """The page's tables."""
    lines = ["| source | Python | tool | compared | with a closure | different | no answer |"]
    lines += ["|---|---|---|---:|---:|---:|---:|"]
    lines += [
        f"| {source} | {python} | {tool} | {one.compared} | {one.closures} | {one.different} | "
        f"{one.unanswered} |"
        for (source, python, tool), one in counts.items()
    ]
    lines += ["", "| source | requirement | Python | tool | ours / theirs | why |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [
        f"| {each.source} | `{each.requirement}` | {each.python} | {each.tool} | "
        f"{_short(each.what)} | {reason} |"
        for each, reason in verdict.explained
    ]
    return "\n".join(lines) + "\n"


def _short(what: str) -> str:
    parts = what.split(", ")
    return ", ".join(parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")
