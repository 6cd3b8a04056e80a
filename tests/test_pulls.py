"""Pulls of images: what is asked again, and what each end of it is called."""

import dataclasses
import shlex
from pathlib import Path

import pytest

from matrix.builds.engine import Engine, Unequipped
from matrix.builds.pulls import PAUSES, Outage, equip_engine, fetch_image

from .builds import QUIET, program
from .test_report import LINUX

IMAGE = "images.example/manylinux_2_28_x86_64:1"


class Pulls:
    """An engine whose pulls say one text after the other, and then succeed."""

    def __init__(self, directory: Path, *texts: str) -> None:
        self.directory = directory
        for number, text in enumerate(texts):
            (directory / f"{number}.txt").write_text(text)
        here = shlex.quote(str(directory))
        body = (
            'case "$1" in pull) ;; image) exit 1 ;; *) echo 5; exit 0 ;; esac; '
            f"cd {here}; echo . >> pulls; "
            "n=$(($(wc -l < pulls) - 1)); test -f $n.txt || exit 0; cat $n.txt >&2; exit 125"
        )
        path = program(directory / "podman", body)
        self.engine = Engine(program=str(path), environment={"PATH": "/usr/bin:/bin"})
        self.pauses: list[float] = []

    def fetch(self) -> None:
        fetch_image(self.engine, IMAGE, reporter=QUIET, sleep=self.pauses.append)

    @property
    def count(self) -> int:
        return len((self.directory / "pulls").read_text().splitlines())


OUTAGES = [
    "Error: received unexpected HTTP status: 504 Gateway Time-out",
    "Error response from daemon: Get https://images.example/v2/: dial tcp: connection refused",
    "Error: pinging container registry images.example: TLS handshake timeout",
    "Error: dial tcp: lookup images.example: no such host",
    "toomanyrequests: You have reached your pull rate limit.",
    "error pulling image configuration: unexpected EOF",
    "",
]
UNKNOWN = [
    "Error: initializing source docker://images.example/x:1: reading manifest 1: manifest unknown",
    "Error response from daemon: manifest for images.example/x:1 not found: manifest unknown",
    "Error: invalid reference format",
    "Error: no image found in manifest list for architecture arm64",
]
REFUSED = [
    "Error: unable to retrieve auth token: invalid username/password: unauthorized",
    "Error response from daemon: pull access denied for x, repository does not exist",
    "Error: reading manifest: denied: requested access to the resource is denied",
]


@pytest.mark.parametrize("text", OUTAGES)
def test_a_registry_that_does_not_answer_is_asked_again(tmp_path: Path, text: str) -> None:
    pulls = Pulls(tmp_path, text, text)

    pulls.fetch()

    assert (pulls.count, pulls.pauses) == (3, list(PAUSES[:2]))


def test_an_outage_is_told_as_one(tmp_path: Path) -> None:
    pulls = Pulls(tmp_path, *[OUTAGES[0]] * 4)

    with pytest.raises(Outage) as caught:
        pulls.fetch()

    assert (caught.value.reason, caught.value.hint) == (
        f"the registry of image {IMAGE} did not answer in 4 attempts",
        "run this job again later, or name a mirror in runners[].images",
    )
    assert (pulls.count, pulls.pauses) == (4, list(PAUSES))


@pytest.mark.parametrize("text", UNKNOWN)
def test_an_image_that_is_unknown_is_not_asked_for_again(tmp_path: Path, text: str) -> None:
    pulls = Pulls(tmp_path, text)

    with pytest.raises(Unequipped) as caught:
        pulls.fetch()

    assert (caught.value.reason, caught.value.hint, pulls.count) == (
        f"image {IMAGE} not found",
        "name one that this machine can reach in runners[].images",
        1,
    )


@pytest.mark.parametrize("text", REFUSED)
def test_a_registry_that_refuses_is_not_asked_again(tmp_path: Path, text: str) -> None:
    pulls = Pulls(tmp_path, text)

    with pytest.raises(Unequipped) as caught:
        pulls.fetch()

    assert (caught.value.reason, caught.value.hint, pulls.count) == (
        f"the registry of image {IMAGE} refuses this machine",
        "log in by a step of runners[].setup",
        1,
    )


def test_a_registry_that_is_silent_is_asked_once_for_every_further_image(tmp_path: Path) -> None:
    pulls = Pulls(tmp_path, *[OUTAGES[0]] * 20)
    silent: set[str] = set()

    def equip(image: str) -> int:
        """How many pulls it took to give up."""
        before = pulls.count if pulls.pauses else 0
        with pytest.raises(Outage):
            equip_engine(
                dataclasses.replace(LINUX, image=image, engine="podman"),
                environment={"PATH": f"{tmp_path}:/usr/bin:/bin"},
                reporter=QUIET,
                silent=silent,
                sleep=pulls.pauses.append,
            )
        return pulls.count - before

    assert equip("images.example/a:1") == len(PAUSES) + 1
    assert equip("images.example/b:1") == 1
    assert equip("other.example/a:1") == len(PAUSES) + 1
    assert silent == {"images.example", "other.example"}
