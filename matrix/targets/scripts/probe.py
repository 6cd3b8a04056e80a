"""
Print the target that this interpreter is, as a line of packages.yaml or, with --json, as JSON.

Part of wheelyard; keeps to the common subset of Python 2.7 and 3.15.
"""

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
        # From 11 on only the first number decides what runs.
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
        _, version = os.confstr("CS_GNU_LIBC_VERSION").split()
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
    # Without arguments it prints its version on stderr and fails.
    ran = subprocess.Popen([loader], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output = ran.communicate()[1].decode("ascii", "replace")
    version = [line.split()[1] for line in output.splitlines() if line.startswith("Version ")]
    return tuple(version[0].split(".")[:2])


def macos():
    version = platform.mac_ver()[0]
    if version.startswith("10.16"):
        # A Python that was built for older systems gets 10.16; with the variable, the true version.
        ask = "import platform; print(platform.mac_ver()[0])"
        environment = dict(os.environ, SYSTEM_VERSION_COMPAT="0")
        output = subprocess.check_output([sys.executable, "-sS", "-c", ask], env=environment)
        version = output.decode("ascii").strip()
    return version


def main():
    target = {"platform": platform_tag(), "python": python()}
    if "--json" in sys.argv:
        print(json.dumps(target, sort_keys=True))
    else:
        name = target["platform"].replace("_", "-")
        print("  %s: {platform: %s, python: [%s]}" % (name, target["platform"], target["python"]))


if __name__ == "__main__":
    main()
