"""
Compare our verdict on odd wheels with pips: ``python -m tests.pip_verdicts [PYTHON...]``.

What pip refuses must not be proven, so a wheel that we take and a pip refuses is a defect, unless
it stands in ``EXPLAINED``. The other way round costs nothing but a wheel that is odd.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel

from .interpreters import cpythons
from .odd_wheel_cases import make_cases

PROGRAM = Path(__file__).with_name("pip_install.py")
EXPLAINED: dict[str, str] = {
    "filename-odd-1.0-py2.py3-none-win32.whl": "a wheel for another system",
    "metadata-other-python": "a wheel for another Python",
    "nested-dist-info": "pips before 20 alone; every Python has a newer one",
    "metadata-legacy-requirement": "candidates are judged by the pip of each target",
}
"""Wheels that some pip refuses and we take, by case, with the reason."""


def judge(cases: Mapping[str, tuple[str, bytes]]) -> dict[str, str]:
    """Our refusal by case; empty for a wheel that we take."""
    refusals = {}
    for name, (filename, data) in cases.items():
        try:
            wheel.read_stream(io.BytesIO(data), filename=filename)
            refusals[name] = ""
        except InvalidWheel as error:
            refusals[name] = str(error)
    return refusals


def install(
    python: Path | str, cases: Mapping[str, tuple[str, bytes]], directory: Path
) -> dict[str, bool]:
    """Whether the interpreter's pip installs the wheel, by case."""
    paths = {}
    for number, (name, (filename, data)) in enumerate(cases.items()):
        paths[name] = directory / "wheels" / str(number) / filename
        paths[name].parent.mkdir(parents=True, exist_ok=True)
        paths[name].write_bytes(data)
    listing = directory / "wheels.json"
    listing.write_text(json.dumps({name: str(path) for name, path in paths.items()}))
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "TMPDIR": str(directory)}
    environment |= {"PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [python, PROGRAM, listing], env=environment, stdout=subprocess.PIPE, check=True
    )
    verdicts: dict[str, bool] = json.loads(done.stdout)
    return verdicts


def name_pip(python: Path | str) -> str:
    """Such as ``2.7: pip 19.2.3``; empty without pip."""
    done = subprocess.run(
        [python, "-m", "pip", "--version"], capture_output=True, text=True, check=False
    )
    words = done.stdout.split()
    return f"{words[-1].rstrip(')')}: pip {words[1]}" if done.returncode == 0 else ""


def main(pythons: Iterable[Path | str]) -> int:
    cases = make_cases()
    refusals = judge(cases)
    defects = 0
    for python in pythons:
        if not (pip := name_pip(python)):
            continue
        with tempfile.TemporaryDirectory() as directory:
            verdicts = install(python, cases, Path(directory))
        missed = [name for name in cases if not refusals[name] and not verdicts[name]]
        stricter = [name for name in cases if refusals[name] and verdicts[name]]
        both = sum(bool(refusals[name]) and not verdicts[name] for name in cases)
        taken = len(cases) - both - len(missed) - len(stricter)
        print(  # noqa: T201
            f"{pip}: both take {taken}, both refuse {both}, "
            f"only we refuse {len(stricter)}, only pip refuses {len(missed)}"
        )
        for name in missed:
            defects += name not in EXPLAINED
            print(f"  only pip refuses {name}: {EXPLAINED.get(name, 'unexplained')}")  # noqa: T201
        for name in stricter:
            print(f"  only we refuse {name}: {refusals[name]}")  # noqa: T201
    return bool(defects)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [*cpythons(), sys.executable]))
