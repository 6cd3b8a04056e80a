"""
The probe: ``scripts/probe.py`` prints the target that an interpreter is.

It runs in interpreters and on machines that have nothing of ours. By hand it prints a line for the
manifest; for us it prints JSON, which is parsed like any other target, so that it cannot name a
target that we do not accept.
"""

import importlib.resources
import json

from matrix.targets.invalid import InvalidTarget
from matrix.targets.target import Target


def read_script() -> str:
    """The text of the probe."""
    return (importlib.resources.files("matrix.targets") / "scripts" / "probe.py").read_text("utf-8")


def parse_answer(output: str) -> Target:
    """
    The target that the script's ``--json`` prints on its last line; the lines before it are
    warnings of the interpreter. Raises ``InvalidTarget`` with the last line when it is no answer.
    """
    last = (output.strip().splitlines() or ["nothing"])[-1]
    try:
        answer = json.loads(last)
        python, platform = str(answer["python"]), str(answer["platform"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = last if last.startswith("expected ") else f"expected a Python, got: {last}"
        raise InvalidTarget(what) from error
    return Target.parse(python, platform)
