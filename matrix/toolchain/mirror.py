"""
Mirror a toolchain from an address to this machine, file by file.

Its record comes first and lists the other files with digests. Files that are present are not
fetched again, and a file gets its final name when it is complete.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix.edge import files
from matrix.index.addresses import without_password
from matrix.toolchain import directory
from matrix.toolchain.document import RECORD, Content, Toolchain

if TYPE_CHECKING:
    from matrix.index.transport import Transport

WORKERS: Final = 8


def is_address(place: str) -> bool:
    """Whether the place of a toolchain is an address and not a directory."""
    return place.startswith(("https://", "http://"))


def mirror_toolchain(
    address: str, *, transport: "Transport", store: Path, say: Callable[[str], None]
) -> Path:
    """Mirror the toolchain at ``address`` to a directory below ``store``, and return it."""
    base = f"{address.rstrip('/')}/"
    answer = transport.get(base + RECORD, headers={}, wanted="the record of a toolchain")
    text = answer.content.decode("utf-8", errors="replace")
    toolchain = directory.parse_record(text, source=without_password(base) + RECORD)
    root = store / "toolchain"
    earlier = directory.EarlierRun.read(root)
    absent = [content for content in toolchain.contents if not _has(root, content)]
    if absent:
        shown = without_password(base)
        say(f"fetching {len(absent)} files of the toolchain at {shown}")

    def fetch(content: Content) -> None:
        path = root / content.path
        with transport.stream(base + content.path, wanted=content.path) as chunks:
            files.write_stream(path, chunks, sha256=content.sha256, name=content.path)

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(fetch, (content for content in absent if not content.link)):
            pass
    _make_links(toolchain, root)
    earlier.remove_unused(toolchain, root=root)
    directory.write_record(toolchain, root=root)
    return root


def _has(root: Path, content: Content) -> bool:
    path = root / content.path
    if content.link:
        return path.is_symlink()
    return path.is_file() and files.digest(path) == content.sha256


def _make_links(toolchain: Toolchain, root: Path) -> None:
    for content in toolchain.contents:
        path = root / content.path
        if content.link and not path.is_symlink():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(content.link)
        elif content.is_executable:
            path.chmod(0o755)
