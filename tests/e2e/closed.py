"""
A closed runner on this machine: ``python -m tests.e2e.closed DIRECTORY COMMAND...``.

Run below ``unshare --net`` it has loopback and nothing else. There it serves the distributions of a
directory as the one index, and runs the command.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

from ..index_server import IndexServer

ROUTES: Final = Path("/proc/net/route")
_SIOCSIFFLAGS: Final = 0x8914
_UP_AND_RUNNING: Final = 0x1 | 0x40


def bring_loopback_up() -> None:
    """What ``ip link set lo up`` does, for machines without iproute2."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))


def main() -> int:
    """Run the command with the index that it is to use."""
    directory, *command = sys.argv[1:]
    bring_loopback_up()
    routes = ROUTES.read_text(encoding="ascii").splitlines()[1:]
    if routes:
        sys.stderr.write(f"expected a network without routes, got {routes}\n")
        return 2
    with IndexServer.running(Path(directory)) as index:
        for path in sorted(Path(directory).iterdir()):
            index.add(path)
        environment = {**os.environ, "PIP_INDEX_URL": index.url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
