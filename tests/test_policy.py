"""The policy's rules by themselves: ages, projects, vulnerabilities, and what a lock shows."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from matrix.distributions.core_metadata import CoreMetadata, parse
from matrix.errors import IndexUnavailable, ManifestError
from matrix.index.page import PublishedFile
from matrix.manifest.age import Age
from matrix.manifest.policy import (
    AcceptedAdvisory,
    Cooldown,
    DeniedProject,
    Licences,
    Policy,
    ProjectLists,
    Vulnerabilities,
)
from matrix.policy import json_api, locked_rules
from matrix.policy.advisories import Vulnerability
from matrix.policy.rules import PolicyRules
from matrix.resolve.rules import Rules

from .manifests import manifest

NOW = datetime.datetime(2026, 11, 23, 12, 0, 0, tzinfo=datetime.UTC)
ONE = Version("1.0")


def file(project: str, uploaded: str) -> PublishedFile:
    return PublishedFile(
        filename=f"{project}-1.0-py3-none-any.whl",
        url="https://index.example/files/x.whl",
        sha256="0" * 64,
        size=1,
        requires_python="",
        is_yanked=False,
        has_metadata=False,
        metadata_sha256="",
        uploaded=uploaded,
        project=canonicalize_name(project),
        version=ONE,
        build=(),
        tags=frozenset(),
    )


def rules(policy: Policy, *found: Vulnerability, now: datetime.datetime = NOW) -> PolicyRules:
    return PolicyRules(policy, now=now, known=lambda *_: found)


def metadata(stated: str = "License-Expression: MIT") -> CoreMetadata:
    return parse(f"Metadata-Version: 2.4\nName: native\nVersion: 1.0\n{stated}\n\n".encode())


def released(
    policy: Policy, *found: Vulnerability, now: datetime.datetime = NOW
) -> tuple[str, list[str]]:
    """Why native 1.0 is refused, and what is told when it is taken."""
    made = rules(policy, *found, now=now)
    name = canonicalize_name("native")
    return made.release(name, ONE, metadata()), list(made.list_warnings([(name, ONE)]))


WEEK = Policy(cooldown=Cooldown(age=Age.parse("7 days"), exempt=("acme-*",)))


def test_the_rules_are_what_the_resolver_asks() -> None:
    asked: Rules = rules(WEEK)

    assert asked.file(file("native", "2020-01-01T00:00:00Z")) == ""


@pytest.mark.parametrize(
    ("uploaded", "expected"),
    [
        ("2026-11-16T12:00:00Z", ""),
        ("2026-11-16T12:00:01Z",
         "uploaded 2026-11-16T12:00:01Z, younger than 7 days (policy.cooldown)"),
        ("2027-01-01T00:00:00Z",
         "uploaded 2027-01-01T00:00:00Z, younger than 7 days (policy.cooldown)"),
        ("", "no upload time on the index, so not known to be 7 days old (policy.cooldown)"),
    ],
    ids=["old enough", "a second too young", "from the future", "not told"],
)  # fmt: skip
def test_a_cooldown_lets_files_ripen(uploaded: str, expected: str) -> None:
    assert rules(WEEK).file(file("native", uploaded)) == expected
    assert rules(WEEK).file(file("acme-tools", uploaded)) == ""
    assert rules(Policy()).file(file("native", uploaded)) == ""


def test_a_cooldown_does_not_depend_on_the_time_zone() -> None:
    east = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=9)))

    assert rules(WEEK, now=east).file(file("native", "2026-11-16T12:00:00Z")) == ""
    assert rules(WEEK, now=east).file(file("native", "2026-11-16T12:00:01Z")) != ""


@pytest.mark.parametrize(
    ("text", "hours"), [("1 hour", 1), ("36 hours", 36), ("7 days", 168), ("2 weeks", 336)]
)
def test_an_age_is_read_as_it_is_written(text: str, hours: int) -> None:
    assert str(Age.parse(text)) == text
    assert Age.parse(text).span == datetime.timedelta(hours=hours)


def test_project_lists_hold_for_every_project() -> None:
    lists = ProjectLists(allow=("acme-*", "six"), deny=(
        DeniedProject(project="acme-old", reason="replaced by acme-new"),
        DeniedProject(project="six"),
    ))  # fmt: skip
    judged = rules(Policy(projects=lists))

    assert [judged.file(file(name, "")) for name in ("acme-new", "acme-old", "six", "numpy")] == [
        "",
        "'acme-old' is denied: replaced by acme-new (policy.projects.deny)",
        "'six' is denied (policy.projects.deny)",
        "'numpy' is not allowed (policy.projects.allow)",
    ]


FOUND = Vulnerability(
    project="native", version="1.0", ids=("CVE-1", "GHSA-1"), summary="bad", fixed=("1.5", "2.0")
)
SAID = "vulnerable: CVE-1, GHSA-1; fixed in 1.5, 2.0 (policy.vulnerabilities)"


def test_a_vulnerable_release_is_refused_doubted_or_taken() -> None:
    assert released(Policy(vulnerabilities=Vulnerabilities(action="fail")), FOUND) == (SAID, [])
    assert released(Policy(), FOUND) == ("", [f"native 1.0: {SAID}"])
    assert released(Policy(vulnerabilities=Vulnerabilities(action="ignore")), FOUND) == ("", [])
    assert released(Policy(vulnerabilities=Vulnerabilities(action="fail"))) == ("", [])


def test_an_accepted_vulnerability_is_accepted_until_its_day() -> None:
    until = datetime.date(2026, 11, 23)
    accepted = AcceptedAdvisory(id="GHSA-1", reason="not reachable", until=until)
    policy = Policy(vulnerabilities=Vulnerabilities(action="fail", accepted=(accepted,)))

    assert released(policy, FOUND) == ("", [])
    assert released(policy, FOUND, now=NOW + datetime.timedelta(days=1)) == (SAID, [])


def test_a_doubtful_licence_is_told_when_the_release_is_taken() -> None:
    judged = rules(Policy(licences=Licences(deny=("AGPL-*",))))
    name = canonicalize_name("native")

    assert judged.release(name, ONE, metadata("License: BSD")) == ""
    assert list(judged.list_warnings([(canonicalize_name("six"), ONE), (name, ONE)])) == [
        "native 1.0: licence 'BSD' is not a valid SPDX expression (policy.licences.unknown)"
    ]


def known(body: bytes | None) -> tuple[list[str], Callable[[], list[Vulnerability]]]:
    asked: list[str] = []

    def get(url: str, wanted: str) -> bytes | None:
        asked.extend([url, wanted])
        return body

    ask = json_api.look_up("https://index.example/json", get)
    return asked, lambda: list(ask(NormalizedName("native"), ONE))


def test_an_index_tells_what_it_knows_of_a_release() -> None:
    asked, ask = known(
        b'{"vulnerabilities": [{"id": "GHSA-1", "aliases": ["CVE-1"], "summary": null,'
        b' "details": "bad", "fixed_in": ["2.0", "1.5", "0.9"], "withdrawn": null},'
        b' {"id": "GHSA-2", "withdrawn": "2026-01-01T00:00:00Z"}]}'
    )

    assert ask() == [FOUND]
    assert asked == [
        "https://index.example/json/native/1.0/json",
        "the vulnerabilities of native 1.0",
    ]
    assert known(None)[1]() == []


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"vulnerabilities": [7]}'])
def test_an_index_that_tells_nothing_is_an_error_and_not_good_news(body: bytes) -> None:
    with pytest.raises(IndexUnavailable) as caught:
        known(body)[1]()

    assert str(caught.value) == (
        "https://index.example/json/native/1.0/json: "
        "expected JSON with a list of vulnerabilities, got something else"
    )


FAIL = Vulnerabilities(action="fail")


@pytest.mark.parametrize(
    "policy",
    [WEEK, Policy(licences=Licences(deny=("MIT",))), Policy(licences=Licences(unknown="fail")),
     Policy(vulnerabilities=FAIL)],
    ids=["cooldown", "licences", "unknown licences", "vulnerabilities"],
)  # fmt: skip
def test_a_rule_that_a_lock_does_not_show_has_a_digest(policy: Policy) -> None:
    other = "the lock was made under another policy (cooldown, licences or vulnerabilities)"
    own = locked_rules.digest(policy)

    assert locked_rules.digest(Policy()) == "" != own
    assert list(locked_rules.find_staleness(policy, locked_under=own, held=["six"])) == []
    assert list(locked_rules.find_staleness(policy, locked_under="", held=["six"])) == [other]
    assert list(locked_rules.find_staleness(Policy(), locked_under=own, held=["six"])) == [other]


def test_another_treatment_of_dynamic_metadata_is_named() -> None:
    under = locked_rules.digest(Policy(dynamic_metadata="container"))

    assert list(locked_rules.find_staleness(Policy(), locked_under=under, held=[])) == [
        "the lock was made under another policy.dynamic-metadata"
    ]


def test_the_order_of_rules_and_warnings_alone_change_no_digest() -> None:
    one = Policy(licences=Licences(allow=("MIT", "ISC"), known={"b": "MIT", "a": "ISC"}))
    same = Policy(licences=Licences(allow=("ISC", "MIT"), known={"a": "ISC", "b": "MIT"}))

    assert locked_rules.digest(one) == locked_rules.digest(same) != ""
    assert (
        locked_rules.digest(Policy(licences=Licences(unknown="warn"), advisories="osv.zip")) == ""
    )


def test_a_lock_shows_the_projects_that_a_list_refuses() -> None:
    lists = ProjectLists(deny=(DeniedProject(project="six"),))

    assert list(
        locked_rules.find_staleness(
            Policy(projects=lists), locked_under="", held=["six", "native", "six"]
        )
    ) == ["locked, but 'six' is denied (policy.projects.deny)"]


def read(policy: str) -> Policy:
    return manifest("six", more=f"policy:\n{policy}").policy


def test_short_and_long_spellings_mean_the_same() -> None:
    short = read("  {cooldown: 7 days, vulnerabilities: ignore, projects: {deny: [six]}}")
    long = read(
        "  cooldown: {age: 7 days}\n"
        "  vulnerabilities: {found: ignore}\n"
        "  projects: {deny: [{project: six}]}\n"
    )

    assert short == long
    assert str(short.cooldown.age) == "7 days"


SPDX = "is not a valid SPDX expression\n  hint: see https://spdx.org/licenses/"
NOBODY = (
    "expected policy.advisories, the source of vulnerabilities\n"
    "  hint: add `policy: {advisories: osv.zip}`"
)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("cooldown: soon", "cooldown: expected an age such as '7 days', got 'soon'"),
        ("vulnerabilities: fail", f"vulnerabilities: {NOBODY}"),
        ("projects: {deny: [A_b]}",
         "projects.deny: 'A_b' is not a normalized name\n  hint: write 'a-b'"),
        ("licences: {allow: [BSD]}", f"licences.allow: 'BSD' {SPDX}"),
        ("licences: {except: {six: free}}", f"licences.except.six: 'free' {SPDX}"),
    ],
    ids=["age", "nobody knows", "name", "licence", "stated licence"],
)  # fmt: skip
def test_a_rule_that_could_never_hold_is_named(policy: str, expected: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read(f"  {policy}\n")

    assert str(caught.value) == f"packages.yaml:16: policy.{expected}"


def test_the_documented_policy_is_one() -> None:
    page = (Path(__file__).parents[1] / "docs" / "policy.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]

    policy = manifest("six", more=example).policy

    assert policy.cooldown.exempt == ("acme-*",)
    assert locked_rules.digest(policy) != ""
