"""
Nox, installed on first use: ``python3 .ci/nox.py -s tests``.

A fresh clone has Python and pip, and perhaps neither nox nor ``venv`` (Debian ships it apart) nor
the right to install into the system's Python (PEP 668). So nox gets an environment of its own below
``.nox/``, made by the virtualenv that pip fetches.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
HOME: Final = ROOT / ".nox" / f"nox-{sys.version_info[0]}.{sys.version_info[1]}"
OLDEST: Final = (3, 11, 4)
REQUIREMENT: Final = "nox>=2025.5"


def interpreter(home: Path) -> Path:
    """Where an environment keeps its Python."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(home: Path) -> None:
    """Make the environment, whole or not at all."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    home.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([*pip, "--target", scratch, "virtualenv"], check=True)
        unfinished = home.with_name(f"{home.name}.{os.getpid()}.part")
        environment = {**os.environ, "PYTHONPATH": scratch}
        virtualenv = [sys.executable, "-m", "virtualenv", "--quiet", str(unfinished)]
        subprocess.run(virtualenv, check=True, env=environment)
    python = str(interpreter(unfinished))
    subprocess.run([python, *pip[1:], REQUIREMENT], check=True)
    unfinished.rename(home)


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit(
            f"expected Python {'.'.join(map(str, OLDEST))} or newer, got {sys.version.split()[0]}"
        )
    if not interpreter(HOME).exists():
        print("installing nox below .nox/", file=sys.stderr, flush=True)
        make(HOME)
    python = str(interpreter(HOME))
    sys.exit(subprocess.run([python, "-m", "nox", *sys.argv[1:]], cwd=ROOT, check=False).returncode)
