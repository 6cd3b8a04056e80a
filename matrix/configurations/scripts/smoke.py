"""
Import the modules that the wheel under test has installed, then run the recipe's command.

Part of wheelyard; keeps to the common subset of Python 2.7 and 3.15. Its settings are in smoke.json
beside it.
"""

from __future__ import print_function

import csv
import importlib
import io
import json
import os
import re
import subprocess
import sys

# Projects install these by mistake, and they import modules that only their authors have.
NOT_MEANT = {"benchmarks", "conftest", "docs", "examples", "setup", "test", "tests"}


def list_suffixes():
    try:
        from importlib import machinery

        known = machinery.all_suffixes()
    except ImportError:
        import imp

        known = [suffix for suffix, _, _ in imp.get_suffixes()]
    return sorted(known, key=len, reverse=True)


def normalize(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def find_record(project):
    for directory in sys.path:
        entries = os.listdir(directory) if os.path.isdir(directory) else []
        for entry in sorted(entries):
            name, kind = os.path.splitext(entry)
            if kind == ".dist-info" and normalize(name.split("-")[0]) == project:
                return os.path.join(directory, entry, "RECORD")
    sys.exit("expected an installed distribution of %s, got none" % project)


def read_record(path):
    if sys.version_info[0] == 2:
        stream = open(path, "rb")
    else:
        stream = io.open(path, encoding="utf-8", newline="")
    with stream:
        return [row[0].replace("\\", "/") for row in csv.reader(stream) if row]


def parse_module(path, endings):
    parts = path.split("/")
    if re.search(r"\.(dist-info|data|libs|dylibs)$", parts[0]) or "__pycache__" in parts:
        return ()
    ending = next((ending for ending in endings if path.endswith(ending)), None)
    if ending is None:
        return ()
    parts[-1] = parts[-1][: -len(ending)]
    if parts[-1] == "__init__":
        parts.pop()
    plain = all(re.match(r"[A-Za-z_][A-Za-z0-9_]*$", part) for part in parts)
    return tuple(parts) if plain and parts and parts[0] not in NOT_MEANT else ()


def list_modules(project):
    endings = list_suffixes()
    paths = read_record(find_record(project))
    modules = {parse_module(path, endings) for path in paths} - {()}
    tops = [name for name in modules if not any(name[:n] in modules for n in range(1, len(name)))]
    return [".".join(name) for name in sorted(tops)]


def main():
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "smoke.json")
    with io.open(beside, encoding="utf-8") as stream:
        settings = json.load(stream)
    modules = settings["modules"]
    if modules is None:
        modules = list_modules(settings["project"])
    if not modules and not settings["command"]:
        sys.exit("expected modules to import, got none: name them in the recipe's test.import")
    if settings["requires"]:
        subprocess.check_call([sys.executable, "-m", "pip", "install"] + settings["requires"])
    for name in modules:
        print("import " + name)
        sys.stdout.flush()
        importlib.import_module(str(name))
    command = settings["command"]
    if command:
        # Python 3.6 in a container without a locale can neither print nor pass on anything else.
        print("$ " + command.encode("ascii", "replace").decode("ascii"))
        sys.stdout.flush()
        if os.name == "posix" or sys.version_info[0] == 2:
            command = command.encode("utf-8")
        sys.exit(subprocess.call(command, shell=True))


if __name__ == "__main__":
    main()
