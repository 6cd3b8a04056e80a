"""
Made-up projects with histories that try every rule by which a client chooses: the same ones each
time.

Requires-Python that old uploads state only in the wheel, yanked and unfinished releases, extras
that lead to extras, markers on the full version, several wheels a version, tags newer than any
machine, caps that force a search to go back, cycles.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

PROJECTS: Final = 240
PYTHONS: Final = ("", ">=2.7,!=3.0.*,!=3.1.*", ">=3.6", ">=3.7", ">=3.8.1", ">=3.9", ">=3.10,<4")
SPECIFIERS: Final = (
    "", "", "", ">=1.0", ">=1.1,<4", "!=1.2", "~=1.0", "==1.*", ">=2", "<3", "!=2.*", ">=1.0.post1",
)  # fmt: skip
MARKERS: Final = (
    *[""] * 6, "; python_version < '3'", "; python_full_version >= '3.9.2'",
    "; sys_platform == 'linux'", "; platform_python_implementation == 'PyPy'",
    "; python_version in '2.7 3.6 3.7'", "; os_name == 'nt' or python_version >= '3.12'",
)  # fmt: skip
SUFFIXES: Final = (*[""] * 12, ".post1")
WHEELS: Final = (
    *[("py2.py3-none-any",)] * 5,
    *[("py3-none-any",)] * 3,
    ("py2-none-any", "py3-none-any"),
    ("cp27-cp27mu-manylinux1_x86_64", "cp36-abi3-manylinux2014_x86_64"),
    ("cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp39-abi3-manylinux_2_28_x86_64"),
    ("cp312-cp312-manylinux_2_99_x86_64", "py3-none-any"),
    ("cp37-abi3-win_amd64", "py3-none-manylinux2010_x86_64"),
)


def write(store: Path) -> list[str]:
    """Requirements to ask for; their pages and releases are in ``store`` afterwards."""
    chance = random.Random("histories")  # noqa: S311 - the same every time, not a secret
    names = [f"made-up-{number:03}" for number in range(PROJECTS)]
    for folder in ("pages", "releases"):
        (store / folder).mkdir(parents=True, exist_ok=True)
    for number, project in enumerate(names):
        # Mostly to older ones; now and then to anybody, which makes cycles.
        known = names[:number] if chance.random() < 0.9 else names
        releases = dict(_releases(chance, known))
        files = [file for version, r in releases.items() for file in _files(project, version, r)]
        page = {"meta": {"api-version": "1.1"}, "name": project, "files": files}
        (store / "pages" / f"{project}.json").write_text(json.dumps(page))
        (store / "releases" / f"{project}.json").write_text(json.dumps(releases))
    return [_asked(chance, name) for name in names]


def _asked(chance: random.Random, project: str) -> str:
    extra = "[more]" if chance.random() < 0.3 else ""
    return f"{project}{extra}{chance.choice(SPECIFIERS) if chance.random() < 0.3 else ''}"


def _releases(chance: random.Random, known: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    count, needs = (
        chance.randint(2, 14),
        chance.sample(known, min(len(known), chance.randint(0, 4))),
    )
    oldest = chance.randint(0, 3)
    for number in range(count):
        python = PYTHONS[min(len(PYTHONS) - 1, oldest + number * 4 // count)]
        suffix = chance.choice(SUFFIXES if number < count - 1 else ("", "", "rc1", ".dev3"))
        version = f"{1 + number // 4}.{number % 4}{suffix}"
        yield (
            version,
            {
                "python": python,
                "requires": [_line(chance, name) for name in needs],
                "extras": ["more", "all"],
                "yanked": chance.random() < 0.05,
                "listed": python if chance.random() < 0.8 else "",
                "wheels": chance.choice(WHEELS),
            },
        )


def _line(chance: random.Random, project: str) -> str:
    extra = chance.choice(("", "", "", "[more]", "[all]"))
    marker = chance.choice(MARKERS)
    if chance.random() < 0.2:
        marker = f"; extra == '{chance.choice(('more', 'all'))}'"
    return f"{project}{extra}{chance.choice(SPECIFIERS)}{marker}"


def _files(project: str, version: str, release: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for tag in release["wheels"]:
        filename = f"{project.replace('-', '_')}-{version}-{tag}.whl"
        yield {
            "filename": filename,
            "url": f"../../files/{filename}",
            "hashes": {"sha256": hashlib.sha256(filename.encode()).hexdigest()},
            "requires-python": release["listed"] or None,
            "size": 1000,
            "yanked": release["yanked"],
            "core-metadata": True,
        }
