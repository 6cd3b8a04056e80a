"""
Ask a build backend for the metadata of an sdist (PEP 517).

Part of wheelyard; keeps to the common subset of Python 2.7 and 3.15. Its settings are in
metadata.json beside it. After a failure it prints nothing more: the last line names the reason.
"""

from __future__ import print_function

import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

OWN = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(OWN)
REQUIRES = os.path.join(OWN, "requires.json")
WINDOWS = os.name == "nt"


def read_json(path):
    with io.open(path, encoding="utf-8") as stream:
        return json.load(stream)


def call(command, **more):
    print("    + " + " ".join(command))
    sys.stdout.flush()
    status = subprocess.call(command, **more)
    if status:
        sys.exit(status)


def has_module(python, module):
    with open(os.devnull, "w") as nowhere:
        command = [python, "-c", "import " + module]
        return subprocess.call(command, stdout=nowhere, stderr=nowhere) == 0


def make_environment(directory):
    # 2.7 has no venv: there, the interpreter's own packages are seen as well.
    if not has_module(sys.executable, "venv"):
        return sys.executable, os.path.join(directory, "site")
    env = os.path.join(directory, "env")
    call([sys.executable, "-m", "venv", "--without-pip", env])
    own = os.path.join(env, "Scripts", "python.exe") if WINDOWS else env + "/bin/python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return own, subprocess.check_output([own, "-c", where]).decode().strip()


def install(own, site, settings, requirements):
    if not requirements:
        return
    pip = [sys.executable, "-m", "pip"]
    if not has_module(sys.executable, "pip"):
        pip = [own, "-m", "pip"]
        if not has_module(own, "pip"):
            call([own, "-m", "ensurepip"])
    options = ["--disable-pip-version-check", "--only-binary=:all:", "--target", site]
    if settings["constraints"]:
        path = os.path.join(OWN, "constraints.txt")
        with open(path, "wb") as stream:
            stream.write("".join("%s\n" % line for line in settings["constraints"]).encode("utf-8"))
        options += ["--constraint", path]
    call(pip + ["install"] + options + requirements)


def normalize(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def find_metadata(wheel, names):
    # A wheel may hold the .dist-info of distributions that it vendors, below or beside its own.
    project = normalize(wheel.split("-")[0])
    for name in names:
        own = re.match(r"([^/]+?)-[^/-]+\.dist-info/METADATA$", name)
        if own and normalize(own.group(1)) == project:
            return name
    sys.exit("expected a .dist-info of %s in %s, got none" % (project, wheel))


def call_hook(name, settings):
    # The backend must not import from the directory of this script.
    sys.path[:1] = [os.path.abspath(part) for part in settings["backend_path"]]
    module, _, attribute = settings["backend"].partition(":")
    backend = importlib.import_module(str(module))
    for part in attribute.split(".") if attribute else ():
        backend = getattr(backend, str(part))
    config_settings = {
        key: texts[0] if len(texts) == 1 else texts
        for key, texts in settings["config_settings"].items()
    }
    if name == "requires":
        ask = getattr(backend, "get_requires_for_build_wheel", lambda _: [])
        with open(REQUIRES, "wb") as stream:
            stream.write(json.dumps(list(ask(config_settings))).encode("ascii"))
        return
    out = os.path.join(ROOT, settings["out"])
    if not os.path.isdir(out):
        os.mkdir(out)
    temporary = os.path.join(ROOT, "built")
    os.mkdir(temporary)
    if hasattr(backend, "prepare_metadata_for_build_wheel"):
        info = backend.prepare_metadata_for_build_wheel(temporary, config_settings)
        shutil.copy(os.path.join(temporary, info, "METADATA"), out)
    else:
        wheel = os.path.join(temporary, backend.build_wheel(temporary, config_settings))
        with zipfile.ZipFile(wheel) as archive:
            member = find_metadata(os.path.basename(wheel), archive.namelist())
            with open(os.path.join(out, "METADATA"), "wb") as stream:
                stream.write(archive.read(member))


def main():
    settings = read_json(os.path.join(OWN, "metadata.json"))
    if sys.argv[1:]:
        call_hook(sys.argv[1], settings)
        return
    # Everything is below ROOT, whose name is known and replaced where errors name files.
    own, site = make_environment(os.path.join(ROOT, "scratch"))
    install(own, site, settings, settings["requires"])
    variables = dict(os.environ, PYTHONPATH=site) if own == sys.executable else None
    more = {"cwd": os.path.join(ROOT, settings["source"]), "env": variables}
    call([own, os.path.abspath(__file__), "requires"], **more)
    install(own, site, settings, read_json(REQUIRES))
    call([own, os.path.abspath(__file__), "metadata"], **more)


if __name__ == "__main__":
    main()
