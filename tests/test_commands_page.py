"""Help: every verb has an example that parses, every default is stated, and the page is equal."""

import argparse
import shlex
import subprocess
from pathlib import Path

import pytest

from matrix.cli.completion import render_script
from matrix.cli.parser import make_parser, make_summary
from matrix.cli.verbs import VERBS, Verb

from . import commands_page


def find_parser(verb: Verb) -> argparse.ArgumentParser:
    action = next(a for a in make_parser([verb])._actions if a.dest == "verb")
    assert isinstance(action.choices, dict)
    parser: argparse.ArgumentParser = action.choices[verb.name]
    return parser


def test_the_page_is_made_from_the_parsers() -> None:
    assert commands_page.PAGE.read_text(encoding="utf-8") == commands_page.render()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_example_parses(verb: Verb) -> None:
    examples = verb.load().EXAMPLES

    assert examples
    for example in examples:
        command = example.partition("$(")[2].rstrip(')"') or example
        texts = shlex.split(command.partition(" | ")[0].partition(" > ")[0])
        assert texts[0] == "wheelyard"
        make_parser([verb]).parse_args(texts[1:])


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_argument_is_explained_with_its_default(verb: Verb) -> None:
    silent = [
        action.dest
        for action in find_parser(verb)._actions
        if not action.help
        or (
            action.nargs != 0
            and not action.required
            and action.default not in (None, argparse.SUPPRESS, "", [], Path())
            and "default" not in action.help
        )
    ]

    assert silent == []


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_help_fits_80_columns(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    pages = (find_parser(verb).format_help(), make_summary().format_help())

    assert [line for page in pages for line in page.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["wheelyard", "gener"], "generate"),
        (["wheelyard", "lock", "--upg"], "--upgrade"),
        (["wheelyard", "check", "--format", "git"], "gitlab"),
        (["wheelyard", "schema", "pac"], "packages"),
    ],
)
def test_bash_completes(words: list[str], expected: str, tmp_path: Path) -> None:
    (tmp_path / "completion").write_text(render_script("bash", make_parser()), encoding="utf-8")
    script = (
        f"source {tmp_path / 'completion'}\n"
        f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}\n"
        "$(complete -p wheelyard | sed 's/.*-F \\([^ ]*\\).*/\\1/') "
        'wheelyard "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"\n'
        "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )

    ran = subprocess.run(
        ["/bin/bash", "--norc", "-c", script], capture_output=True, text=True, check=False
    )

    assert expected in ran.stdout.split(), ran.stderr


def test_zsh_gets_a_script_of_its_own() -> None:
    assert render_script("zsh", make_parser()).startswith("#compdef wheelyard")
