"""
An index of projects that do not exist, in the shape of those that do; the same bytes each time.

A few pages list thousands of files and most list dozens; one project in four has wheels for every
interpreter and platform, some of them not for all; old releases ran on Python 2; requirements lead
to a few projects that everybody needs, and sometimes cap what they need. Written as a store that
``tests.agreement.serving`` serves.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.agreement import stubs

FORMAT: Final = "1"
FURTHER: Final = 1.25
"""Projects on the index for each that is asked for: what comes along as a dependency."""
BUILD_TOOLS: Final = ("setuptools", "wheel")
EPOCHS: Final = (
    # where in the history it ends, Requires-Python, pythons of compiled wheels
    (0.3, "", ("cp27", "cp36", "cp37")),
    (0.6, ">=3.7", ("cp37", "cp38", "cp39", "cp310")),
    (0.85, ">=3.8", ("cp38", "cp39", "cp310", "cp311", "cp312")),
    (1.0, ">=3.9", ("cp39", "cp310", "cp311", "cp312", "cp313", "cp314")),
)
PLATFORMS: Final = (
    "manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_28_aarch64",
    "musllinux_1_1_x86_64", "win_amd64", "win32", "macosx_11_0_arm64", "macosx_10_9_x86_64",
)  # fmt: skip


def write(directory: Path, roots: int) -> list[str]:
    """The names to ask for; their pages and releases are below ``directory`` afterwards."""
    names = [f"project-{number:04}" for number in range(int(roots * FURTHER))]
    done = directory / f"done-{FORMAT}"
    if not done.exists():
        for folder in ("pages", "releases"):
            (directory / folder).mkdir(parents=True, exist_ok=True)
        for project in (*names, *BUILD_TOOLS):
            _write_project(directory, project, _known(names, project))
        done.touch()
    return names[len(names) - roots :]


def _known(names: Sequence[str], project: str) -> Sequence[str]:
    """
    What a project may require: hubs for most, three levels in all, so that a closure does not grow
    with the index.
    """
    hubs, middle = names[: max(3, len(names) // 20)], names[: max(6, len(names) // 3)]
    if project in BUILD_TOOLS or project in hubs:
        return ()
    return hubs if project in middle else middle


def _write_project(directory: Path, project: str, known: Sequence[str]) -> None:
    chance = random.Random(project)  # noqa: S311 - the same history every time, not a secret
    compiled = project not in BUILD_TOOLS and chance.random() < 0.25  # noqa: PLR2004 - the docstring's
    releases = dict(_releases(chance, known, compiled=compiled))
    files = [
        file
        for number, (version, release) in enumerate(releases.items())
        for file in _files(chance, project, version, release, number, compiled=compiled)
    ]
    page = {"meta": {"api-version": "1.1"}, "name": project, "files": files}
    (directory / "pages" / f"{project}.json").write_text(json.dumps(page), encoding="utf-8")
    (directory / "releases" / f"{project}.json").write_text(json.dumps(releases), encoding="utf-8")


def _releases(
    chance: random.Random, known: Sequence[str], *, compiled: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    count = min(150, max(8, int(chance.lognormvariate(3.4, 0.7))))
    requires = chance.sample(known, min(len(known), chance.choice((0, 1, 1, 2, 3, 5))))
    extra = chance.choice(requires) if requires and chance.random() < 0.2 else ""  # noqa: PLR2004 - one in five
    for number in range(count):
        _, python, pythons = next(epoch for epoch in EPOCHS if number < epoch[0] * count)
        major, minor = divmod(number, 12)
        yield (
            f"{major + 1}.{minor}.0",
            {
                "python": python,
                "pythons": pythons if compiled else (),
                "requires": [_line(chance, name, extra) for name in requires],
                "extras": ["more"] if extra else [],
                "words": chance.randint(20, 200),
            },
        )


def _line(chance: random.Random, project: str, extra: str) -> str:
    specifier = chance.choice(("", "", ">=1.0", ">=1.1,!=1.3.0", ">=1"))
    if chance.random() < 0.02:  # noqa: PLR2004 - caps are rare, and what makes a search go back
        specifier = f"<{chance.randint(2, 4)}"
    marker = chance.choice((*[""] * 6, "; python_version < '3.9'", "; sys_platform == 'win32'"))
    return f"{project}{specifier}{'; extra == ' + repr('more') if project == extra else marker}"


def _files(
    chance: random.Random,
    project: str,
    version: str,
    release: dict[str, Any],
    number: int,
    *,
    compiled: bool,
) -> Iterator[dict[str, Any]]:
    text = stubs.metadata(project, version, release)
    digest = hashlib.sha256(text).hexdigest()
    stem = f"{project.replace('-', '_')}-{version}"
    built = f"{stem}.tar.gz"
    listed = [(built, hashlib.sha256(stubs.sdist(built, text)).hexdigest())]
    names = _wheels(chance, stem, release) if compiled else [f"{stem}-{_pure(release)}.whl"]
    listed += [(name, hashlib.sha256(name.encode()).hexdigest()) for name in names]
    for filename, sha256 in listed:
        yield {
            "filename": filename,
            "url": f"../../files/{filename}",
            "hashes": {"sha256": sha256},
            "requires-python": release["python"] or None,
            "size": chance.randint(10_000, 3_000_000),
            "upload-time": f"20{10 + number // 12:02}-{number % 12 + 1:02}-01T00:00:00.000000Z",
            "yanked": chance.random() < 0.002,  # noqa: PLR2004 - rare
            **({"core-metadata": {"sha256": digest}} if filename.endswith(".whl") else {}),
        }


def _pure(release: dict[str, Any]) -> str:
    return "py3-none-any" if release["python"] else "py2.py3-none-any"


def _wheels(chance: random.Random, stem: str, release: dict[str, Any]) -> Iterator[str]:
    # A project builds for most platforms and forgets one for a while.
    forgotten = chance.choice((*PLATFORMS, "", "", "")) if chance.random() < 0.3 else ""  # noqa: PLR2004 - some
    for python in release["pythons"]:
        abis = {"cp27": ("cp27mu", "cp27m"), "cp36": ("cp36m",), "cp37": ("cp37m",)}
        for abi in abis.get(python, (python,)):
            for platform in PLATFORMS:
                if platform != forgotten:
                    yield f"{stem}-{python}-{abi}-{platform}.whl"
