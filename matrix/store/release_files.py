"""
The files of a release in GitLab's package registry, from a directory of parts.

A released file keeps its bytes: what is there with the same bytes is left as it is, so that a job
may be tried again, and what is there with others is refused.
"""

from collections.abc import Callable
from pathlib import Path

from matrix.edge import files
from matrix.errors import Problem, UsageError
from matrix.record import parts
from matrix.store.package_registry import PackageRegistry


def upload_parts(
    directory: Path,
    registry: PackageRegistry,
    *,
    name: str,
    tag: str,
    say: Callable[[str], object],
) -> str:
    """
    Upload the files of ``directory``, one after the other and ``parts.json`` last.

    Returns digest and name of each, a line for each file, as ``sha256sum --check`` reads them.
    """
    paths = sorted(directory.iterdir(), key=lambda path: (path.name == parts.FILENAME, path.name))
    sums = {path.name: files.digest(path) for path in paths}
    known = _read_digests(registry, name=name, tag=tag)
    changed = [file for file in sums if file in known and known[file] != sums[file]]
    if changed:
        what = f"the registry has other files of these names: {', '.join(changed)}"
        hint = "release with another tag: a released file keeps its bytes"
        raise UsageError(Problem(place=f"{name} {tag}", what=what, hint=hint))
    for path in paths:
        if path.name in known:
            say(f"{path.name} is in the registry")
        else:
            registry.put(name, tag, path.name, path)
            say(f"uploaded {path.name}")
    return "".join(f"{digest}  {file}\n" for file, digest in sums.items())


def _read_digests(registry: PackageRegistry, *, name: str, tag: str) -> dict[str, str]:
    """File name to digest of what a download gives."""
    packages = registry.list_packages(name, version=tag, most=1)
    return {file.name: file.sha256 for package in packages for file in registry.list_files(package)}
