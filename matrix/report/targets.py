"""The manifest's targets, with what follows from each."""

from collections.abc import Mapping, Sequence

from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.targets.lanes import lane_of

Row = Mapping[str, str]


def rows(manifest: Manifest) -> list[Row]:
    """One row a target: names and versions as text, empty where there is none."""
    found: list[Row] = []
    for target in manifest.all_targets:
        lane, runner = lane_of(target), runner_of(manifest, target)
        groups = [name for name, group in manifest.targets.items() if target in group.targets]
        found.append(
            {
                "id": target.id,
                "group": ", ".join(groups),
                "python": str(target.python),
                "identifier": target.identifier,
                "cibuildwheel": lane.version if lane else "",
                "runner": runner.match if runner else "",
            }
        )
    return found


def text(listed: Sequence[Row]) -> str:
    """The rows as columns."""
    columns = list(listed[0])
    lines = [dict(zip(columns, columns, strict=True)), *listed]
    widths = {column: max(len(line[column]) for line in lines) for column in columns}
    return "".join(
        "  ".join(line[column].ljust(widths[column]) for column in columns).rstrip() + "\n"
        for line in lines
    )
