"""
``virtualenv.pyz`` made from wheels of the index, with the same bytes on every machine.

The published application is not on an index, and cibuildwheel compares its digest only when it
downloads it. Members are stored and not deflated, because deflated bytes depend on the zlib of the
machine.
"""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from matrix.configurations.script_files import read_script

_FIRST_SECOND: Final = (1980, 1, 1, 0, 0, 0)


def zip_application(wheels: Iterable[Path]) -> bytes:
    """Return the bytes of a zip application that runs the virtualenv of ``wheels``."""
    member_by_name = {"__main__.py": read_script("virtualenv_main.py", room="toolchain").encode()}
    for wheel in sorted(wheels, key=lambda path: path.name):
        with zipfile.ZipFile(wheel) as archive:
            member_by_name |= {
                info.filename: archive.read(info)
                for info in archive.infolist()
                if not info.is_dir()
            }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(member_by_name):
            info = zipfile.ZipInfo(name, _FIRST_SECOND)
            # Unix on every machine: ZipInfo writes the system that it runs on.
            info.create_system = 3
            archive.writestr(info, member_by_name[name])
    return stream.getvalue()
