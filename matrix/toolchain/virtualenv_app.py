"""
``virtualenv.pyz`` from the wheels of an index: the same bytes whoever makes it.

The published application cannot be had where only an index is reached, and cibuildwheel compares
its digest only when it downloads it. Members are stored and not deflated, because the bytes that
deflate gives depend on the zlib of the machine.
"""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_MAIN: Final = """\
import sys

from virtualenv.__main__ import run_with_catch

if __name__ == "__main__":
    run_with_catch(sys.argv[1:])
"""
_FIRST_SECOND: Final = (1980, 1, 1, 0, 0, 0)


def application(wheels: Iterable[Path]) -> bytes:
    """A zip application that runs the virtualenv of ``wheels``."""
    members = {"__main__.py": _MAIN.encode()}
    for wheel in sorted(wheels, key=lambda path: path.name):
        with zipfile.ZipFile(wheel) as archive:
            members |= {
                info.filename: archive.read(info)
                for info in archive.infolist()
                if not info.is_dir()
            }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _FIRST_SECOND)
            # Unix, whatever this machine is: ZipInfo would say which it is.
            info.create_system = 3
            archive.writestr(info, members[name])
    return made.getvalue()
