"""No text of a manifest becomes code: the doors through which values enter templates."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.errors import ManifestError
from matrix.manifest.reading import read
from matrix.pipelines import github, gitlab, providers
from matrix.pipelines.scalar import Unsafe, _environment, number, scalar, word

from .golden import cases, semantics
from .golden.everywhere import SEATS, everywhere, files_of, quote

ATTACKS = (
    "${{ github.token }}",
    "$(id)",
    "`id`",
    "'\"",
    '"',
    "a\nrun: id",
    "a # b",
    "#",
    "a: b",
    ": ",
    "$CI_JOB_TOKEN",
    "$[[ inputs.x ]]",
    "{{{ 7 }}}",
    "- a",
    "*a",
    "!!python/name:os.system",
    "\u2028a",
    "gr\u00fcn \U0001f600",
)

# Every text that a manifest can hold and that no pipeline is made of.
KEPT_OUT = """\
bundle: kept
targets:
  prod: {platform: manylinux_2_28_x86_64, python: [3.12.4]}
runners:
  - match: "*"
    github: [self-hosted, seat1]
    gitlab: {tags: [seat2], image: seat3}
    images: {manylinux_2_28_x86_64: MARK-image}
network: {index: seat4, ca-bundle: seat5}
packages:
  - requirement: mark-requirement >=1
    exclude: [{target: prod, reason: MARK-reason}]
environments: {mark-environment: [mark-together]}
recipes:
  mark-recipe:
    system: {dnf: [MARK-system]}
    environment: {MARK_NAME: MARK-value}
    test: {import: MARK_module, requires: [MARK-requires], command: MARK-command}
    requires: [MARK-constraint]
tool: tools/wheelyard-0.1.0-py3-none-any.whl
"""


def without_digest(child: object) -> str:
    """Of YAML: the plan has the runners' labels, so they change its digest."""
    return re.sub("--expect [0-9a-f]{64}", "", repr(child))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
def test_a_scalar_survives_yaml_or_is_refused(value: str) -> None:
    try:
        written = scalar(value, syntax=gitlab.SYNTAX)
    except Unsafe:
        assert "$" in value or not value.isprintable()
    else:
        assert written.isascii()
        assert semantics.parse(written) == value


@given(st.text())
def test_a_word_is_refused_or_means_itself_to_yaml(value: str) -> None:
    try:
        written = word(value)
    except Unsafe:
        return

    assert semantics.parse(f"a: x {written}") == {"a": f"x {value}"}


def test_a_number_is_its_digits() -> None:
    assert number(2147483647) == "2147483647"


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("seat", SEATS)
def test_a_hostile_value_stays_a_value_or_is_refused(seat: str, attack: str) -> None:
    def replace(tree: object) -> object:
        if isinstance(tree, dict):
            return {key: replace(value) for key, value in tree.items()}
        if isinstance(tree, list):
            return [replace(value) for value in tree]
        return attack if tree == f"my-{seat}" else tree

    expanded = "${{" if seat in {"github", "group"} else "$"
    if expanded in attack or not attack.isprintable():
        with pytest.raises(ManifestError):
            files_of(everywhere(**{seat: attack}))
        return

    hostile, harmless = files_of(everywhere(**{seat: attack})), files_of(everywhere())

    for path in (github.WORKFLOW, gitlab.PARENT, gitlab.CHILD):
        was, became = semantics.parse(harmless[path]), semantics.parse(hostile[path])
        assert without_digest(became) == without_digest(replace(was)), path


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_bundle_name_is_refused(attack: str) -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")

    with pytest.raises(ManifestError):
        read(text.replace("bundle: golden", f"bundle: {quote(attack)}"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_name_of_the_manifest_is_refused(attack: str) -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")

    with pytest.raises(ManifestError):
        providers.render_committed(read(text, source=attack))


def test_no_other_text_of_the_manifest_reaches_a_pipeline() -> None:
    texts = files_of(read(KEPT_OUT))

    whole = "".join(texts.values())
    assert [word for word in ("MARK-", "MARK_", "mark-") if word in whole] == []
    assert [f"seat{n}" for n in range(1, 6) if f"seat{n}" not in whole] == []


def test_a_refused_value_is_named() -> None:
    with pytest.raises(ManifestError) as error:
        providers.render_committed(everywhere(github="${{ github.token }}"))

    assert str(error.value) == (
        "packages.yaml: expected a value without '${{', which github expands, "
        "got '${{ github.token }}'"
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_toolchain_stays_a_value_or_is_refused(attack: str) -> None:
    text = (cases.ROOT / "closed-runners" / "packages.yaml").read_text(encoding="utf-8")
    hostile = text.replace("toolchain: /opt/toolchain", f"toolchain: {quote(attack)}")
    if "$" in attack or not attack.isprintable():
        with pytest.raises(ManifestError):
            files_of(read(hostile))
        return

    variables = semantics.parse(files_of(read(hostile))[gitlab.PARENT])["variables"]

    assert variables["WHEELYARD_TOOL_LINKS"] == f"{attack.rstrip('/')}/tool"


def test_a_name_of_the_manifest_that_a_shell_would_read_is_refused() -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")

    with pytest.raises(ManifestError) as error:
        providers.render_committed(read(text, source="a; id.yaml"))

    assert str(error.value) == (
        "a; id.yaml: the manifest's name: "
        "expected letters, digits and . _ + ! / @ - only, got 'a; id.yaml'\n"
        "  hint: rename it"
    )


def test_a_template_cannot_print_what_passed_no_filter() -> None:
    template = _environment(github.SYNTAX).from_string("a: {{{ value }}}")

    with pytest.raises(TypeError, match="a template prints 'x' without a filter"):
        template.render(value="x")
