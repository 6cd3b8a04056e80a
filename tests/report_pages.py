"""Pages of made-up bundles, for tests and benchmarks of the page to look at."""

import hashlib

from matrix.report.comparing import Change
from matrix.report.page_facts import (
    KINDS,
    PageCell,
    PageFacts,
    PageProject,
    PageTarget,
    PageWheel,
)

REASONS = {"missing": "no compiler", "excluded": "not used there", "impossible": "needs Python 3"}


def make_facts(projects: int, targets: int) -> PageFacts:
    """A page of ``projects`` rows; each state stands somewhere, published in most places."""
    ids = [f"cp3{minor}-manylinux_2_28_x86_64" for minor in range(targets)]
    names = [f"project-{number:04}" for number in range(projects)]
    return PageFacts(
        title="acme-python 2026.11.28",
        lines=("Sealed 2026-11-28T00:00:00Z", "sha256 of bundle.json: " + "0" * 64),
        targets=tuple(PageTarget(id=i, label=f"CPython of {i}") for i in ids),
        projects=tuple(_make_project(names, place, ids) for place in range(projects)),
        changes=(
            Change(project=names[0], before=(), after=("1.0",), targets=tuple(ids)),
            Change(project=names[1], before=("2.0",), after=("1.0",), targets=(ids[0],)),
        ),
        base="acme-python 2026.11.1",
    )


def _make_project(names: list[str], place: int, ids: list[str]) -> PageProject:
    name = names[place]
    cells = tuple(_make_cell(place, number, target) for number, target in enumerate(ids))
    wheels = tuple(
        PageWheel(
            filename=f"{name.replace('-', '_')}-1.{number}-cp3{number}-cp3{number}-linux.whl",
            sha256=hashlib.sha256(f"{name}{number}".encode()).hexdigest(),
            size=1000 * (number + 1) * (place + 1),
            origin="published",
            targets=(target,),
        )
        for number, target in enumerate(ids)
    )
    return PageProject(
        name=name,
        cells=cells,
        wheels=wheels,
        wanted=(f"{name}>=1",) if place % 10 == 0 else (),
        requires=tuple(sorted({names[(place * 7 + 1) % len(names)]} - {name})),
        required_by=(),
        licences=("MIT",),
        advisories=("1.0: PYSEC-2026-1: a summary",) if place == 3 else (),
    )


def _make_cell(place: int, number: int, target: str) -> PageCell:
    kind = KINDS[(place + number) % len(KINDS)] if (place + number) % 9 < len(KINDS) else KINDS[0]
    reason = REASONS.get(kind, "")
    versions = () if kind in {"excluded", "impossible"} else (f"1.{number}",)
    return PageCell(target=target, kind=kind, versions=versions, reason=reason)
