"""The page to look at, without a browser; tests/e2e/test_page.py opens it in one."""

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from matrix.distributions import wheel
from matrix.plan.model import State
from matrix.policy.advisories import Vulnerability
from matrix.report import page_facts
from matrix.report.bundle_texts import find_names, read_licences
from matrix.report.comparing import Change, find_direction
from matrix.report.page_facts import PageCell, gather_plan
from matrix.report.page_text import render_page

from .report_pages import make_facts
from .test_report import NATIVE, NEVER, P39, P312, SIX, SPARED, cell, planned
from .wheels import make_wheel

MEGABYTES = 3


class Elements(HTMLParser):
    """The elements and attributes of a page, and the text of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.raw:
            self.raw[self._open].append(data)


def test_a_plan_gives_every_project_its_state_on_every_target() -> None:
    facts = gather_plan(planned(*SIX, *NATIVE, NEVER, SPARED), title="small")

    rows = {
        project.name: {c.target: (c.kind, c.versions) for c in project.cells}
        for project in facts.projects
    }
    assert rows["six"][P312] == ("published", ("1.0",))
    assert rows["native"][P39] == ("to build", ("2.0",))
    assert {kind for kind, _ in rows["never"].values()} == {"impossible"}
    assert rows["spared"][P39] == ("excluded", ())
    assert [project.wanted for project in facts.projects if project.name == "six"] == [("six",)]


def test_several_releases_on_one_target_are_one_cell_with_the_worst_state() -> None:
    cells = (
        cell("native", "1.0", P39, State.PUBLISHED),
        cell("native", "2.0", P39, State.BUILD, reason="no wheel"),
    )
    facts = gather_plan(planned(*cells), title="small")

    assert facts.projects[0].cells == (
        PageCell(target=P39, kind="to build", versions=("1.0", "2.0"), reason="no wheel"),
    )


def test_a_project_names_who_requires_it(tmp_path: Path) -> None:
    wheels = [
        wheel.read(make_wheel(tmp_path, "six", "1.17.0", requires=["Native; extra == 'x'"])),
        wheel.read(make_wheel(tmp_path, "native", "2.0", requires=["unknown"])),
    ]
    facts = gather_plan(planned(*SIX, *NATIVE), title="small")
    facts = page_facts.add_dependencies(facts, find_names(wheels))

    native, six = facts.projects
    assert (native.requires, native.required_by) == ((), ("six",))
    assert (six.requires, six.required_by) == (("native",), ())


def test_a_project_has_its_licences_and_advisories(tmp_path: Path) -> None:
    opened = wheel.read(make_wheel(tmp_path, "six", "1.17.0"))
    found = Vulnerability(
        project="six", version="1.17.0", ids=("PYSEC-1", "CVE-2"), summary="bad", fixed=()
    )
    facts = page_facts.add_judgements(
        gather_plan(planned(*SIX), title="small"),
        licence_by_release={**read_licences([opened]), ("six", "1.17.0"): "MIT"},
        vulnerabilities=[found],
    )

    assert facts.projects[0].licences == ("MIT",)
    assert facts.projects[0].advisories == ("1.17.0: PYSEC-1, CVE-2: bad",)


def test_the_page_fetches_nothing_and_allows_its_own_script_and_style_alone() -> None:
    elements = Elements(render_page(make_facts(30, 3), installs=True))

    addresses = [
        (tag, name, value)
        for tag, attributes in elements.tags
        for name, value in attributes.items()
        if name in {"src", "href", "action", "srcset", "data"}
    ]
    assert addresses
    assert all(tag == "a" and str(value).startswith("#") for tag, _, value in addresses)
    assert not [a for _, attributes in elements.tags for a in attributes if a.startswith("on")]
    policy = next(
        str(attributes["content"])
        for tag, attributes in elements.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style, script = elements.raw["style"][0], elements.raw["script"][-1]
    for kind, text in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def render_texts(name: str, reason: str) -> str:
    """A page with one project, one cell and a title of foreign text."""
    facts = make_facts(2, 2)
    project = dataclasses.replace(
        facts.projects[0],
        name=name,
        cells=(PageCell(target=facts.targets[0].id, kind="missing", versions=(), reason=reason),),
        licences=(reason,),
    )
    return render_page(
        dataclasses.replace(facts, title=reason, lines=(name,), projects=(project,)), installs=True
    )


TAGS = [tag for tag, _ in Elements(render_texts("name", "reason")).tags]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["</script><script>alert(1)</script>", "<!--<script>", "{{{ 7 }}}", '" onload="x', "\u2028]]>"]
)


@given(TEXTS, TEXTS)
@settings(max_examples=150)
def test_no_text_becomes_markup_or_leaves_the_data(name: str, reason: str) -> None:
    elements = Elements(render_texts(name, reason))

    assert [tag for tag, _ in elements.tags] == TAGS
    data = json.loads(elements.raw["script"][0])
    assert data["projects"][name]["cells"][0][3] == reason
    assert data["projects"][name]["licences"] == [reason]


def test_a_page_of_a_thousand_projects_and_twelve_targets_is_small() -> None:
    text = render_page(make_facts(1000, 12), installs=True)

    assert len(text.encode()) < MEGABYTES * 1_000_000
    assert len(re.findall(r"<th scope=\"row\"><a", text)) == 1000


def test_changes_mark_what_went_down() -> None:
    text = render_page(make_facts(3, 2), installs=True)

    assert "Compared with acme-python 2026.11.1." in text
    assert text.count("<strong>down</strong>") == 1
    for before, after, expected in (
        (("2.0",), ("1.9",), "down"),
        (("1.9",), ("1.10",), "up"),
        ((), ("1.0",), "added"),
        (("1.0",), (), "removed"),
        (("1.0", "2.0"), ("2.0",), "changed"),
    ):
        change = Change(project="a", before=before, after=after, targets=())
        assert find_direction(change) == expected


def test_the_same_facts_give_the_same_bytes() -> None:
    assert render_page(make_facts(20, 3), installs=True) == render_page(
        make_facts(20, 3), installs=True
    )
