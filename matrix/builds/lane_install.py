"""
Each lane's own virtual environment, made once and kept.

Two lanes cannot share one, and none may share ours: their requirements contradict each other's.
Only ``python -m cibuildwheel`` is ever run in it, because the scripts in ``bin`` name the directory
in which it was made and not the one to which it was renamed.
"""

import importlib.resources
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from matrix.builds.engine import ANSWER_SECONDS, last_line
from matrix.builds.host import Host
from matrix.configurations.pip_settings import WHEELHOUSE
from matrix.edge import files, programs
from matrix.edge.progress import Reporter
from matrix.errors import NotEquipped, Problem
from matrix.manifest.network import TOOLCHAIN

_SECONDS_TO_INSTALL: Final = 900.0
_VERSION: Final = "import cibuildwheel; print(cibuildwheel.__version__)"


def install_lane(
    lane: str,
    *,
    host: Host,
    cache: Path,
    environment: Mapping[str, str],
    reporter: Reporter,
) -> Path:
    """Install a lane below ``cache`` unless it is there; the Python of its environment."""
    home = cache / f"cibuildwheel-{lane}"
    if _has_lane(home, lane, host=host, environment=environment):
        return _python(home, host)
    reporter.say(f"installing cibuildwheel {lane}")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".cibuildwheel-{lane}.", dir=cache))
    except OSError as error:
        raise files.write_error(cache, error) from error
    try:
        _install(temporary, lane, host=host, environment=environment, reporter=reporter)
        _move(temporary, home, lane, host=host, environment=environment)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return _python(home, host)


def _python(home: Path, host: Host) -> Path:
    if host.system == "windows":
        return home / "Scripts" / "python.exe"
    return home / "bin" / "python"


def _has_lane(home: Path, lane: str, *, host: Host, environment: Mapping[str, str]) -> bool:
    # Asking it is the only sure way: the Python it was made from may have been replaced by another
    # since.
    python = _python(home, host)
    if not python.exists():
        return False
    command = [str(python), "-I", "-c", _VERSION]
    answer = programs.run(command, environment=environment, timeout=ANSWER_SECONDS)
    return answer.succeeded and answer.output.strip() == lane


def _install(
    home: Path,
    lane: str,
    *,
    host: Host,
    environment: Mapping[str, str],
    reporter: Reporter,
) -> None:
    ours = [str(host.python), "-I", "-m"]
    # Our own pip installs into it: Debian's venv cannot bring one unless another package is there.
    make = [*ours, "venv", "--without-pip", str(home)]
    pip = [*ours, "pip", "--python", str(_python(home, host)), "install"]
    toolchain = environment.get(TOOLCHAIN, "")
    pip += _choose_wheels(lane, toolchain)
    for command in (make, pip):
        done = programs.run(
            command, environment=environment, timeout=_SECONDS_TO_INSTALL, say=reporter.detail
        )
        if not done.succeeded:
            what = f"cannot be installed: {last_line(done.output)}"
            hint = f"python -m pip download --no-deps cibuildwheel=={lane}"
            if toolchain:
                hint = f"wheelyard toolchain --check {toolchain}"
            raise NotEquipped(Problem(place=f"cibuildwheel {lane}", what=what, hint=hint))


def _choose_wheels(lane: str, toolchain: str) -> list[str]:
    """
    The arguments of pip: the wheels of a toolchain, whose digests its record has, or of the index.

    From an index only the wheels are taken whose hashes this program knows.
    """
    if toolchain:
        links = str(Path(toolchain, WHEELHOUSE))
        return ["--no-index", "--find-links", links, f"cibuildwheel=={lane}"]
    pinned = str(find_requirements(lane))
    return ["--require-hashes", "--only-binary", ":all:", "--requirement", pinned]


def find_requirements(lane: str) -> Path:
    """The file of every distribution that a lane is installed from, with its hashes."""
    data = importlib.resources.files("matrix") / "data" / "lanes" / f"cibuildwheel-{lane}.txt"
    return Path(str(data))


def _move(
    temporary: Path, home: Path, lane: str, *, host: Host, environment: Mapping[str, str]
) -> None:
    try:
        shutil.rmtree(home, ignore_errors=True)
        temporary.rename(home)
    except OSError as error:
        # Another run may have put its own there in the meantime.
        if not _has_lane(home, lane, host=host, environment=environment):
            raise files.write_error(home, error) from error
