"""
The carrier: how cibuildwheel builds an sdist that makes a pure wheel, which it refuses by itself.

cibuildwheel builds another project, the carrier. Before its first build a script of ours builds the
sdist, once; the carrier's backend then returns that wheel under a name for one platform. So
cibuildwheel installs and tests the wheel on each of its interpreters, on every system; afterwards
the wheel gets its own name back (``builds.pure``).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from matrix.configurations.script_files import read_script

CARRIER: Final = PurePosixPath("carrier")
"""The project that cibuildwheel is given, in the directory of a run."""
NOT_PURE: Final = "expected one wheel that runs everywhere, got"
"""How the log of a build begins to say that the sdist made a wheel for one platform after all."""

_DRIVER: Final = PurePosixPath("pure/pure.py")
BEFORE_BUILD: Final = f'python "{{project}}/{_DRIVER}"'

_PYPROJECT: Final = """\
[build-system]
requires = []
build-backend = "carrier"
backend-path = ["."]
"""


def carrier_files(
    source: PurePosixPath, config_settings: Mapping[str, Sequence[str]]
) -> Mapping[PurePosixPath, str]:
    """The carrier's files, by their path in the work directory; the sdist is at ``source``."""
    settings = {
        "carrier": str(CARRIER),
        "refusal": NOT_PURE,
        "source": str(source),
        "config_settings": {key: list(texts) for key, texts in config_settings.items()},
    }
    return {
        CARRIER / "pyproject.toml": _PYPROJECT,
        CARRIER / "carrier.py": read_script("carrier.py"),
        _DRIVER: read_script("pure_driver.py"),
        _DRIVER.with_suffix(".json"): json.dumps(settings, indent=1) + "\n",
    }
