"""The manifest's targets with what follows from each, and the lines that make a machine one."""

from collections.abc import Iterable, Mapping, Sequence

from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.plan.job_classes import job_classes
from matrix.targets.lanes import lane_of, why_none
from matrix.targets.target import Target

Row = Mapping[str, str]

_COLUMNS = ("id", "group", "python", "identifier", "cibuildwheel", "runner", "image")


def rows(manifest: Manifest) -> list[Row]:
    """One row a target: names and versions as text, empty where there is none."""
    found: list[Row] = []
    classes = job_classes(manifest)
    for target in manifest.all_targets:
        lane, runner = lane_of(target), runner_of(manifest, target)
        groups = [name for name, group in manifest.targets.items() if target in group.targets]
        found.append(
            {
                "id": target.id,
                "group": ", ".join(groups),
                "python": str(target.python),
                "platform": str(target.platform),
                "identifier": target.identifier,
                "cibuildwheel": lane.version if lane else "",
                "why_none": why_none(target),
                "runner": runner.match if runner else "",
                "image": classes[target].image if target in classes else "",
            }
        )
    return found


def text(listed: Sequence[Row]) -> str:
    """The rows as columns; beneath them, why nothing is built for some."""
    lines = [dict(zip(_COLUMNS, _COLUMNS, strict=True)), *map(_shown, listed)]
    widths = {column: max(len(line[column]) for line in lines) for column in _COLUMNS}
    table = "".join(
        "  ".join(line[column].ljust(widths[column]) for column in _COLUMNS).rstrip() + "\n"
        for line in lines
    )
    reasons = [f"none for {row['id']}: {row['why_none']}\n" for row in listed if row["why_none"]]
    return table + "".join(reasons)


def _shown(row: Row) -> Row:
    return {**row, "cibuildwheel": row["cibuildwheel"] or "none"}


def probed(found: Mapping[str, Target]) -> list[Row]:
    """One row an interpreter that was asked, by its program."""
    return [
        {
            "program": program,
            "id": target.id,
            "python": str(target.python),
            "platform": str(target.platform),
        }
        for program, target in found.items()
    ]


def lines(found: Iterable[Target]) -> str:
    """The part of a manifest that makes targets of ``found``, one group a platform."""
    pythons: dict[str, list[str]] = {}
    for target in sorted(set(found)):
        pythons.setdefault(str(target.platform), []).append(str(target.python))
    written = [
        f"  {name.replace('_', '-')}: {{platform: {name}, python: [{', '.join(versions)}]}}\n"
        for name, versions in sorted(pythons.items())
    ]
    return "targets:\n" + "".join(written)
