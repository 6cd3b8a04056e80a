"""The repository is its own first user: manifest, lock and pipelines are what the tool makes."""

from pathlib import Path

import pytest
import yaml

from matrix.cli.verbs import VERBS
from matrix.errors import KINDS
from matrix.manifest.model import Manifest
from matrix.manifest.reading import load, read
from matrix.pipelines import drift, providers
from matrix.pipelines.installation import REQUIREMENTS
from matrix.plan.model import State
from matrix.plan.planning import create_plan
from matrix.resolve import freshness, lockfile
from matrix.toolchain import tool_check

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load(ROOT / "packages.yaml")


def test_the_lock_answers_the_manifest(manifest: Manifest) -> None:
    lock = lockfile.load(ROOT / lockfile.FILENAME)

    assert lock is not None
    assert freshness.find_staleness(manifest, lock) == ()
    assert lock.impossible == ()


def test_the_lock_names_no_address() -> None:
    assert "://" not in (ROOT / lockfile.FILENAME).read_text(encoding="utf-8")


def test_the_plan_has_work_for_every_system(manifest: Manifest) -> None:
    lock = lockfile.load(ROOT / lockfile.FILENAME)
    assert lock is not None

    made = create_plan(manifest, lock)

    systems = {one.id: one.system for one in made.job_classes}
    assert {systems[job.job_class] for job in made.jobs} == {"linux", "macos", "windows"}
    assert {cell.state for cell in made.cells} == set(State) - {State.REUSED, State.IMPOSSIBLE}


def test_the_pipelines_are_what_the_manifest_asks_for(manifest: Manifest) -> None:
    drift.check(ROOT, providers.render_committed(manifest))


def test_the_locked_tool_fits_the_manifest_and_names_no_host(manifest: Manifest) -> None:
    assert list(tool_check.find_problems(manifest, root=ROOT)) == []
    assert "://" not in (ROOT / REQUIREMENTS).read_text(encoding="utf-8")


def test_the_readme_s_manifest_is_read_and_generated_from() -> None:
    block = README.partition("```yaml\n")[2].partition("```")[0]

    shown = read(block)

    assert yaml.safe_load(block)["bundle"] == shown.bundle
    tool = next(line for line in README.splitlines() if line.startswith("tool: "))
    assert ".gitlab-ci.yml" in providers.render_committed(read(f"{block}{tool}\n"))


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_verb_is_documented(verb: str) -> None:
    assert f"\n## {verb}\n" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def test_every_exit_code_is_documented() -> None:
    documented = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")

    rows = [f"| {kind.exit_code} | {kind.meaning} |" for kind in KINDS]
    assert [row for row in rows if row not in documented] == []


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for part in page.read_text(encoding="utf-8").split("](")[1:]
        if "://" not in (target := part.partition(")")[0].partition("#")[0])
        if target and not (page.parent / target).exists()
    ]

    assert broken == []
