"""The wheels of a carrier (``configurations.carrier``), under their own names again."""

from collections.abc import Sequence
from pathlib import Path


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
