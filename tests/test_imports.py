"""What commands import, because that is most of what a short one costs."""

import subprocess
import sys
from pathlib import Path

import pytest

from matrix.cli.parser import Verb, parser
from matrix.resolve import lockfile
from matrix.resolve.lock import Lock

from .manifests import text

HEAVY = ("msgspec", "urllib3", "pypi_simple", "resolvelib", "rich")


def verbs() -> list[str]:
    actions = next(action for action in parser()._actions if action.choices)
    assert isinstance(actions.choices, dict)
    return list(actions.choices)


def default(verb: str) -> object:
    actions = next(action for action in parser()._actions if action.choices)
    assert isinstance(actions.choices, dict)
    return actions.choices[verb].get_default("verb")


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_a_function(verb: str) -> None:
    found = default(verb)

    assert isinstance(found, Verb)
    assert callable(found.function)


@pytest.mark.parametrize("verb", verbs())
def test_a_verb_alone_has_the_options_that_it_has_among_all(verb: str) -> None:
    alone, all_ = (
        next(action for action in made._actions if action.choices).choices
        for made in (parser(verb), parser())
    )

    assert isinstance(alone, dict)
    assert isinstance(all_, dict)
    assert list(alone) == [verb]
    assert alone[verb].format_help() == all_[verb].format_help()


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
    (tmp_path / "packages.yaml").write_text(text("six"), encoding="utf-8")
    script = (
        "import sys\nfrom matrix.cli import main\nmain(['generate'])\n"
        "assert main(['generate', '--check']) == 0\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )

    assert done.stdout.splitlines()[-1] == ""
