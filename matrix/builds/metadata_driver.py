"""
The script that builds the metadata of an sdist (PEP 517), inside a container or beside one.

Like the others it keeps to what Python 2.7 and 3.15 have in common; what differs from sdist to
sdist stands in ``metadata.json`` beside it. Nothing is said after what fails, so that the last line
tells why.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from matrix.distributions.source_build import BuildSystem


def render_settings(
    system: BuildSystem,
    *,
    source: PurePosixPath,
    out: PurePosixPath,
    constraints: Sequence[str],
    config_settings: Mapping[str, Sequence[str]],
) -> str:
    """The text of ``metadata.json``."""
    settings = {
        "source": str(source),
        "out": str(out),
        "requires": list(system.requires),
        "backend": system.backend,
        "backend_path": list(system.backend_path),
        "constraints": list(constraints),
        "config_settings": {key: list(texts) for key, texts in config_settings.items()},
    }
    return json.dumps(settings, indent=1) + "\n"
