"""The targets of a manifest as rows; and, for probed interpreters, the lines of a manifest."""

from collections.abc import Iterable, Mapping, Sequence

from matrix.errors import printable
from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.plan.job_classes import assign_job_classes
from matrix.targets.lanes import explain_missing_lane, find_lane
from matrix.targets.target import Target

Row = Mapping[str, str]

_COLUMNS = ("id", "group", "python", "identifier", "cibuildwheel", "runner", "image")


def rows(manifest: Manifest) -> list[Row]:
    """One row a target: names and versions as text, empty where there is none."""
    table: list[Row] = []
    classes = assign_job_classes(manifest)
    for target in manifest.all_targets:
        lane, runner = find_lane(target), runner_of(manifest, target)
        groups = [name for name, group in manifest.targets.items() if target in group.targets]
        table.append(
            {
                "id": target.id,
                "group": ", ".join(groups),
                "python": str(target.python),
                "platform": str(target.platform),
                "identifier": target.identifier,
                "cibuildwheel": lane.version if lane else "",
                "why_none": explain_missing_lane(target),
                "runner": runner.match if runner else "",
                "image": classes[target].image if target in classes else "",
            }
        )
    return table


def text(table: Sequence[Row]) -> str:
    """The rows as columns; below them, why nothing is built for some targets."""
    lines = [dict(zip(_COLUMNS, _COLUMNS, strict=True)), *map(_display, table)]
    widths = {column: max(len(line[column]) for line in lines) for column in _COLUMNS}
    columns = "".join(
        "  ".join(line[column].ljust(widths[column]) for column in _COLUMNS).rstrip() + "\n"
        for line in lines
    )
    reasons = [f"none for {row['id']}: {row['why_none']}\n" for row in table if row["why_none"]]
    return columns + "".join(reasons)


def _display(row: Row) -> Row:
    cells = {name: printable(cell) for name, cell in row.items()}
    return {**cells, "cibuildwheel": cells["cibuildwheel"] or "none"}


def probe_rows(target_by_program: Mapping[str, Target]) -> list[Row]:
    """One row for each interpreter that was probed."""
    return [
        {
            "program": program,
            "id": target.id,
            "python": str(target.python),
            "platform": str(target.platform),
        }
        for program, target in target_by_program.items()
    ]


def manifest_lines(targets: Iterable[Target]) -> str:
    """The part of a manifest that declares ``targets``, one group for each platform."""
    pythons: dict[str, list[str]] = {}
    for target in sorted(set(targets)):
        pythons.setdefault(str(target.platform), []).append(str(target.python))
    written = [
        f"  {name.replace('_', '-')}: {{platform: {name}, python: [{', '.join(versions)}]}}\n"
        for name, versions in sorted(pythons.items())
    ]
    return "targets:\n" + "".join(written)
