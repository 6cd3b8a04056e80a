"""The programs that run on other interpreters or in containers: files of this package."""

import functools
import importlib.resources


@functools.cache
def read_script(name: str) -> str:
    """The text of a file in ``matrix/builds/scripts``."""
    return (importlib.resources.files("matrix.builds") / "scripts" / name).read_text("utf-8")
