"""The documentation is run: its YAML is read, its commands are executed as shown."""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from matrix.errors import ManifestError
from matrix.manifest.reading import read

from .docs import PAGES, ROOT, Block, find_blocks, find_commands, fits
from .index_server import IndexServer
from .wheels import make_wheel

BLOCKS: Final = [block for page in PAGES for block in find_blocks(page)]
MOST_NOT_RUN: Final = 10
# In this order, in one directory: the second page begins where the first ends.
EXECUTED: Final = ("docs/tutorial.md", "docs/closed-network.md")
SIGNATURES: Final = "docs/signatures.md"
# A page that shows some keys of a manifest shows them in place of these.
BASE: Final = """\
bundle: acme-python
targets:
  prod: {platform: manylinux_2_28_x86_64, python: [3.9.18, 3.12.4]}
  legacy: {platform: manylinux_2_17_x86_64, python: [2.7.18]}
  desktop: {platform: win_amd64, python: [3.12.4]}
runners: [{match: "*", github: ubuntu-24.04, gitlab: [linux]}]
packages: [six]
"""


def blocks(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language and not block.not_run]


def is_shown_only(block: Block) -> bool:
    """Output, a tree or another program's file: nothing to run."""
    return block.language in {"", "text", "json", "ini", "nginx", "toml", "python"}


def test_every_block_is_run_or_says_why_not() -> None:
    known = {"yaml", "console"}

    wrong = [block.place for block in BLOCKS if not is_shown_only(block)]
    wrong = [place for place in wrong if _language(place) not in known]
    assert wrong == []


def _language(place: str) -> str:
    return next(block.language for block in BLOCKS if block.place == place)


def test_few_blocks_are_not_run() -> None:
    not_run = {block.place: block.not_run for block in BLOCKS if block.not_run}

    assert all(not_run.values())
    assert len(not_run) <= MOST_NOT_RUN, not_run


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.place)
def test_yaml_is_a_manifest_or_a_part_of_one(block: Block) -> None:
    try:
        read(_complete(block.text))
    except ManifestError as error:
        pytest.fail(f"{block.place}: {error}")


def _complete(text: str) -> str:
    """The shown keys, and those of ``BASE`` that are not shown; every target finds a runner."""
    shown = yaml.safe_load(text)
    base = yaml.safe_load(BASE)
    if "runners" in shown and "targets" not in shown:
        text = _add_runner(text)
    rest = [f"{key}: {value!r}" for key, value in base.items() if key not in shown]
    return text + "\n" + "\n".join(rest) + "\n"


def _add_runner(text: str) -> str:
    """The shown runners, and one behind them that matches everything."""
    before, _, after = text.partition("runners:\n")
    rows = list(
        itertools.takewhile(lambda line: line.startswith(" "), after.splitlines(keepends=True))
    )
    last = "  - {match: '*', github: ubuntu-24.04, gitlab: [linux]}\n"
    shown = "".join(rows)
    return f"{before}runners:\n{shown.rstrip()}\n{last}{after[len(shown) :]}"


class Shell:
    """Runs the commands of a page, one after the other, in a directory of their own."""

    def __init__(self, directory: Path, index: IndexServer) -> None:
        self.directory = directory
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = {
            "PATH": path,
            "HOME": str(directory / "home"),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "PIP_INDEX_URL": index.url,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_CONFIG_FILE": os.devnull,
        }

    def run(self, block: Block) -> None:
        commands = [*find_commands(block)]
        for command in commands:
            done = subprocess.run(
                ["sh", "-c", command.command],  # noqa: S607 - a shell is what the page is for
                cwd=self.directory,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            expected = block.exit_code if command is commands[-1] else 0
            place = f"{block.place}: {command.command}"
            assert done.returncode == expected, f"{place}\n{done.stderr}"
            assert fits(done.stdout, command.output), f"{place}\n{done.stdout}\n{done.stderr}"


def test_the_tutorial_and_what_follows_it_are_executed_as_shown(
    tmp_path: Path, index: IndexServer
) -> None:
    index.add(make_wheel(index.directory, "six", "1.17.0", members={"six.py": SIX}))
    index.add(make_wheel(index.directory, "idna", "3.20", requires_python=">=3.9"))
    index.add(make_wheel(index.directory, "idna", "2.10"))
    shell = Shell(tmp_path / "acme", index)
    shell.directory.mkdir()
    manifest = next(block for block in BLOCKS if block.page == EXECUTED[0])
    (shell.directory / "packages.yaml").write_text(manifest.text, encoding="utf-8")

    for page in EXECUTED:
        for block in blocks("console"):
            if block.page == page:
                shell.run(block)


@pytest.mark.skipif(
    not all(map(shutil.which, ("openssl", "ssh-keygen"))), reason="no openssl, or no ssh-keygen"
)
def test_signatures_are_made_and_checked_as_shown(tmp_path: Path, index: IndexServer) -> None:
    index.add(make_wheel(index.directory, "six", "1.17.0", members={"six.py": SIX}))
    index.add(make_wheel(index.directory, "idna", "3.20", requires_python=">=3.9"))
    index.add(make_wheel(index.directory, "idna", "2.10"))
    shell = Shell(tmp_path / "acme", index)
    shell.directory.mkdir()
    manifest = next(block for block in BLOCKS if block.page == EXECUTED[0])
    (shell.directory / "packages.yaml").write_text(manifest.text, encoding="utf-8")
    steps = ("mkdir wheels", "wheelyard lock", "wheelyard bundle --wheels wheels --version 1.0")
    for command in (*steps, "cp -r release/acme-python-1.0 carried"):
        shell.run(Block(page="steps", line=0, language="console", text=f"$ {command}\n..."))

    for block in blocks("console"):
        if block.page == SIGNATURES:
            shell.run(block)


SIX: Final = "__version__ = '1.17.0'\n"


def test_every_console_block_is_executed_by_a_test_or_marked() -> None:
    executed = (*EXECUTED, SIGNATURES)
    left = [block.place for block in blocks("console") if block.page not in executed]

    assert left == []


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    names = [page.relative_to(ROOT).as_posix() for page in PAGES]
    linked = {name for name in names if f"({name}" in readme}
    assert [name for name in names if name not in linked | {"README.md"}] == []


DECISIONS: Final = sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem[:4])
def test_a_decision_has_its_number_context_choice_and_consequences(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text.startswith(f"# {path.stem[:4]} ")
    parts = [text.find(part) for part in ("Context", "Choice", "Consequences")]
    assert -1 not in parts
    assert parts == sorted(parts)


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [path.stem[:4] for path in DECISIONS]

    assert sorted(set(numbers)) == numbers
