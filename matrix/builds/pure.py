"""
sdists that make a wheel which runs everywhere, although cibuildwheel refuses those.

It is given another project to build, the carrier. Before its first build a script of ours builds
the sdist, once; what the carrier's backend then makes is that wheel, under a name that says it is
for one platform only. So cibuildwheel installs and tests it on each of its interpreters, on every
system, and what it hands over gets its own name back.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

CARRIER: Final = PurePosixPath("carrier")
"""The project that cibuildwheel is given, in the directory of a run."""
NOT_PURE: Final = "expected one wheel that runs everywhere, got"
"""How the log of a build begins to say that the sdist made a wheel for one platform after all."""

_DRIVER: Final = PurePosixPath("pure/pure.py")
BEFORE_BUILD: Final = f'python "{{project}}/{_DRIVER}"'

_PYPROJECT: Final = """\
[build-system]
requires = []
build-backend = "carrier"
backend-path = ["."]
"""

# Both keep to what Python 2.7 and 3.15 have in common.
DRIVER: Final = """\
# Made by wheelyard: builds a pure wheel once, for the carrier.
from __future__ import print_function

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def has(python, module):
    with open(os.devnull, "w") as nowhere:
        asked = [python, "-c", "import " + module]
        return subprocess.call(asked, stdout=nowhere, stderr=nowhere) == 0


def build(python, asked, built):
    source = os.path.join(ROOT, asked["source"])
    settings = [(key, one) for key, all in sorted(asked["config_settings"].items()) for one in all]
    if has(python, "build"):
        command = [python, "-m", "build", "--wheel", "--outdir=" + built]
        command += ["--config-setting=%s=%s" % pair for pair in settings]
    else:
        command = [python, "-m", "pip", "wheel", "--no-deps", "-w", built]
        command += ["--config-settings=%s=%s" % pair for pair in settings]
    print("    + " + " ".join(command + [source]))
    sys.stdout.flush()
    status = subprocess.call(command + [source])
    if status:
        sys.exit(status)
    wheels = os.listdir(built)
    if len(wheels) != 1 or not wheels[0].endswith("-none-any.whl"):
        sys.exit("%(NOT_PURE)s " + (", ".join(wheels) or "none"))
    return os.path.join(built, wheels[0])


def main():
    with io.open(os.path.splitext(os.path.abspath(__file__))[0] + ".json", encoding="utf-8") as s:
        asked = json.load(s)
    kept = os.path.join(ROOT, "%(CARRIER)s", "wheel")
    if os.path.isdir(kept):
        print("built before, by another interpreter")
        return
    wheel = build(sys.executable, asked, tempfile.mkdtemp())
    os.mkdir(kept)
    shutil.copy(wheel, kept)


if __name__ == "__main__":
    main()
""".replace("%(NOT_PURE)s", NOT_PURE).replace("%(CARRIER)s", str(CARRIER))
BACKEND: Final = """\
# Made by wheelyard: hands cibuildwheel a pure wheel as one for the platform that it is on.
import os
import re
import shutil
import sys
import sysconfig

HERE = os.path.dirname(os.path.abspath(__file__))


def build_wheel(directory, config_settings=None, metadata_directory=None):
    (wheel,) = os.listdir(os.path.join(HERE, "wheel"))
    parts = wheel.split("-")
    build = parts[2] if len(parts) == 6 else "0"
    # No two interpreters may hand over a file of the same name.
    parts[2:-3] = ["%s_%s" % (build, re.sub(r"\\W+", "", sys.version.split("(")[0]))]
    parts[-1] = re.sub(r"[-.]", "_", sysconfig.get_platform()) + ".whl"
    shutil.copy(os.path.join(HERE, "wheel", wheel), os.path.join(directory, "-".join(parts)))
    return "-".join(parts)
"""


def carrier_files(
    source: PurePosixPath, config_settings: Mapping[str, Sequence[str]]
) -> Mapping[PurePosixPath, str]:
    """The carrier's files, by their path in the work directory; the sdist is at ``source``."""
    settings = {
        "source": str(source),
        "config_settings": {key: list(texts) for key, texts in config_settings.items()},
    }
    return {
        CARRIER / "pyproject.toml": _PYPROJECT,
        CARRIER / "carrier.py": BACKEND,
        _DRIVER: DRIVER,
        _DRIVER.with_suffix(".json"): json.dumps(settings, indent=1) + "\n",
    }


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
