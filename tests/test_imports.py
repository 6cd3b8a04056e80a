"""What commands import, because that is most of what a short one costs."""

import argparse
import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from matrix.cli.parser import make_parser, make_summary
from matrix.cli.verbs import VERBS, Verb
from matrix.manifest.reading import read
from matrix.pipelines.installation import REQUIREMENTS
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock
from matrix.toolchain.tool_check import list_tool_hosts
from matrix.toolchain.tool_requirements import ToolIdentity, ToolRequirements, dump_requirements

from .manifests import text

HEAVY = ("msgspec", "urllib3", "resolvelib", "rich")


def choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the verbs by their names."""
    actions = next(action for action in parser._actions if action.choices)
    assert isinstance(actions.choices, dict)
    return actions.choices


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_argument_is_a_field_and_every_field_an_argument(verb: Verb) -> None:
    destinations = {action.dest for action in choices(make_parser([verb]))[verb.name]._actions}

    assert destinations - {"help"} == field_names(verb.load().Arguments)


def field_names(kind: Any) -> set[str]:  # noqa: ANN401 - any dataclass
    """The names of a dataclass' fields and of those of its groups."""
    names = set()
    for field in dataclasses.fields(kind):
        is_group = isinstance(field.type, type) and dataclasses.is_dataclass(field.type)
        names |= field_names(field.type) if is_group else {field.name}
    return names


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_defaults_of_the_parser_and_of_the_arguments_agree(verb: Verb) -> None:
    parsed = {
        action.dest: tuple(action.default) if isinstance(action.default, list) else action.default
        for action in choices(make_parser([verb]))[verb.name]._actions
    }
    stated = {
        field.name: field.default
        for field in dataclasses.fields(verb.load().Arguments)
        if field.default is not dataclasses.MISSING
    }

    assert {name: parsed[name] for name in stated} == stated


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_alone_has_the_options_that_it_has_among_all(verb: Verb) -> None:
    alone, among_all = choices(make_parser([verb])), choices(make_parser())

    assert list(alone) == [verb.name]
    assert alone[verb.name].format_help() == among_all[verb.name].format_help()


def test_the_summary_lists_every_verb_as_the_whole_parser_does() -> None:
    assert make_summary().format_help() == make_parser().format_help()


def test_help_imports_no_verb(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom matrix.cli import main\n"
        "try:\n main(['--help'])\nexcept SystemExit: pass\n"
        f"print(*[verb for verb in {[verb.name for verb in VERBS]} "
        "if f'matrix.cli.{verb}' in sys.modules])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )

    assert done.stdout.endswith("130  interrupted\n\n")


def test_checking_the_lock_imports_nothing_that_makes_one(tmp_path: Path) -> None:
    (tmp_path / "packages.yaml").write_text(text("six"), encoding="utf-8")
    lock = Lock(targets=(), files=(), solutions=(), impossible=())
    (tmp_path / "packages.lock").write_text(lockfile.dump(lock), encoding="utf-8")
    script = (
        "import sys\nfrom matrix.cli import main\n"
        "assert main(['lock', '--check', '--quiet']) == 4\n"
        "print(*[name for name in sys.modules if name.startswith(('matrix.index', 'msgspec', "
        "'matrix.resolve.s', 'concurrent', 'rich', 'urllib3', 'platformdirs'))])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )

    assert done.stdout == "\n"


def test_checking_the_pipelines_imports_neither_http_nor_a_terminal(tmp_path: Path) -> None:
    more = "tool: wheelyard==0.1.0\nnetwork: {index: 'https://index.example/simple/'}\n"
    (tmp_path / "packages.yaml").write_text(text("six", more=more), encoding="utf-8")
    identity = ToolIdentity(tool="wheelyard==0.1.0", version="0.1.0", sha256="")
    hosts = tuple(h.identifier for h in list_tool_hosts(read(text("six", more=more))))
    locked = dump_requirements(ToolRequirements(identity=identity, covers=hosts))
    (tmp_path / REQUIREMENTS).write_text(locked, encoding="utf-8")
    script = (
        "import sys\nfrom matrix.cli import main\nmain(['generate'])\n"
        "assert main(['generate', '--check']) == 0\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )

    assert done.stdout.splitlines()[-1] == ""
