"""The programs that run on other interpreters or in containers: files of this package."""

import functools
import importlib.resources


@functools.cache
def read_script(name: str, *, room: str = "configurations") -> str:
    """The text of a file in the ``scripts`` of a room."""
    return (importlib.resources.files("matrix") / room / "scripts" / name).read_text("utf-8")
