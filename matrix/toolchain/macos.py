"""Check a Mac: Apple's command line tools and the interpreters of python.org."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.edge import programs
from matrix.manifest.network import TOOLCHAIN
from matrix.targets.lanes import get_lane
from matrix.toolchain.finding import Finding
from matrix.toolchain.needs import Need

_SECONDS: Final = 60.0
_CI: Final = ("CI", "GITHUB_ACTIONS", "GITLAB_CI")


def check_macos(needs: Sequence[Need], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Check the compilers, and each interpreter or whether cibuildwheel can install it."""
    yield _check_compilers(environment)
    installed = set(_read_output(("pkgutil", "--pkgs"), environment).splitlines())
    obstacle = _find_obstacle(environment)
    # PyPy is an archive, which is unpacked without sudo.
    installers = [need for need in needs if not need.target.python.pypy]
    for receipt, lane in sorted({(name_receipt(need), need.service.lane) for need in installers}):
        ignores_cache = environment.get(TOOLCHAIN) and not get_lane(lane).caches_installers
        reason = obstacle or (f"cibuildwheel {lane} would download it" if ignores_cache else "")
        yield _check_interpreter(receipt, receipt in installed, reason)


def name_receipt(need: Need) -> str:
    """Return the name under which macOS records the installer of an interpreter."""
    python = need.target.python
    free = "T" if python.is_free_threaded else ""
    return f"org.python.Python.Python{free}Framework-{python.major}.{python.minor}"


def _check_compilers(environment: Mapping[str, str]) -> Finding:
    place = _read_output(("xcode-select", "-p"), environment).strip()
    if place:
        return Finding(subject="command line tools", detail=place)
    what = "not found"
    return Finding(subject="command line tools", lacks=what, hint="xcode-select --install")


def _check_interpreter(receipt: str, is_installed: bool, obstacle: str) -> Finding:  # noqa: FBT001
    version = re.sub(r".*Framework-", "", receipt)
    subject = f"python.org's {version}" + (" (free-threaded)" if "PythonT" in receipt else "")
    if is_installed:
        return Finding(subject=subject, detail="installed")
    if not obstacle:
        return Finding(subject=subject, detail="cibuildwheel can install it")
    hint = f"sudo installer -pkg python-{version}.*.pkg -target / (from the toolchain's cache)"
    return Finding(subject=subject, lacks=f"not installed, and {obstacle}", hint=hint)


def _find_obstacle(environment: Mapping[str, str]) -> str:
    """Return why cibuildwheel cannot install an interpreter; empty if it can."""
    if not any(environment.get(name) for name in _CI):
        return "cibuildwheel installs interpreters only in CI"
    if not _succeeds(("sudo", "-n", "true"), environment):
        return "sudo asks for a password"
    return ""


def _read_output(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    finished = _run(command, environment)
    return finished.output if finished is not None and finished.succeeded else ""


def _succeeds(command: tuple[str, ...], environment: Mapping[str, str]) -> bool:
    finished = _run(command, environment)
    return finished is not None and finished.succeeded


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> programs.Finished | None:
    program = shutil.which(command[0], path=environment.get("PATH", ""))
    if program is None:
        return None
    resolved = [str(Path(program)), *command[1:]]
    return programs.run(resolved, environment=environment, timeout=_SECONDS)
