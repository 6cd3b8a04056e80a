"""
How fast pages are read, without a network: ``python benchmarks/index.py`` makes up pages like those
of large projects and prints how long one takes to parse, to load from the cache, and to look at.

Exit code 1 when a page is over a budget; each figure is the best of a few runs, because other work
on the machine only ever adds to it.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from packaging.utils import canonicalize_name  # noqa: E402 - found from the line above

from matrix.index import page  # noqa: E402 - the same
from matrix.index.listing import JSON_TYPE  # noqa: E402 - the same

PROJECT: Final = canonicalize_name("project")
URL: Final = "https://index.example/simple/project/"
VERSIONS: Final = 140
PLATFORMS: Final = (
    "manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "musllinux_1_2_x86_64", "macosx_10_9_x86_64", "macosx_11_0_arm64", "win32", "win_amd64",
)  # fmt: skip
PYTHONS: Final = ("cp39", "cp310", "cp311", "cp312")
RUNS: Final = 15
BUDGETS: Final = {"parse": 0.025, "load": 0.005}
"""Seconds for a page of 4,000 files."""


def main() -> int:
    """Print the figures, and judge them."""
    body = made_up()
    print(f"{VERSIONS * len(PLATFORMS) * len(PYTHONS)} files, {len(body) / 1e6:.1f} MB")
    parsed = _parse(body)
    kept = page.dump(parsed)
    seconds = {
        "parse": best(lambda: _parse(body)),
        "load": best(lambda: page.load(*kept, project=PROJECT, url=URL)),
        "newest": best(lambda: _look(kept, 1)),
        "all": best(lambda: _look(kept, VERSIONS)),
    }
    for name, taken in seconds.items():
        print(f"{name:8} {taken * 1000:7.1f} ms")
    over = [name for name, most in BUDGETS.items() if seconds[name] > most]
    print(*[f"over budget: {name}" for name in over], sep="\n", end="")
    return 1 if over else 0


def made_up() -> bytes:
    """A page of thousands of wheels."""
    names = [
        f"project-1.{version}-{python}-{python}-{platform}.whl"
        for version in range(VERSIONS)
        for python in PYTHONS
        for platform in PLATFORMS
    ]
    files = [_entry(name, hashlib.sha256(name.encode()).hexdigest()) for name in names]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": PROJECT, "files": files}).encode()


def _entry(name: str, digest: str) -> dict[str, object]:
    return {
        "filename": name,
        "hashes": {"sha256": digest},
        "requires-python": ">=3.9",
        "size": 1_000_000,
        "upload-time": "2024-01-01T00:00:00.000000Z",
        "url": f"https://files.index.example/packages/{digest[:2]}/{digest[2:4]}/{digest}/{name}",
        "yanked": False,
    }


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest run."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def _parse(body: bytes) -> page.Page:
    return page.parse(body, content_type=JSON_TYPE, project=PROJECT, url=URL)


def _look(kept: tuple[page.Contents, bytes], versions: int) -> int:
    releases = page.load(*kept, project=PROJECT, url=URL).releases
    return sum(len(releases[version]) for version in list(releases)[:versions])


if __name__ == "__main__":
    sys.exit(main())
