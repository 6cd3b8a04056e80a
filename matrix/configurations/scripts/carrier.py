"""
A build backend that returns a pure wheel under a name for the platform that it runs on.

Part of wheelyard; keeps to the common subset of Python 2.7 and 3.15.
"""

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
    parts[2:-3] = ["%s_%s" % (build, re.sub(r"\W+", "", sys.version.split("(")[0]))]
    parts[-1] = re.sub(r"[-.]", "_", sysconfig.get_platform()) + ".whl"
    shutil.copy(os.path.join(HERE, "wheel", wheel), os.path.join(directory, "-".join(parts)))
    return "-".join(parts)
