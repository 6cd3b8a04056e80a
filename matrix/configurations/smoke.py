"""
The smoke test: a script that imports the modules that the built wheel has installed.

It runs in cibuildwheel's test environment, on every interpreter that a lane serves. Everything that
differs from project to project stands in ``smoke.json`` beside it: a value of the manifest never
becomes a line of shell or Python.
"""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from packaging.utils import NormalizedName

from matrix.configurations.script_files import read_script
from matrix.manifest.recipe import Test

SCRIPT: Final = PurePosixPath("smoke/smoke.py")
COMMAND: Final = f'python "{{project}}/{SCRIPT}"'
"""The command line that cibuildwheel runs."""


def smoke_files(project: NormalizedName, test: Test) -> Mapping[PurePosixPath, str]:
    """The script and its settings, by their path in the work directory."""
    return {
        SCRIPT: read_script("smoke.py"),
        SCRIPT.with_suffix(".json"): render_settings(project, test),
    }


def render_settings(project: NormalizedName, test: Test) -> str:
    """The text of ``smoke.json`` for a project; an empty ``import`` differs from a missing one."""
    is_asked = test.modules or "modules" in test.written
    settings = {
        "project": project,
        "modules": list(test.modules) if is_asked else None,
        "requires": list(test.requires),
        "command": test.command,
    }
    return json.dumps(settings, indent=1) + "\n"
