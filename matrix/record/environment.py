"""``targets/<id>/env.json``: a target in the form that pex calls a complete platform."""

from matrix.record import canonical
from matrix.record.schema import RecordedTarget


def dump(target: RecordedTarget) -> str:
    """The text of ``env.json``; the empty path says that no interpreter was measured."""
    return canonical.dumps(
        {
            "path": "",
            "compatible_tags": list(target.tags),
            "marker_environment": dict(target.marker_environment),
        }
    )
