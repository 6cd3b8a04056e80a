"""The texts of a bundle beside its wheels: its notes, its page and its bill of materials."""

from collections.abc import Iterable, Mapping, Sequence

from packaging.utils import canonicalize_name

from matrix.bundle.sealing import Placed
from matrix.distributions.core_metadata import parse_fields, parse_licence
from matrix.distributions.wheel import Wheel
from matrix.edge.quantities import count, megabytes
from matrix.gates.sbom import render_sbom
from matrix.gates.vendored import read_vendored
from matrix.plan.model import Cell, Plan
from matrix.policy.licences import words
from matrix.record import layout
from matrix.record.schema import Record
from matrix.report import comparing, page_facts
from matrix.report.comparing import Holdings, Release
from matrix.report.notes import notes
from matrix.report.page_text import render_page


def describe_bundle(
    plan: Plan,
    missing: Sequence[tuple[Cell, str]],
    base: Holdings | None,
    record: Record,
    placed: Sequence[Placed],
) -> Mapping[str, str]:
    """
    The text of each file, by its path in the bundle.

    ``base`` is what an earlier bundle installs, for the changes since.
    """
    wheels = [item.wheel for item in placed]
    names, licences = find_names(wheels), read_licences(wheels)
    changes = comparing.find_changes(base, comparing.summarize_record(record)) if base else ()
    base_name = base.name if base else ""
    wheels = [item.wheel for item in placed]
    names, licences = find_names(wheels), read_licences(wheels)
    facts = page_facts.gather_plan(plan, title=record.label, lines=_list_lines(record))
    facts = page_facts.add_record(facts, record)
    facts = page_facts.add_changes(facts, changes, base=base_name)
    facts = page_facts.add_dependencies(facts, names)
    facts = page_facts.add_judgements(facts, licence_by_release=licences)
    return {
        layout.NOTES: notes(
            plan,
            missing,
            version=record.version,
            source=record.source,
            changes=changes,
            base=base_name,
        ),
        layout.PAGE: render_page(facts, installs=True),
        layout.SBOM: render_sbom(
            record,
            vendored_by_filename={item.wheel.filename: read_vendored(item.path) for item in placed},
            licence_by_release=licences,
            names_by_project=names,
        ),
    }


def find_names(wheels: Iterable[Wheel]) -> Mapping[str, frozenset[str]]:
    """By project, the projects that its wheels require, under a marker or for an extra too."""
    names_by_project: dict[str, frozenset[str]] = {}
    for wheel in wheels:
        names = {canonicalize_name(item.name) for item in wheel.metadata.requires_dist}
        known = names_by_project.get(wheel.project, frozenset())
        names_by_project[wheel.project] = known | names
    return names_by_project


def read_licences(wheels: Iterable[Wheel]) -> Mapping[Release, str]:
    """The licence that each release states, in words; empty for one that states none."""
    return {
        (wheel.project, str(wheel.version)): words(
            parse_licence(parse_fields(wheel.metadata_bytes))
        )
        for wheel in wheels
    }


def _list_lines(record: Record) -> tuple[str, ...]:
    projects = len({wheel.project for wheel in record.wheels})
    size = sum(wheel.size for wheel in record.wheels)
    return (
        (
            f"{count(len(record.wheels), 'wheel')} of {count(projects, 'project')} for "
            f"{count(len(record.targets), 'target')}, {megabytes(size)}"
        ),
        f"Sealed {record.created} by {record.generator}",
        *([f"Made from commit {record.source.commit}"] if record.source.commit else []),
    )
