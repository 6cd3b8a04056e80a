"""A small tool and its requirements on an index, as pipelines install them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings
from matrix.index.transport import Transport
from matrix.manifest.reading import read
from matrix.toolchain import tool_check
from matrix.toolchain.tool_closure import lock_tool
from matrix.toolchain.tool_requirements import ToolRequirements

from .builds import QUIET
from .index_server import IndexServer
from .wheels import make_wheel

FILENAME: Final = "wheelyard-0.1.0-py3-none-any.whl"
MANIFEST: Final = """\
bundle: small
targets:
  prod: {platform: manylinux_2_28_x86_64, python: [3.12.4]}
  desktop: {platform: win_amd64, python: [3.12.4]}
  laptop: {platform: macosx_12_0_arm64, python: [3.12.4]}
runners:
  - {match: "*", github: [self-hosted, own], gitlab: [own]}
packages: [six]
"""
HOSTS: Final = tuple(
    f"{python}-{system}"
    for python in ("cp311", "cp312", "cp313", "cp314")
    for system in ("macosx_arm64", "manylinux_x86_64", "win_amd64")
)
_PROGRAM: Final = (
    "import sys, yaml\ndef main():\n    print('the tool', *sys.argv[1:], yaml.VERSION)\n"
)


def make_tool(directory: Path) -> Path:
    """A wheel of this program's name with a console script, that requires ``yaml`` and colours."""
    return make_wheel(
        directory,
        "wheelyard",
        "0.1.0",
        tag="py3-none-any",
        requires=("yaml>=1", "colours; sys_platform == 'win32'", "fast"),
        members={
            "matrix/__init__.py": "",
            "matrix/cli.py": _PROGRAM,
            "wheelyard-0.1.0.dist-info/entry_points.txt": (
                "[console_scripts]\nwheelyard = matrix.cli:main\n"
            ),
        },
    )


def publish_requirements(index: IndexServer, directory: Path) -> None:
    """Publish what the tool requires; ``fast`` has a wheel for each system and a newer one."""
    index.add(make_wheel(directory, "yaml", "1.0"))
    index.add(make_wheel(directory, "yaml", "2.0", requires_python=">=3.12"))
    index.add(make_wheel(directory, "colours", "0.4"))
    for python in ("cp311", "cp312", "cp313", "cp314"):
        for platform in (
            *("manylinux_2_17_x86_64", "manylinux_2_34_x86_64", "win_amd64"),
            *("macosx_11_0_arm64", "macosx_10_9_x86_64", "musllinux_1_2_x86_64"),
        ):
            index.add(make_wheel(directory, "fast", "1.0", tag=f"{python}-{python}-{platform}"))


@contextlib.contextmanager
def open_index(url: str, scratch: Path) -> Iterator[Index]:
    transport = Transport(Settings(url=url, ca_bundle=""), sleep=lambda _: None)
    with contextlib.closing(Index(transport, Cache(scratch / "cache"))) as index:
        yield index


def lock(manifest: str, root: Path, index: IndexServer) -> ToolRequirements:
    """Lock the tool of ``manifest`` in the repository ``root``."""
    parsed = read(manifest)
    with open_index(index.url, root.parent) as opened:
        return lock_tool(
            parsed,
            tool_check.list_tool_hosts(parsed),
            root=root,
            index=opened,
            reporter=QUIET,
        )
