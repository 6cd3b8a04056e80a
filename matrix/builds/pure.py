"""
sdists that make a wheel which runs everywhere, although cibuildwheel refuses those.

It is given another project to build, the carrier. Before its first build a script of ours builds
the sdist, once; what the carrier's backend then makes is that wheel, under a name that says it is
for one platform only. So cibuildwheel installs and tests it on each of its interpreters, on every
system, and what it hands over gets its own name back.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from matrix.builds.script_files import read_script

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


def unwrap_wheels(out: Path) -> None:
    """Give the carried wheel in ``out`` its own name; the interpreters' copies of it are one."""
    for path in sorted(out.glob("*.whl")):
        path.replace(out / original_name(path.name.split("-")))


def original_name(parts: Sequence[str]) -> str:
    """
    The filename of a carried wheel, from the parts of the name that the carrier has given it.

    >>> original_name(["six", "1.17", "0_3131", "py2.py3", "none", "linux_x86_64.whl"])
    'six-1.17-py2.py3-none-any.whl'
    """
    project, version, marked, python, abi, _ = parts
    build = marked.partition("_")[0]
    return "-".join([project, version, *([build] if build != "0" else []), python, abi, "any.whl"])
