"""
One more image, for ``nox -s recipes`` alone: the builder with older interpreters beside its own.

It grows on ``BUILDER``, so that what CI makes stays as small as CI needs it.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Final

from . import interpreters
from .images import BUILDER, LABEL, Images

BUILDER_ALL: Final = "localhost/wheelyard/builder-all:local"

# cp38-cp38 was a link for lane 1.12.0's own use; now it is what it says.
_READY: Final = """\
rm -f /opt/python/cp38-cp38
cp --archive /addition/. /
for python in {pythons}; do
    "$python" -m ensurepip --default-pip
    "$python" -m pip install -q --upgrade pip setuptools wheel
    "$python" -m pip install -q build virtualenv
done
rm -rf "$HOME/.cache"
"""


def make(images: Images) -> str:
    """Make ``BUILDER_ALL`` unless it stands there by the same recipe, and return its name."""
    images.make()
    added = interpreters.interpreters(images.environment, wanted=interpreters.OLDER)
    pythons = " ".join(f"/opt/python/{each.tag}/bin/python" for each in added)
    script = _READY.format(pythons=pythons)
    digest = hashlib.sha256(repr((images.recipe.digest, added, script)).encode()).hexdigest()
    if images.podman.label(BUILDER_ALL, LABEL) == digest:
        return BUILDER_ALL
    images.say("older interpreters beside the builder's own")
    with tempfile.TemporaryDirectory(prefix="wheelyard-image.") as directory:
        for interpreter in added:
            interpreters.copy(interpreter, root=Path(directory))
        volumes = [f"{directory}:/addition:ro"]
        images.extend(BUILDER, script, BUILDER_ALL, digest=digest, volumes=volumes)
    images.say(f"made {BUILDER_ALL}")
    return BUILDER_ALL
