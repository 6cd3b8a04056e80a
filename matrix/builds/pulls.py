"""
Images of builds, pulled before the sdist is unpacked.

A registry that does not answer is asked again, as an index is; one that answers that there is no
such image, or that this machine may not have it, is not.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from matrix.builds.engine import ANSWER_SECONDS, Engine, Unequipped, last_line
from matrix.edge.progress import Reporter
from matrix.edge.quantities import count
from matrix.plan.model import JobClass

PAUSES: Final = (5.0, 20.0, 60.0)
"""Seconds before the second and every further attempt."""
_SECONDS: Final = 1800.0
# What registries, podman and docker say of an image that no later attempt will get.
_REFUSED: Final = re.compile(
    r"(?i)unauthorized|authentication required|access denied|denied: |access to the resource"
    r"|forbidden|no basic auth credentials|incorrect username"
)
_UNKNOWN: Final = re.compile(
    r"(?i)manifest unknown|name unknown|not found|does not exist|no such image|invalid reference"
    r"|repository name not known|short-name|no image found in (manifest|image index)"
)
_NO_HOST: Final = re.compile(r"(?i)no such host|name or service not known|lookup .*: ")
"""A name server that does not answer says this too; both look like an unknown image."""


class Outage(Unequipped):
    """A registry that did not answer; the same job may succeed later."""


def equip_engine(
    job_class: JobClass,
    *,
    environment: Mapping[str, str],
    reporter: Reporter,
    silent: set[str],
    sleep: Callable[[float], object] = time.sleep,
) -> Engine:
    """
    The engine of a Linux job class, with its image; raises ``Unequipped``.

    ``silent`` are registries that have not answered to the end: one of them is asked once for each
    further image, because a plan has several, and each would wait for minutes.
    """
    if not job_class.image:
        reason = f"no image of cibuildwheel {job_class.lane} is old enough for its targets"
        raise Unequipped(reason, "name one in runners[].images")
    engine = Engine.find(job_class.engine, environment=environment)
    registry = job_class.image.partition("/")[0]
    pauses = () if registry in silent else PAUSES
    try:
        fetch_image(engine, job_class.image, reporter=reporter, pauses=pauses, sleep=sleep)
    except Outage:
        silent.add(registry)
        raise
    return engine


def fetch_image(
    engine: Engine,
    image: str,
    *,
    reporter: Reporter,
    pauses: Sequence[float] = PAUSES,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Have ``image`` on this machine, pulling it where it is not; raises ``Unequipped``."""
    if engine.run("image", "inspect", image, seconds=ANSWER_SECONDS).succeeded:
        return
    reporter.say(f"pulling {image}")
    for pause in (*pauses, None):
        pulled = engine.run("pull", image, seconds=_SECONDS)
        if pulled.succeeded:
            return
        # The engine's message names the host's network, and the reason goes into records.
        reporter.say(f"cannot pull {image}: {last_line(pulled.output)}")
        _refuse(image, pulled.output)
        if pause is None:
            break
        reporter.say(f"trying again in {pause:.0f} seconds")
        sleep(pause)
    attempts = count(len(pauses) + 1, "attempt")
    what = f"the registry of image {image} did not answer in {attempts}"
    raise Outage(what, "run this job again later, or name a mirror in runners[].images")


def _refuse(image: str, output: str) -> None:
    """Raise ``Unequipped`` where another attempt would end in the same way."""
    if _REFUSED.search(output):
        reason = f"the registry of image {image} refuses this machine"
        raise Unequipped(reason, "log in by a step of runners[].setup")
    if _UNKNOWN.search(output) and not _NO_HOST.search(output):
        hint = "name one that this machine can reach in runners[].images"
        raise Unequipped(f"image {image} not found", hint)
