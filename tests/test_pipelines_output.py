"""Several manifests in one repository, one in a subfolder, and pipelines that others start."""

import shutil
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.manifest.reading import read
from matrix.pipelines import attributes, github, gitlab, providers

from .golden import cases, semantics
from .golden.gitlab_semantics import gitlab_problems

SECOND = "output: {github: lab.yml, gitlab: ci/lab.yml, name: lab, tags: lab-}\n"
WHEEL = "tools/wheelyard-0.1.0-py3-none-any.whl"


def text(more: str = "") -> str:
    return (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8") + more


def generate(path: Path, *options: str) -> int:
    return main(["generate", "--manifest", str(path), *options])


def write(path: Path, more: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(more), encoding="utf-8")
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "tools").mkdir()
    (tmp_path / WHEEL).touch()
    return tmp_path


def files_of(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text("utf-8")
        for path in directory.rglob("*.yml")
    }


def test_a_second_manifest_does_not_overwrite_the_first_ones_pipelines(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(write(repository / "packages.yaml")) == 0
    first = files_of(repository)
    capsys.readouterr()

    assert generate(write(repository / "second.yaml")) == 7

    assert files_of(repository) == first
    hint = "give this one files of its own: `output: {github: NAME.yml, gitlab: NAME.yml}`"
    what = "was generated from packages.yaml, which is another manifest"
    assert capsys.readouterr().err == (
        f".gitattributes: {what}\n.github/workflows/wheels.yml: {what}\n.gitlab-ci.yml: {what}\n"
        f"  hint: {hint}\n"
    )


def test_two_manifests_with_files_of_their_own_stand_side_by_side(repository: Path) -> None:
    first, second = repository / "packages.yaml", repository / "second.yaml"

    assert generate(write(first)) == 0
    assert generate(write(second, SECOND)) == 0
    assert generate(first) == 0

    assert sorted(files_of(repository)) == [
        ".github/workflows/lab.yml",
        ".github/workflows/wheels.yml",
        ".gitlab-ci.yml",
        "ci/lab.yml",
    ]


def test_a_manifest_that_was_renamed_takes_over_its_pipelines(repository: Path) -> None:
    old, new = write(repository / "old.yaml"), repository / "packages.yaml"
    assert generate(old) == 0
    shutil.move(old, new)

    assert generate(new) == 0

    assert "from packages.yaml" in files_of(repository)[".gitlab-ci.yml"].splitlines()[0]


def test_names_of_a_second_pipeline_do_not_meet_the_first_ones() -> None:
    first, second = read(text()), read(text(SECOND), source="second.yaml")

    one, other = providers.render_committed(first), providers.render_committed(second)

    assert set(one) & set(other) == set()
    workflow = semantics.parse(other[".github/workflows/lab.yml"])
    assert workflow["name"] == "lab"
    assert workflow["on"]["push"]["tags"] == ["lab-[0-9]*"]
    assert workflow["concurrency"]["group"].startswith("lab-")
    assert "bundle-" not in other["ci/lab.yml"].replace("bundle-name", "")
    assert attributes.ATTRIBUTES not in other


def test_a_manifest_in_a_subfolder_without_saying_so_is_refused(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(write(repository / "ci" / "wheels" / "packages.yaml")) == 3

    assert capsys.readouterr().err == (
        "packages.yaml: the manifest is not at the top of its repository, "
        "where services read pipelines\n"
        "  hint: write `output: {directory: ci/wheels}`\n"
    )
    assert files_of(repository) == {}


def test_a_manifest_in_a_subfolder_has_its_pipelines_at_the_top(repository: Path) -> None:
    path = write(repository / "ci" / "wheels" / "packages.yaml", "output: {directory: ci/wheels}\n")

    assert generate(path) == 0
    texts = files_of(repository)

    assert sorted(texts) == [".github/workflows/wheels.yml", ".gitlab-ci.yml"]
    assert "from ci/wheels/packages.yaml" in texts[".gitlab-ci.yml"].splitlines()[0]
    for content in texts.values():
        for line in content.splitlines():
            if "/wheelyard plan " in line or "/wheelyard generate " in line:
                assert line.endswith(" --manifest ci/wheels/packages.yaml")
    assert "ci/wheels/packages.lock" in texts[".github/workflows/wheels.yml"]


def test_a_directory_that_is_not_the_manifests_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(repository / "ci" / "wheels" / "packages.yaml", "output: {directory: ci/lab}\n")

    assert generate(path) == 3

    assert capsys.readouterr().err == (
        "packages.yaml:10: output.directory: expected the directory of the manifest, got 'ci/lab'\n"
    )


def test_a_workflow_that_is_called_starts_by_itself_by_hand_alone() -> None:
    manifest = read(text("output: {reusable: true}\n"))

    workflow = semantics.parse(providers.render_committed(manifest)[github.WORKFLOW])

    assert sorted(workflow["on"]) == ["workflow_call", "workflow_dispatch"]
    assert workflow["on"]["workflow_call"] == workflow["on"]["workflow_dispatch"]


def test_the_files_of_a_second_pipeline_are_as_sound_as_the_first_ones() -> None:
    texts = providers.render_committed(read(text(SECOND), source="second.yaml"))

    assert gitlab_problems(texts["ci/lab.yml"]) == []
    assert gitlab.PARENT not in texts
