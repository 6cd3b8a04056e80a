"""
The script that builds a wheel which runs everywhere and tests it, inside a container or beside one.

Like the smoke test it keeps to what Python 2.7 and 3.15 have in common, and everything that differs
from build to build stands in ``pure.json`` beside it. It says its steps in cibuildwheel's words, so
that failures are read alike.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

NOT_PURE: Final = 90
"""The status when the sdist made a wheel for one platform: cibuildwheel's to build after all."""

SCRIPT: Final = """\
# Made by wheel-matrix: builds a pure wheel once, and tests it on every interpreter.
from __future__ import print_function

import glob
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WINDOWS = os.name == "nt"


def call(command, **more):
    print("    + " + " ".join(command))
    sys.stdout.flush()
    status = subprocess.call(command, **more)
    if status:
        sys.exit("error: Command %s failed with code %s." % (command[:4], status))


def step(name):
    print("\\n" + name)
    sys.stdout.flush()


def interpreter(pattern):
    found = [path for path in sorted(glob.glob(pattern)) if os.access(path, os.X_OK)]
    if not found:
        sys.exit("expected an interpreter at %s, got none" % pattern)
    return found[0]


def has(python, module):
    with open(os.devnull, "w") as nowhere:
        asked = [python, "-c", "import " + module]
        return subprocess.call(asked, stdout=nowhere, stderr=nowhere) == 0


def build(python, asked, built):
    source = os.path.join(ROOT, asked["source"])
    settings = [(key, one) for key, all in sorted(asked["config_settings"].items()) for one in all]
    if has(python, "build"):
        options = ["--config-setting=%s=%s" % pair for pair in settings]
        call([python, "-m", "build", "--wheel", "--outdir=" + built] + options + [source])
    else:
        options = ["--config-settings=%s=%s" % pair for pair in settings]
        call([python, "-m", "pip", "wheel", "--no-deps", "-w", built] + options + [source])
    wheels = os.listdir(built)
    if len(wheels) != 1 or not wheels[0].endswith("-none-any.whl"):
        print("expected one wheel that runs everywhere, got " + (", ".join(wheels) or "none"))
        sys.exit(90)
    return os.path.join(built, wheels[0])


def clean(python, directory):
    # 2.7 has no venv: there, the interpreter's own packages are seen as well.
    if not has(python, "venv"):
        return python, os.path.join(directory, "site")
    call([python, "-m", "venv", "--without-pip", directory])
    own = os.path.join(directory, "Scripts" if WINDOWS else "bin", os.path.basename(python))
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return own, subprocess.check_output([own, "-c", where]).decode().strip()


def test(python, asked, wheel, directory):
    own, site = clean(python, os.path.join(directory, "env"))
    install = [python, "-m", "pip", "install", "--target", site, wheel] + asked["requires"]
    call(install)
    work = os.path.join(directory, "work")
    os.mkdir(work)
    path = [os.path.dirname(own), os.path.join(site, "bin"), os.environ["PATH"]]
    variables = dict(os.environ, PATH=os.pathsep.join(path))
    if own == python:
        variables["PYTHONPATH"] = site
    call([own, os.path.join(ROOT, "smoke", "smoke.py")], cwd=work, env=variables)


def main():
    with io.open(os.path.join(ROOT, "pure", "pure.json"), encoding="utf-8") as stream:
        asked = json.load(stream)
    pythons = [interpreter(pattern) for pattern in asked["interpreters"]]
    scratch = tempfile.mkdtemp()
    os.chdir(scratch)
    step("Building wheel...")
    built = os.path.join(scratch, "built")
    os.mkdir(built)
    wheel = build(pythons[0], asked, built)
    for number, python in enumerate(pythons):
        step("Testing wheel...")
        directory = os.path.join(scratch, str(number))
        os.mkdir(directory)
        test(python, asked, wheel, directory)
    out = os.path.join(ROOT, asked["out"])
    if not os.path.isdir(out):
        os.mkdir(out)
    shutil.copy(wheel, out)


if __name__ == "__main__":
    main()
"""


def settings(
    *,
    source: PurePosixPath,
    out: PurePosixPath,
    interpreters: Sequence[str],
    config_settings: Mapping[str, Sequence[str]],
    requires: Sequence[str],
) -> str:
    """
    What ``pure.json`` says; the first of ``interpreters``, patterns of paths, is the one to build.
    """
    asked = {
        "source": str(source),
        "out": str(out),
        "interpreters": list(interpreters),
        "config_settings": {key: list(texts) for key, texts in config_settings.items()},
        "requires": list(requires),
    }
    return json.dumps(asked, indent=1) + "\n"
