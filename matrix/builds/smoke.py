"""
The smoke test: a script that imports what the built wheel installed.

It runs inside cibuildwheel's test environment, on every interpreter that a lane serves, so its text
keeps to what Python 2.7 and 3.15 have in common. Everything that differs from project to project
stands in ``smoke.json`` beside it: a value of the manifest never becomes a line of shell or Python.
"""

import json

from packaging.utils import NormalizedName

from matrix.manifest.model import Test


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
