"""Where an image has the interpreter of a build identifier, and which of several to prefer."""

import re
from typing import Final

_IDENTIFIER: Final = re.compile(r"(?P<kind>[a-z]+)(?P<major>\d)(?P<minor>\d+)(?P<rest>\w*)")
# The directories of /opt/python carry an ABI that tells more than the identifier does.
_ABI: Final = {"cp27": "cp27mu", "cp35": "cp35m", "cp36": "cp36m", "cp37": "cp37m"}


def directory(identifier: str) -> str:
    """
    The directory below ``/opt/python`` of a build identifier's interpreter, maybe as a pattern.

    >>> directory("cp36-manylinux_x86_64"), directory("cp314t-musllinux_aarch64")
    ('cp36-cp36m', 'cp314t-cp314t')
    >>> directory("pp311-manylinux_x86_64")
    'pp311-*'
    """
    interpreter = identifier.partition("-")[0]
    if not interpreter.startswith("cp"):
        # pp311-pypy311_pp73, _pp80: the ABI changes with PyPy's releases.
        return f"{interpreter}-*"
    return f"{interpreter}-{_ABI.get(interpreter, interpreter)}"


def age(identifier: str) -> tuple[bool, bool, int, int]:
    """Where the interpreter of a build identifier stands among those to build with; best last."""
    found = _IDENTIFIER.match(identifier)
    if found is None:
        return (False, False, 0, 0)
    # The answer is the same, the tools not: the interpreter that most others build with.
    return found["kind"] == "cp", not found["rest"], int(found["major"]), int(found["minor"])
