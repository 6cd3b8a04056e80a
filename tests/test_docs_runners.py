"""The pages on runners: every manifest that they show makes pipelines that their judges accept."""

import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.pipelines import github, gitlab

from .docs import Block, find_blocks
from .golden import semantics
from .golden.everywhere import files_of
from .golden.gitlab_semantics import gitlab_problems

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))
PAGES = ("runners", "executors", "indexes-with-a-login")
BASE = """\
bundle: small
tool: tools/wheelyard-0.1.0-py3-none-any.whl
packages: [netifaces]
"""
TARGETS = {
    "*linux*": "manylinux_2_28_x86_64",
    "win_*": "win_amd64",
    "macosx_*": "macosx_12_0_arm64",
    "*": "manylinux_2_28_x86_64",
}


def shown() -> list[Block]:
    blocks = [block for page in PAGES for block in find_blocks(ROOT / "docs" / f"{page}.md")]
    return [block for block in blocks if block.language == "yaml" and "runners:" in block.text]


def complete(block: Block) -> Manifest:
    """The shown manifest, with a target for each of its runners."""
    rows = yaml.safe_load(block.text)["runners"]
    platforms = [
        next(tag for start, tag in TARGETS.items() if row["match"].startswith(start))
        for row in rows
    ]
    targets = [
        f"  t{number}: {{platform: {platform}, python: [3.12.4]}}\n"
        for number, platform in enumerate(platforms)
    ]
    return read(f"{BASE}targets:\n{''.join(targets)}{block.text}")


@pytest.fixture(scope="module")
def texts_by_block() -> dict[str, dict[str, str]]:
    """By the place of a block: path to text of what is made of it."""
    return {block.place: files_of(complete(block)) for block in shown()}


@pytest.mark.parametrize("place", [block.place for block in shown()])
def test_a_shown_runner_makes_sound_pipelines(
    texts_by_block: dict[str, dict[str, str]], place: str
) -> None:
    for path, text in texts_by_block[place].items():
        if path in {gitlab.PARENT, gitlab.CHILD} and text:
            assert gitlab_problems(text) == [], path
        if path == github.WORKFLOW:
            assert semantics.parse(text)["jobs"]["plan"]


def test_judges_accept_what_is_made_of_the_shown_runners(
    texts_by_block: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    configuration = tmp_path / "actionlint.yaml"
    configuration.write_text("self-hosted-runner: {labels: [builder]}\n", encoding="utf-8")
    copies: dict[str, list[str]] = {"github": [], "gitlab": []}
    for number, texts in enumerate(texts_by_block.values()):
        for path, text in texts.items():
            if path.endswith(".yml") and text:
                copy = tmp_path / str(number) / path
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(text, encoding="utf-8")
                copies["github" if path == github.WORKFLOW else "gitlab"].append(str(copy))

    judge("actionlint", "-no-color", "-config-file", str(configuration), *copies["github"])
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    # Variables stand in addresses.
    judge("check-jsonschema", *schema, "--disable-formats", "uri", *copies["gitlab"])


def judge(program: str, *arguments: str) -> None:
    path = SCRIPTS / program
    if not path.exists():
        pytest.skip(f"no {program}")
    done = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
