"""
A toolchain that lies behind an address, brought to this machine file by file.

Its record comes first and names the rest with digests. What is there already is not asked for
again, and nothing has its final name before it is whole.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix.edge import files
from matrix.index.addresses import without_password
from matrix.toolchain import directory, serial
from matrix.toolchain.model import RECORD, Content, Toolchain

if TYPE_CHECKING:
    from matrix.index.transport import Transport

WORKERS: Final = 8


def is_address(place: str) -> bool:
    """Whether a toolchain is named by an address and not by a directory."""
    return place.startswith(("https://", "http://"))


def mirrored(
    address: str, *, transport: "Transport", store: Path, say: Callable[[str], None]
) -> Path:
    """The toolchain at ``address`` as a directory below ``store``."""
    base = f"{address.rstrip('/')}/"
    answer = transport.get(base + RECORD, headers={}, wanted="the record of a toolchain")
    text = answer.content.decode("utf-8", errors="replace")
    toolchain = serial.parse(text, source=without_password(base) + RECORD)
    root = store / "toolchain"
    old = directory.Known.of(root)
    wanted = [one for one in toolchain.contents if not _has(root, one)]
    if wanted:
        shown = without_password(base)
        say(f"fetching {len(wanted)} files of the toolchain at {shown}")

    def fetch(content: Content) -> None:
        path = root / content.path
        with transport.stream(base + content.path, wanted=content.path) as chunks:
            files.write_stream(path, chunks, sha256=content.sha256, name=content.path)

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(fetch, (one for one in wanted if not one.link)):
            pass
    _link(toolchain, root)
    old.forget(toolchain, root=root)
    directory.write(toolchain, root=root)
    return root


def _has(root: Path, content: Content) -> bool:
    path = root / content.path
    if content.link:
        return path.is_symlink()
    return path.is_file() and files.digest(path) == content.sha256


def _link(toolchain: Toolchain, root: Path) -> None:
    for content in toolchain.contents:
        path = root / content.path
        if content.link and not path.is_symlink():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(content.link)
        elif content.is_executable:
            path.chmod(0o755)
