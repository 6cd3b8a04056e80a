r"""
The probe: a script that says what target the interpreter that runs it is.

It runs in interpreters and on machines that lack everything of ours, so its text keeps to what
Python 2.7 and 3.15 have in common. Run by hand it prints a line for the manifest; for us it prints
JSON, and what it says is read like any other target, so that it cannot say what we do not accept.
"""

import json
from typing import Final

from matrix.targets.invalid import InvalidTarget
from matrix.targets.target import Target

SCRIPT: Final = r"""# Made by wheelyard: prints the line of packages.yaml for who runs it.
from __future__ import print_function

import json
import os
import platform
import struct
import subprocess
import sys
import sysconfig

BITS = 8 * struct.calcsize("P")
AS_32_BIT = {"x86_64": "i686", "i386": "i686", "aarch64": "armv7l", "armv8l": "armv7l"}


def python():
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[3] != "final":
        sys.exit("expected a final release of Python, got %s" % sys.version.split()[0])
    name = platform.python_implementation()
    if name == "PyPy":
        return "pypy-%s-%s" % (".".join(map(str, sys.pypy_version_info[:3])), version)
    if name != "CPython":
        sys.exit("expected CPython or PyPy, got %s" % name)
    if sysconfig.get_config_var("Py_DEBUG"):
        sys.exit("expected a release build of CPython, got a debug build")
    if sys.maxunicode == 0xFFFF and platform.system() == "Linux":
        sys.exit("expected CPython 2.7 with UCS-4, as manylinux has it, got UCS-2")
    return version + ("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else "")


def platform_tag():
    system = platform.system()
    if system == "Linux":
        machine = platform.machine()
        return "%s_%s" % (libc(), AS_32_BIT.get(machine, machine) if BITS == 32 else machine)
    if system == "Darwin":
        version = [int(part) for part in macos().split(".")[:2]] + [0]
        # From 11 on only the first number says what runs.
        minor = version[1] if version[0] == 10 else 0
        return "macosx_%d_%d_%s" % (version[0], minor, platform.machine())
    if system == "Windows":
        return sysconfig.get_platform().replace("-", "_")
    sys.exit("expected Linux, macOS or Windows, got %s" % system)


def libc():
    loader = musl_loader("/proc/self/maps")
    if loader:
        return "musllinux_%s_%s" % musl(loader)
    return "manylinux_%s_%s" % glibc()


def glibc():
    try:
        name, version = os.confstr("CS_GNU_LIBC_VERSION").split()
    except (AttributeError, OSError, ValueError):
        # PyPy has no confstr.
        import ctypes

        function = ctypes.CDLL(None).gnu_get_libc_version
        function.restype = ctypes.c_char_p
        version = function().decode("ascii")
    # A distribution may add to it: 2.31-0ubuntu9.
    return tuple(version.split("-")[0].split(".")[:2])


def musl_loader(maps):
    with open(maps) as stream:
        paths = [line.split()[-1] for line in stream if "/" in line]
    return next((path for path in paths if os.path.basename(path).startswith("ld-musl-")), None)


def musl(loader):
    # Run without arguments it tells its version on stderr and fails.
    ran = subprocess.Popen([loader], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = ran.communicate()[1].decode("ascii", "replace")
    version = [line.split()[1] for line in said.splitlines() if line.startswith("Version ")]
    return tuple(version[0].split(".")[:2])


def macos():
    version = platform.mac_ver()[0]
    if version.startswith("10.16"):
        # What a Python that was built for older systems is told; asked this way, it is the truth.
        ask = "import platform; print(platform.mac_ver()[0])"
        environment = dict(os.environ, SYSTEM_VERSION_COMPAT="0")
        said = subprocess.check_output([sys.executable, "-sS", "-c", ask], env=environment)
        version = said.decode("ascii").strip()
    return version


def main():
    found = {"platform": platform_tag(), "python": python()}
    if "--json" in sys.argv:
        print(json.dumps(found, sort_keys=True))
    else:
        name = found["platform"].replace("_", "-")
        print("  %s: {platform: %s, python: [%s]}" % (name, found["platform"], found["python"]))


if __name__ == "__main__":
    main()
"""


def parse_answer(output: str) -> Target:
    """
    The target that the script's ``--json`` prints on its last line; the lines before it are
    warnings of the interpreter. Raises ``InvalidTarget`` with the last line when it is no answer.
    """
    last = (output.strip().splitlines() or ["nothing"])[-1]
    try:
        answer = json.loads(last)
        python, platform = str(answer["python"]), str(answer["platform"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = last if last.startswith("expected ") else f"expected a Python, got: {last}"
        raise InvalidTarget(what) from error
    return Target.parse(python, platform)
