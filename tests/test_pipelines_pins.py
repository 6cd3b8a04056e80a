"""The actions of a workflow: pinned, replaced by the manifest, moved by a bot, adopted."""

import re
import shutil
from pathlib import Path

import pytest

from matrix import __version__
from matrix.cli import main
from matrix.errors import Drift
from matrix.manifest import editing
from matrix.manifest.reading import load, read
from matrix.pipelines import drift, github, pin_changes, providers
from matrix.pipelines.header import is_newer, read_version
from matrix.pipelines.pins import Action, choose_actions, read_actions

from .golden import cases

OLD = read_actions("github.com")["checkout"]
NEW = f"actions/checkout@{'ab' * 20} # v9.9.9"


def one_linux() -> str:
    return (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")


def workflow(text: str) -> str:
    return providers.render_committed(read(text))[github.WORKFLOW]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(cases.ROOT / "one-linux", tmp_path / "repository")
    root = tmp_path / "repository"
    (root / "tools").mkdir()
    (root / "tools" / "wheelyard-0.1.0-py3-none-any.whl").write_bytes(b"the tool")
    return root


def move(root: Path, was: str = str(OLD), becomes: str = NEW) -> None:
    path = root / github.WORKFLOW
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes), encoding="utf-8")


def test_an_action_is_its_name_its_commit_and_its_version() -> None:
    for text in (NEW, NEW.partition(" ")[0]):
        assert str(Action.parse(text)) == text == Action.parse(text).reference


@pytest.mark.parametrize("dialect", ["github.com", "enterprise-server"])
def test_every_pinned_action_is_a_reference_that_the_manifest_takes(dialect: str) -> None:
    for key, action in read_actions(dialect).items():
        text = f"{one_linux()}github: {{dialect: {dialect}, actions: {{{key}: '{action}'}}}}\n"
        if dialect == "enterprise-server":
            text = text.replace("github: ubuntu-24.04", "github: self-hosted")
        assert choose_actions(read(text).github)[key] == action


def test_an_action_of_the_manifest_replaces_the_pinned_one_everywhere() -> None:
    text = workflow(f"{one_linux()}github: {{actions: {{checkout: '{NEW}'}}}}\n")

    assert str(OLD) not in text
    assert text == workflow(one_linux()).replace(str(OLD), NEW)


def test_an_action_that_a_bot_has_moved_is_told_with_the_command_that_takes_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    move(repository)

    assert main(["generate", "--check", "--manifest", str(repository / "packages.yaml")]) == 7

    told = capsys.readouterr().err
    assert (
        f"{github.WORKFLOW}: differs in nothing but the commits of actions, which a bot may have "
        "moved\n"
    ) in told
    assert "  hint: run `wheelyard generate --adopt-pins` and commit the result\n" in told


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("packages: [", "# ours\npackages: ["),
        ("packages: [", "github: {branch: main} # ours\npackages: ["),
        ("packages: [", "github: {} # ours\npackages: ["),
        ("packages: [", "github:\n  branch: main # ours\npackages: ["),
        ("packages: [", "github:\n    # ours\n    branch: main\npackages: ["),
        ("packages: [", f"github: {{actions: {{checkout: '{OLD}'}}}} # ours\npackages: ["),
        ("packages: [", f"github:\n  actions:\n    checkout: '{OLD}' # ours\npackages: ["),
        (
            "packages: [",
            f"github:\n  actions:\n    attest: 'a/b@{'0' * 40}' # ours\npackages: [",
        ),
    ],
)
def test_a_moved_action_is_taken_into_any_manifest_and_comments_stay(
    repository: Path, was: str, becomes: str
) -> None:
    path = repository / "packages.yaml"
    path.write_text(one_linux().replace(was, becomes), encoding="utf-8")
    move(repository)

    assert main(["generate", "--adopt-pins", "--manifest", str(path)]) == 0

    text = path.read_text(encoding="utf-8")
    assert read(text).github.actions["checkout"] == NEW
    assert text.count("# ours") == 1
    assert re.sub(r"\s", "", text).startswith(re.sub(r"\s", "", one_linux().partition("pack")[0]))
    drift.check(repository, providers.render_committed(load(path)))
    assert NEW in (repository / github.WORKFLOW).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("timeout-minutes: 15", "timeout-minutes: 16"),
        ("uses: actions/checkout@", "uses: strangers/checkout@"),
        (f"uses: {OLD}", "run: id"),
        ("uses: actions/", "uses: ./actions/"),
    ],
)
def test_another_difference_is_not_taken(
    repository: Path, capsys: pytest.CaptureFixture[str], was: str, becomes: str
) -> None:
    path = repository / "packages.yaml"
    before = path.read_bytes()
    move(repository)
    move(repository, was.replace(str(OLD), NEW), becomes)

    assert main(["generate", "--adopt-pins", "--manifest", str(path)]) == 2

    assert capsys.readouterr().err == (
        "generate: no workflow differs in nothing but the commits of its actions\n"
        "  hint: wheelyard generate --check\n"
    )
    assert path.read_bytes() == before


def test_an_action_at_two_commits_is_not_taken() -> None:
    text = workflow(one_linux())
    once = text.replace(str(OLD), NEW, 1)

    assert pin_changes.find_moved_pins(once, text) == {}
    assert pin_changes.find_moved_pins(text.replace(str(OLD), NEW), text) == {
        "actions/checkout": NEW
    }


@pytest.mark.parametrize("text", ["github: [1]\n", "github: ours\n", "[1]\n", "github:\n"])
def test_a_layout_without_room_for_an_action_is_refused(text: str) -> None:
    with pytest.raises(editing.Uneditable):
        editing.set_text(text, ("github", "actions", "checkout"), NEW)


def test_an_edit_that_would_change_more_is_refused(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same mapping serves two keys: a value for one would be one for both."""
    path = repository / "packages.yaml"
    shared = one_linux().replace(
        "    github: ubuntu-24.04", "    github: &x {labels: ubuntu-24.04}"
    )
    text = f"{shared}github: *x\n"
    move(repository)
    path.write_text(text, encoding="utf-8")

    assert main(["generate", "--adopt-pins", "--manifest", str(path)]) == 2

    told = capsys.readouterr().err
    assert "packages.yaml: its layout does not allow an edit that changes nothing else\n" in told
    assert f'write it by hand: github: {{actions: {{checkout: "{NEW}"}}}}' in told
    assert path.read_text(encoding="utf-8") == text


# files of another version


def test_a_file_of_another_version_is_told_with_both(repository: Path) -> None:
    move(repository, f"by wheelyard {__version__} from", "by wheelyard 0.0.9 from")

    with pytest.raises(Drift) as error:
        drift.check(repository, providers.render_committed(cases.manifest("one-linux")))

    assert str(error.value).splitlines()[0] == (
        f"{github.WORKFLOW}: was generated by wheelyard 0.0.9, and this is {__version__}"
    )
    assert str(error.value).endswith("hint: run `wheelyard generate` and commit the result")


def test_a_file_of_a_newer_version_is_not_undone(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    move(repository, f"by wheelyard {__version__} from", "by wheelyard 99.1 from")
    before = (repository / github.WORKFLOW).read_bytes()

    for option in ([], ["--check"]):
        arguments = ["generate", *option, "--manifest", str(repository / "packages.yaml")]
        assert main(arguments) == 7
        told = capsys.readouterr().err
        assert (
            f"{github.WORKFLOW}: was generated by wheelyard 99.1, and this is {__version__}\n"
        ) in told
        assert "  hint: install wheelyard 99.1 or newer\n" in told
    assert (repository / github.WORKFLOW).read_bytes() == before


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("# @generated by wheelyard 1.2.dev3 from packages.yaml: edit\n", "1.2.dev3"),
        ("# @generated by wheelyard \n", ""),
        ("name: x\n# @generated by wheelyard 1.2 from x", ""),
        ("# @generated by wheelyard 1..x from packages.yaml", "1..x"),
    ],
)
def test_the_version_of_a_file_is_read_from_its_first_line(line: str, version: str) -> None:
    assert read_version(line) == version
    assert is_newer(version) == (version == "1.2.dev3")
