"""
The script that builds the metadata of an sdist (PEP 517), inside a container or beside one.

Like the others it keeps to what Python 2.7 and 3.15 have in common; what differs from sdist to
sdist stands in ``metadata.json`` beside it. Nothing is said after what fails, so that the last line
tells why.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from matrix.distributions.source_build import BuildSystem

SCRIPT: Final = """\
# Made by wheelyard: asks a build backend for the metadata of an sdist.
from __future__ import print_function

import importlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile

OWN = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(OWN)
ASKED_LATER = os.path.join(OWN, "asked-later.json")
WINDOWS = os.name == "nt"


def read(path):
    with io.open(path, encoding="utf-8") as stream:
        return json.load(stream)


def call(command, **more):
    print("    + " + " ".join(command))
    sys.stdout.flush()
    status = subprocess.call(command, **more)
    if status:
        sys.exit(status)


def has(python, module):
    with open(os.devnull, "w") as nowhere:
        asked = [python, "-c", "import " + module]
        return subprocess.call(asked, stdout=nowhere, stderr=nowhere) == 0


def scratch(directory):
    # 2.7 has no venv: there, the interpreter's own packages are seen as well.
    if not has(sys.executable, "venv"):
        return sys.executable, os.path.join(directory, "site")
    env = os.path.join(directory, "env")
    call([sys.executable, "-m", "venv", "--without-pip", env])
    own = os.path.join(env, "Scripts", "python.exe") if WINDOWS else env + "/bin/python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return own, subprocess.check_output([own, "-c", where]).decode().strip()


def install(own, site, asked, requirements):
    if not requirements:
        return
    pip = [sys.executable, "-m", "pip"]
    if not has(sys.executable, "pip"):
        pip = [own, "-m", "pip"]
        if not has(own, "pip"):
            call([own, "-m", "ensurepip"])
    options = ["--disable-pip-version-check", "--only-binary=:all:", "--target", site]
    if asked["constraints"]:
        path = os.path.join(OWN, "constraints.txt")
        with io.open(path, "w", encoding="utf-8") as stream:
            stream.write(u"".join(u"%s\\n" % line for line in asked["constraints"]))
        options += ["--constraint", path]
    call(pip + ["install"] + options + requirements)


def hook(name, asked):
    # Of the script's own directory nothing may be imported.
    sys.path[:1] = [os.path.abspath(each) for each in asked["backend_path"]]
    module, _, attribute = asked["backend"].partition(":")
    backend = importlib.import_module(str(module))
    for each in attribute.split(".") if attribute else ():
        backend = getattr(backend, str(each))
    settings = {
        key: all[0] if len(all) == 1 else all for key, all in asked["config_settings"].items()
    }
    if name == "requires":
        ask = getattr(backend, "get_requires_for_build_wheel", lambda settings: [])
        with io.open(ASKED_LATER, "w", encoding="utf-8") as stream:
            stream.write(u"%s" % json.dumps(list(ask(settings))))
        return
    out = os.path.join(ROOT, asked["out"])
    if not os.path.isdir(out):
        os.mkdir(out)
    made = os.path.join(ROOT, "made")
    os.mkdir(made)
    if hasattr(backend, "prepare_metadata_for_build_wheel"):
        info = backend.prepare_metadata_for_build_wheel(made, settings)
        shutil.copy(os.path.join(made, info, "METADATA"), out)
    else:
        wheel = os.path.join(made, backend.build_wheel(made, settings))
        with zipfile.ZipFile(wheel) as archive:
            info = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            with open(os.path.join(out, "METADATA"), "wb") as stream:
                stream.write(archive.read(info[0]))


def main():
    asked = read(os.path.join(OWN, "metadata.json"))
    if sys.argv[1:]:
        return hook(sys.argv[1], asked)
    # All is below ROOT, whose name is known: what fails may name its files.
    own, site = scratch(os.path.join(ROOT, "scratch"))
    install(own, site, asked, asked["requires"])
    variables = dict(os.environ, PYTHONPATH=site) if own == sys.executable else None
    more = {"cwd": os.path.join(ROOT, asked["source"]), "env": variables}
    call([own, os.path.abspath(__file__), "requires"], **more)
    install(own, site, asked, read(ASKED_LATER))
    call([own, os.path.abspath(__file__), "metadata"], **more)


if __name__ == "__main__":
    main()
"""


def render_settings(
    system: BuildSystem,
    *,
    source: PurePosixPath,
    out: PurePosixPath,
    constraints: Sequence[str],
    config_settings: Mapping[str, Sequence[str]],
) -> str:
    """The text of ``metadata.json``."""
    settings = {
        "source": str(source),
        "out": str(out),
        "requires": list(system.requires),
        "backend": system.backend,
        "backend_path": list(system.backend_path),
        "constraints": list(constraints),
        "config_settings": {key: list(texts) for key, texts in config_settings.items()},
    }
    return json.dumps(settings, indent=1) + "\n"
