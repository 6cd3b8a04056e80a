"""The interpreter of a build identifier: its directory in an image, and its rank among several."""

import re
from typing import Final

_IDENTIFIER: Final = re.compile(r"(?P<kind>[a-z]+)(?P<major>\d)(?P<minor>\d+)(?P<rest>\w*)")
# The directories of /opt/python carry an ABI that tells more than the identifier does.
_ABI: Final = {"cp27": "cp27mu", "cp35": "cp35m", "cp36": "cp36m", "cp37": "cp37m"}


def interpreter_directory(identifier: str) -> str:
    """
    The directory below ``/opt/python`` of a build identifier's interpreter, maybe as a pattern.

    >>> interpreter_directory("cp36-manylinux_x86_64")
    'cp36-cp36m'
    >>> interpreter_directory("cp314t-musllinux_aarch64")
    'cp314t-cp314t'
    >>> interpreter_directory("pp311-manylinux_x86_64")
    'pp311-*'
    """
    interpreter = identifier.partition("-")[0]
    if not interpreter.startswith("cp"):
        # pp311-pypy311_pp73, _pp80: the ABI changes with PyPy's releases.
        return f"{interpreter}-*"
    return f"{interpreter}-{_ABI.get(interpreter, interpreter)}"


def rank_interpreter(identifier: str) -> tuple[bool, bool, int, int]:
    """A key that sorts interpreters to build with, the preferred one last."""
    match = _IDENTIFIER.match(identifier)
    if match is None:
        return (False, False, 0, 0)
    # The answer is the same, the tools not: the interpreter that most others build with.
    return match["kind"] == "cp", not match["rest"], int(match["major"]), int(match["minor"])
