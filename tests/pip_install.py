"""Install each wheel with this interpreter's pip, on CPython 2.7 or newer: argv is a JSON file."""

import json
import os
import sys
import tempfile

try:
    from pip._internal.cli.main import main
except ImportError:
    from pip._internal import main

if __name__ == "__main__":
    wheels, verdicts = json.load(open(sys.argv[1])), {}  # noqa: PTH123, SIM115 - for 2.7
    null = os.open(os.devnull, os.O_WRONLY)
    out = os.dup(1)
    os.dup2(null, 1)
    os.dup2(null, 2)
    for name, path in sorted(wheels.items()):
        for variable in ("PIP_REQ_TRACKER", "PIP_BUILD_TRACKER"):
            os.environ.pop(variable, None)  # left by the run before, of a directory that is gone
        prefix = tempfile.mkdtemp(dir=os.path.dirname(sys.argv[1]))  # noqa: PTH120 - for 2.7
        arguments = [
            "install",
            "--isolated",
            "--disable-pip-version-check",
            "--no-cache-dir",
            "--no-deps",
        ]
        arguments += ["--no-index", "--no-compile", "--ignore-installed", "--prefix", prefix, path]
        try:
            verdicts[name] = main(arguments) == 0
        except BaseException:  # noqa: BLE001 - a traceback is a refusal as well
            verdicts[name] = False
    os.write(out, json.dumps(verdicts).encode("ascii"))
