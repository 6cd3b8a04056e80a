"""Clients of a loopback index, without pauses and without a cache of the machine's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.page import PublishedFile
from matrix.index.settings import Settings
from matrix.index.transport import LARGEST, Transport
from matrix.manifest.network import Internal

SIX = canonicalize_name("six")
HINT = (
    "\n  hint: set network.index in packages.yaml, or PIP_INDEX_URL, "
    "to an index that this machine reaches"
)


@contextmanager
def client(
    url: str,
    cache: Path,
    *,
    offline: bool = False,
    internal: Internal | None = None,
    sleep: Callable[[float], object] = lambda _: None,
    clock: Callable[[], float] = lambda: 1_000_000.0,
    largest: int = LARGEST,
) -> Iterator[Index]:
    """An ``Index`` of ``url``, closed in the end."""
    settings = Settings(url=url, ca_bundle="", internal=internal.index if internal else "")
    transport = Transport(settings, sleep=sleep, clock=clock, largest=largest)
    index = Index(transport, Cache(cache), offline=offline, internal=internal)
    yield index
    index.close()


def files(index: Index, project: NormalizedName = SIX) -> tuple[PublishedFile, ...]:
    """Every file of a project's page, newest first."""
    page = index.fetch_page(project)
    assert page is not None
    return tuple(file for version in page.releases for file in page.releases[version])
