"""The files that a build starts from, fetched by the digests of the plan."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from matrix.builds.wheelhouse import Wheelhouse
from matrix.index.client import Index
from matrix.index.locked_file import fetch_locked_file
from matrix.plan.model import Build, Plan

WORKERS: Final = 8


def fetch_sdist(build: Build, index: Index) -> Path:
    """A local copy of the sdist of ``build``, its digest checked."""
    return fetch_locked_file(index, build.project, build.sdist, build.sha256)


def fetch_wheelhouse(build: Build, plan: Plan, index: Index) -> Wheelhouse:
    """Local copies of what ``build`` and its smoke test install, digests checked."""
    wanted = [file for file in plan.build_requirements if file.filename in build.build_requirements]
    with ThreadPoolExecutor(WORKERS) as pool:
        paths = pool.map(
            lambda f: fetch_locked_file(index, f.project, f.filename, f.sha256), wanted
        )
        return Wheelhouse(wheels=tuple(paths), is_complete=not build.unlocked)
