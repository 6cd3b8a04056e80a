"""What a Mac must have: Apple's command line tools and the interpreters of python.org."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.builds.lane_install import TOOLCHAIN
from matrix.edge import programs
from matrix.targets.lanes import get_lane
from matrix.toolchain.finding import Finding
from matrix.toolchain.needs import Wanted

_SECONDS: Final = 60.0
_CI: Final = ("CI", "GITHUB_ACTIONS", "GITLAB_CI")


def findings(mine: Sequence[Wanted], environment: Mapping[str, str]) -> Iterator[Finding]:
    """The compilers, and each interpreter or what it takes to install it."""
    yield _compilers(environment)
    installed = set(_output(("pkgutil", "--pkgs"), environment).splitlines())
    obstacle = _obstacle(environment)
    # PyPy is no installer but an archive, which needs nobody's leave.
    installers = [one for one in mine if not one.target.python.pypy]
    for receipt, lane in sorted({(receipt_of(one), one.service.lane) for one in installers}):
        looks_nowhere = environment.get(TOOLCHAIN) and not get_lane(lane).caches_installers
        reason = obstacle or (f"cibuildwheel {lane} would download it" if looks_nowhere else "")
        yield _interpreter(receipt, receipt in installed, reason)


def receipt_of(one: Wanted) -> str:
    """What macOS remembers of the installer of an interpreter."""
    free = "T" if one.target.python.is_free_threaded else ""
    python = one.target.python
    return f"org.python.Python.Python{free}Framework-{python.major}.{python.minor}"


def _compilers(environment: Mapping[str, str]) -> Finding:
    place = _output(("xcode-select", "-p"), environment).strip()
    if place:
        return Finding(subject="command line tools", detail=place)
    what = "expected Apple's command line tools, got none"
    return Finding(subject="command line tools", lacks=what, hint="xcode-select --install")


def _interpreter(receipt: str, is_installed: bool, obstacle: str) -> Finding:  # noqa: FBT001
    version = re.sub(r".*Framework-", "", receipt)
    subject = f"python.org's {version}" + (" (free-threaded)" if "PythonT" in receipt else "")
    if is_installed:
        return Finding(subject=subject, detail="is installed")
    if not obstacle:
        return Finding(subject=subject, detail="cibuildwheel may install it")
    hint = f"sudo installer -pkg python-{version}.*.pkg -target / (from the toolchain's cache)"
    return Finding(subject=subject, lacks=f"is not installed, and {obstacle}", hint=hint)


def _obstacle(environment: Mapping[str, str]) -> str:
    """Why cibuildwheel could not install an interpreter; empty when it could."""
    if not any(environment.get(name) for name in _CI):
        return "cibuildwheel installs none outside of CI"
    if not _succeeds(("sudo", "-n", "true"), environment):
        return "sudo asks for a password"
    return ""


def _output(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    finished = _run(command, environment)
    return finished.output if finished is not None and finished.succeeded else ""


def _succeeds(command: tuple[str, ...], environment: Mapping[str, str]) -> bool:
    finished = _run(command, environment)
    return finished is not None and finished.succeeded


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> programs.Finished | None:
    program = shutil.which(command[0], path=environment.get("PATH", ""))
    if program is None:
        return None
    asked = [str(Path(program)), *command[1:]]
    return programs.run(asked, environment=environment, timeout=_SECONDS)
