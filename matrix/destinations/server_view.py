"""
What clients would see of a server's pages, as views to prove from.

Ours are the wheels of the ledger, whose core metadata came with their bundles. What others put
beside them is read from the server, and proven with.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from matrix.destinations.http_server import Server
from matrix.destinations.ledger import Ledger
from matrix.destinations.simple_page import PageFile
from matrix.distributions import wheel
from matrix.distributions.wheel import InvalidWheel
from matrix.errors import IndexUnavailable, NotProven, NotVerified, Problem
from matrix.record.schema import RecordedWheel
from matrix.verify import view
from matrix.verify.proofs import prove_target
from matrix.verify.view import Offer, View

FetchFiles = Callable[[str], Iterable[PageFile]]
"""From a project to the files that its page shows."""


@dataclasses.dataclass(frozen=True)
class Served:
    """What clients would see, with a line for each file that changes what was proven."""

    view: View
    notes: tuple[str, ...]


def read_served(
    server: Server, ledger: Ledger, sidecars: Path, fetch_foreign: FetchFiles
) -> Served:
    """
    The wheels of ``ledger``, whose core metadata is in ``sidecars``, and those of others.

    ``fetch_foreign`` returns the files of others; projects that only their wheels need count too.
    """
    open_wheel = view.make_opener(sidecars)
    offers = [open_wheel(recorded.filename) for recorded in ledger.wheels]
    own_names = {recorded.filename for recorded in ledger.wheels}
    newest_by_project = {
        offer.name.project: offer.name.version
        for offer in sorted(offers, key=lambda offer: offer.name.version)
    }
    notes = []
    pending = sorted({offer.name.project for offer in offers})
    seen = set(pending)
    while pending:
        project = pending.pop()
        for file in fetch_foreign(project):
            if file.filename in own_names:
                continue
            offer = _open_foreign(server, file)
            if offer is None:
                notes.append(f"{file.filename} of others was not read; installers may take it")
                continue
            offers.append(offer)
            newest = newest_by_project.get(offer.name.project)
            if newest is not None and offer.name.version > newest:
                notes.append(f"{file.filename} of others is newer than {newest}, which was proven")
            for requirement in offer.metadata.requires_dist:
                name = canonicalize_name(requirement.name)
                if name not in seen:
                    seen.add(name)
                    pending.append(name)
    return Served(View.of(offers), tuple(sorted(notes)))


def _open_foreign(server: Server, file: PageFile) -> Offer | None:
    """Read a wheel of others; None for what is no wheel that an installer takes."""
    if not file.filename.endswith(".whl"):
        return None
    answer = server.get(file.url)
    if not answer.is_success:
        what = f"cannot be read: {answer.describe()}"
        raise IndexUnavailable(Problem(place=file.url, what=what))
    try:
        opened = wheel.read_stream(io.BytesIO(answer.content), filename=file.filename)
    except InvalidWheel:
        return None
    return Offer(name=wheel.parse_filename(file.filename), metadata=opened.metadata)


def prove_union(ledger: Ledger, union: View) -> None:
    """Raise ``NotProven`` unless the newest bundle of each name installs from ``union``."""
    problems = [
        problem
        for record in ledger.newest_records
        for target in record.targets
        for problem in prove_target(record, target, {"union": union}).problems
    ]
    if problems:
        raise NotProven.of(problems)


def prove_views(ledger: Ledger, open_wheel: view.OpenWheel) -> None:
    """Raise ``NotProven`` unless the newest bundle of each name installs from every view."""
    view_by_tree = {
        tree: View.of(open_wheel(recorded.filename) for recorded in wheels)
        for tree, wheels in ledger.wheels_by_tree.items()
    }
    problems = [
        problem
        for record in ledger.newest_records
        for target in record.targets
        for problem in prove_target(
            record,
            target,
            {
                "target": view_by_tree[f"targets/{target.id}/simple"],
                "union": view_by_tree["simple"],
            },
        ).problems
    ]
    if problems:
        raise NotProven.of(problems)


def compare_pages(
    wheels: Iterable[RecordedWheel], file_by_name: Mapping[str, PageFile]
) -> Iterator[Problem]:
    """A problem for every wheel that the pages do not show, or show with another digest."""
    for recorded in wheels:
        file = file_by_name.get(recorded.filename)
        if file is None:
            what = "expected the page to show it, got a page without it"
            yield Problem(place=recorded.filename, what=what)
        elif file.sha256 != recorded.sha256:
            got = file.sha256 or "no digest"
            what = f"expected sha256 {recorded.sha256} on the page, got {got}"
            yield Problem(place=recorded.filename, what=what)


def require_pages(
    wheels: Iterable[RecordedWheel], file_by_name: Mapping[str, PageFile], hint: str
) -> None:
    """Raise ``NotVerified`` with every problem of ``compare_pages``."""
    problems = [
        dataclasses.replace(problem, hint=hint) for problem in compare_pages(wheels, file_by_name)
    ]
    if problems:
        raise NotVerified.of(problems)
