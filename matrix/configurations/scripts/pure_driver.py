"""
Build a pure wheel once, for the carrier.

Part of wheelyard; keeps to the common subset of Python 2.7 and 3.15. Its settings are in pure.json
beside it.
"""

from __future__ import print_function

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def has_module(python, module):
    with open(os.devnull, "w") as nowhere:
        command = [python, "-c", "import " + module]
        return subprocess.call(command, stdout=nowhere, stderr=nowhere) == 0


def build(python, settings, directory):
    source = os.path.join(ROOT, settings["source"])
    pairs = [
        (key, text) for key, texts in sorted(settings["config_settings"].items()) for text in texts
    ]
    if has_module(python, "build"):
        command = [python, "-m", "build", "--wheel", "--outdir=" + directory]
        command += ["--config-setting=%s=%s" % pair for pair in pairs]
    else:
        command = [python, "-m", "pip", "wheel", "--no-deps", "-w", directory]
        command += ["--config-settings=%s=%s" % pair for pair in pairs]
    print("    + " + " ".join(command + [source]))
    sys.stdout.flush()
    status = subprocess.call(command + [source])
    if status:
        sys.exit(status)
    wheels = os.listdir(directory)
    if len(wheels) != 1 or not wheels[0].endswith("-none-any.whl"):
        sys.exit(settings["refusal"] + " " + (", ".join(wheels) or "none"))
    return os.path.join(directory, wheels[0])


def main():
    with io.open(os.path.splitext(os.path.abspath(__file__))[0] + ".json", encoding="utf-8") as s:
        settings = json.load(s)
    wheels = os.path.join(ROOT, settings["carrier"], "wheel")
    if os.path.isdir(wheels):
        print("built before, by another interpreter")
        return
    wheel = build(sys.executable, settings, tempfile.mkdtemp())
    os.mkdir(wheels)
    shutil.copy(wheel, wheels)


if __name__ == "__main__":
    main()
