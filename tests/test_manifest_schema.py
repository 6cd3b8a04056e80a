"""The schema and the reader accept the same manifests, except where a schema cannot say it."""

import jsonschema  # type: ignore[import-untyped]  # its stubs are another dependency
import pytest
import yaml

from matrix.errors import ManifestError
from matrix.manifest import json_schema
from matrix.manifest.reading import read

BASE = """\
bundle: small
targets:
  prod: {platform: manylinux_2_28_x86_64, python: [3.12.4]}
runners:
  - {match: "*", github: ubuntu-24.04, gitlab: [linux]}
packages:
  - six
"""

GOOD = {
    "base": BASE,
    "a-quoted-number": BASE + "gitlab: {artifact-megabytes: '100'}\n",
    "a-number": BASE + "gitlab: {artifact-megabytes: 100}\n",
    "quoted-versions": BASE.replace("- six", "- {requirement: six, versions: '3'}"),
    "versions": BASE.replace("- six", "- {requirement: six, versions: 3}"),
    "all-versions": BASE.replace("- six", "- {requirement: six, versions: all}"),
    "a-quoted-timeout": BASE + "recipes: {x: {timeout: '30'}}\n",
    "a-quoted-truth": BASE + "recipes: {x: {catalogue: 'false'}}\n",
    "a-quoted-project": BASE.replace("- six", "- '6'"),
    "a-free-threaded-python": BASE.replace("3.12.4", "3.14.0t"),
    "a-pypy": BASE.replace("3.12.4", "pypy-7.3.20-3.11.13"),
    "one-python": BASE.replace("[3.12.4]", "3.12.4"),
    "an-environment": BASE + "environments: {web: [six, idna]}\n",
    "an-exclusion": BASE.replace(
        "- six", "- {requirement: six, exclude: [{target: prod, reason: x, until: 2027-06-01}]}"
    ),
    "a-cooldown": BASE + "policy: {cooldown: 7 days}\n",
    "operations": BASE
    + "merge-requests: plan\nkeep: {wheels: 90, bundles: 7, reports: 1, merge-requests: 3}\n"
    + "schedule: off\nuntested: refuse\nsign: WHEELYARD_SIGNING_KEY\nbot: WHEELYARD_BOT\n",
    "operations-in-full": BASE
    + "sign: {secret: KEY, environment: vault}\nbot: {token: WHEELYARD_BOT}\n",
    "github-of-a-house": BASE
    + "github: {branch: release/1.x, forks: build, attest: true,\n"
    + f"  actions: {{checkout: 'actions/checkout@{'0a' * 20} # v7.0.1'}}}}\n",
    "gitlab-of-a-house": BASE + f"gitlab: {{store-key: '{'0a' * 32}'}}\n",
    "runner-labels": BASE.replace("github: ubuntu-24.04", "github: [self-hosted, linux]"),
}
BAD = {
    "no-bundle-name": (BASE.replace("small", "''"), 1),
    "a-bundle-name-with-capitals": (BASE.replace("small", "Acme Python"), 1),
    "a-bundle-name-that-leads-out": (BASE.replace("small", "../x"), 1),
    "a-target-name-with-a-blank": (BASE.replace("prod:", "'my desktop':"), 3),
    "no-requirements": (BASE.replace("\n  - six", " []"), 6),
    "no-targets": (
        BASE.replace("\n  prod: {platform: manylinux_2_28_x86_64, python: [3.12.4]}", " {}"),
        2,
    ),
    "no-runners": (
        BASE.replace('runners:\n  - {match: "*", github: ubuntu-24.04, gitlab: [linux]}\n', ""),
        1,
    ),
    "no-python": (BASE.replace("[3.12.4]", "[]"), 3),
    "an-old-python": (BASE.replace("3.12.4", "3.4.10"), 3),
    "an-early-free-threaded-python": (BASE.replace("3.12.4", "3.12.4t"), 3),
    "no-artifact-size": (BASE + "gitlab: {artifact-megabytes: 0}\n", 8),
    "no-time": (BASE + "recipes: {x: {timeout: 0}}\n", 8),
    "a-quoted-zero": (BASE + "recipes: {x: {timeout: '0'}}\n", 8),
    "too-much-time": (BASE + "recipes: {x: {timeout: 99999}}\n", 8),
    "a-project-that-is-a-number": (BASE.replace("- six", "- 6"), 7),
    "a-project-that-is-a-truth": (BASE.replace("- six", "- true"), 7),
    "no-reason": (
        BASE.replace("- six", "- {requirement: six, exclude: [{target: prod, reason: ''}]}"),
        7,
    ),
    "no-targets-of-a-requirement": (
        BASE.replace("- six", "- {requirement: six, targets: []}"),
        7,
    ),
    "an-empty-environment": (BASE + "environments: {web: []}\n", 8),
    "no-versions": (BASE.replace("- six", "- {requirement: six, versions: 0}"), 7),
    "a-list-for-a-mapping": (BASE + "policy: []\n", 8),
    "nothing-for-a-mapping": (BASE + "policy:\n", 8),
    "nothing-for-a-list": (BASE.replace("\n  - six", ""), 6),
    "an-unknown-key": (BASE + "polcy: {}\n", 8),
    "no-days": (BASE + "keep: {wheels: 0}\n", 8),
    "too-many-days": (BASE + "keep: {reports: 3651}\n", 8),
    "a-short-key": (BASE + "gitlab: {store-key: d75a98}\n", 8),
    "a-secret-in-the-file": (BASE + "sign: hunter2\n", 8),
    "an-environment-with-a-blank": (BASE + "sign: {secret: KEY, environment: 'a b'}\n", 8),
    "signing-without-a-secret": (BASE + "sign: {environment: vault}\n", 8),
    "a-pattern-of-branches": (BASE + "github: {branch: 'release/*'}\n", 8),
    "an-action-by-tag": (BASE + "github: {actions: {checkout: actions/checkout@v7}}\n", 8),
    "an-unknown-action": (BASE + f"github: {{actions: {{cache: actions/cache@{'0' * 40}}}}}\n", 8),
    "an-unknown-schedule": (BASE + "schedule: hourly\n", 8),
    "an-unknown-choice": (BASE.replace("- six", "- {requirement: six, source: biuld}"), 7),
}
BEYOND_A_SCHEMA = {
    "a-merge-key": (
        BASE.replace(
            "{platform: manylinux_2_28_x86_64, python: [3.12.4]}",
            "&p {<<: {}, platform: manylinux_2_28_x86_64, python: [3.12.4]}",
        ),
        (
            "packages.yaml:3: targets.prod: YAML's merge key '<<' is not supported\n"
            "  hint: write the merged keys themselves"
        ),
    ),
    "a-recipe-after-itself": (
        BASE + "recipes: {x: {after: [x]}}\n",
        "packages.yaml:8: recipes.x.after: 'x' names itself",
    ),
    "exemptions-from-no-cooldown": (
        BASE + "policy: {cooldown: {except: [six]}}\n",
        (
            "packages.yaml:8: policy.cooldown: "
            "expected `age`, from which `except` exempts projects\n"
            "  hint: add `age: 7 days`"
        ),
    ),
    "a-password": (
        BASE + "network: {index: 'https://user:SECRET@index.example/simple/'}\n",
        (
            "packages.yaml:8: network.index: expected an address without a password, "
            "because this file is committed\n"
            "  hint: name a secret instead: "
            "`environment: {PIP_INDEX_URL: {secret: NAME}}` of a runner"
        ),
    ),
    "no-address": (
        BASE + "network: {index: 'https://user:SECRET@[bad/'}\n",
        "packages.yaml:8: network.index: expected an address, got text that is none",
    ),
    "two-projects-of-one-name": (
        BASE + "  - Six\n",
        (
            "packages.yaml:8: packages.Six: names the project 'six', as line 7 does\n"
            "  hint: write one requirement for both"
        ),
    ),
    "a-token-of-the-job": (
        BASE + "bot: GITHUB_TOKEN\n",
        (
            "packages.yaml:8: bot: expected a token of an app or a person, got GITHUB_TOKEN: "
            "what it pushes starts no pipeline\n"
            "  hint: see docs/merge-requests.md on tokens"
        ),
    ),
    "an-attestation-of-an-enterprise-server": (
        BASE + "github: {dialect: enterprise-server, attest: true}\n",
        (
            "packages.yaml:8: github.attest: GitHub Enterprise Server has no attestations\n"
            "  hint: use `sign` instead"
        ),
    ),
    "no-requirement": (
        BASE.replace("- six", "- 'six ='"),
        (
            "packages.yaml:7: packages[0]: 'six =' is not a PEP 508 requirement: "
            "Expected semicolon (after name with no version specifier) or end"
        ),
    ),
}


class EditorLoader(yaml.SafeLoader):
    """YAML as editors read it: in YAML 1.2's core schema a date and `off` are text."""

    yaml_constructors = {  # noqa: RUF012 - PyYAML's own way
        **yaml.SafeLoader.yaml_constructors,
        "tag:yaml.org,2002:timestamp": yaml.SafeLoader.construct_yaml_str,
    }
    yaml_implicit_resolvers = {  # noqa: RUF012 - the same
        letter: [
            (tag, pattern)
            for tag, pattern in resolvers
            if not (tag.endswith(":bool") and letter not in "tTfF")
        ]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def is_valid(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(json_schema.schema())
    return bool(validator.is_valid(yaml.load(text, EditorLoader)))  # noqa: S506 - a SafeLoader


def complaint(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_reader_and_schema_accept_it(text: str) -> None:
    assert read(text).bundle == "small"
    assert is_valid(text)


@pytest.mark.parametrize(("text", "line"), BAD.values(), ids=BAD)
def test_reader_and_schema_refuse_it_and_the_reader_names_its_line(text: str, line: int) -> None:
    assert not is_valid(text)
    assert f"packages.yaml:{line}: " in complaint(text)


@pytest.mark.parametrize(("text", "message"), BEYOND_A_SCHEMA.values(), ids=BEYOND_A_SCHEMA)
def test_the_reader_alone_refuses_it(text: str, message: str) -> None:
    assert complaint(text) == message


@pytest.mark.parametrize("nested", ["[" * 2000 + "]" * 2000, "{a: " * 5000 + "1" + "}" * 5000])
def test_deep_nesting_is_refused_with_words(nested: str) -> None:
    assert complaint(f"bundle: {nested}\n") == (
        "packages.yaml: lists and mappings are nested too deeply"
    )


def test_nothing_where_a_mapping_is_expected_is_called_nothing() -> None:
    assert complaint(BASE + "policy:\n") == (
        "packages.yaml:8: policy: expected a mapping, got nothing"
    )
