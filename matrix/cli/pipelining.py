"""``generate``."""

import argparse
import json

from matrix.cli.session import Session, result
from matrix.pipelines import drift, providers


def generate(session: Session, asked: argparse.Namespace) -> None:
    """Write the committed pipelines, or say how they differ from what they should be."""
    wanted = providers.committed(session.manifest)
    if asked.check:
        drift.check(session.root, wanted)
        listed = {"unchanged": sorted(wanted)}
    else:
        applied = drift.apply(session.root, wanted)
        listed = {"written": sorted(applied.written), "removed": sorted(applied.removed)}
    if asked.json:
        result(json.dumps(listed, indent=1))
    else:
        lines = [f"{what} {path}" for what, paths in listed.items() for path in paths]
        result("\n".join(lines) or "nothing to write: the pipelines are what they should be")
