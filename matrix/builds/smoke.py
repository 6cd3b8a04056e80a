"""
The smoke test: a script that imports what the built wheel installed.

It runs inside cibuildwheel's test environment, on every interpreter that a lane serves, so its text
keeps to what Python 2.7 and 3.15 have in common. Everything that differs from project to project
stands in ``smoke.json`` beside it: a value of the manifest never becomes a line of shell or Python.
"""

import json
from typing import Final

from packaging.utils import NormalizedName

from matrix.manifest.model import Test

SCRIPT: Final = """\
# Made by wheelyard: imports what the wheel under test has installed.
from __future__ import print_function

import csv
import importlib
import io
import json
import os
import re
import subprocess
import sys

# Projects that install these do so by mistake, and they import what only their authors have.
NOT_MEANT = {"benchmarks", "conftest", "docs", "examples", "setup", "test", "tests"}


def suffixes():
    try:
        from importlib import machinery

        found = machinery.all_suffixes()
    except ImportError:
        import imp

        found = [suffix for suffix, _, _ in imp.get_suffixes()]
    return sorted(found, key=len, reverse=True)


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def record(project):
    for directory in sys.path:
        entries = os.listdir(directory) if os.path.isdir(directory) else []
        for entry in sorted(entries):
            name, kind = os.path.splitext(entry)
            if kind == ".dist-info" and normalized(name.split("-")[0]) == project:
                return os.path.join(directory, entry, "RECORD")
    sys.exit("expected an installed distribution of %s, got none" % project)


def recorded(path):
    if sys.version_info[0] == 2:
        stream = open(path, "rb")
    else:
        stream = io.open(path, encoding="utf-8", newline="")
    with stream:
        return [row[0].replace("\\\\", "/") for row in csv.reader(stream) if row]


def module(path, endings):
    parts = path.split("/")
    if re.search(r"\\.(dist-info|data|libs|dylibs)$", parts[0]) or "__pycache__" in parts:
        return ()
    ending = next((ending for ending in endings if path.endswith(ending)), None)
    if ending is None:
        return ()
    parts[-1] = parts[-1][: -len(ending)]
    if parts[-1] == "__init__":
        parts.pop()
    plain = all(re.match(r"[A-Za-z_][A-Za-z0-9_]*$", part) for part in parts)
    return tuple(parts) if plain and parts and parts[0] not in NOT_MEANT else ()


def declared(project):
    endings = suffixes()
    found = set(module(path, endings) for path in recorded(record(project))) - {()}
    tops = [name for name in found if not any(name[:n] in found for n in range(1, len(name)))]
    return [".".join(name) for name in sorted(tops)]


def main():
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "smoke.json")
    with io.open(beside, encoding="utf-8") as stream:
        asked = json.load(stream)
    modules = asked["modules"]
    if modules is None:
        modules = declared(asked["project"])
    if not modules and not asked["command"]:
        sys.exit("expected modules to import, got none: name them in the recipe's test.import")
    if asked["requires"]:
        subprocess.check_call([sys.executable, "-m", "pip", "install"] + asked["requires"])
    for name in modules:
        print("import " + name)
        sys.stdout.flush()
        importlib.import_module(str(name))
    command = asked["command"]
    if command:
        # Python 3.6 in a container without a locale can neither print nor pass on anything else.
        print("$ " + command.encode("ascii", "replace").decode("ascii"))
        sys.stdout.flush()
        if os.name == "posix" or sys.version_info[0] == 2:
            command = command.encode("utf-8")
        sys.exit(subprocess.call(command, shell=True))


if __name__ == "__main__":
    main()
"""


def render_settings(project: NormalizedName, test: Test) -> str:
    """The text of ``smoke.json`` for a project; an empty ``import`` differs from a missing one."""
    is_asked = test.modules or "modules" in test.written
    settings = {
        "project": project,
        "modules": list(test.modules) if is_asked else None,
        "requires": list(test.requires),
        "command": test.command,
    }
    return json.dumps(settings, indent=1) + "\n"
