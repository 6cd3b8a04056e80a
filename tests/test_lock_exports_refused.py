"""``lock --export``: what is refused, and what must not be passed on."""

import pytest

from .test_lock_exports import LEGACY, OURS, Repository, here, said
from .wheels import make_wheel

__all__ = ["here", "said"]


@pytest.fixture
def split(here: Repository) -> Repository:
    """Requirements that no environment can hold together."""
    for version in ("2.0", "3.0"):
        here.index.add(make_wheel(here.index.directory, "lib", version))
    here.index.add(make_wheel(here.index.directory, "old", "1.0", requires=["lib <2"]))
    here.index.add(make_wheel(here.index.directory, "new", "1.0", requires=["lib >=2"]))
    here.wants("old", "new", more="environments: {web: [new]}\n")
    here.run()
    return here


def test_requirements_that_do_not_fit_together_are_exported_one_by_one(
    split: Repository, said: pytest.CaptureFixture[str]
) -> None:
    said.readouterr()

    assert split.export("constraints", "--target", OURS.id) == 2
    assert said.readouterr().err == (
        f"{OURS.id}: expected one version of lib, got 1.0 for old and 3.0 for web, new\n"
        "  hint: --root web\n"
    )
    assert split.export("constraints", "--target", OURS.id, "--root", "old") == 0
    assert split.export("constraints", "--target", OURS.id, "--root", "web") == 0
    assert split.export("pylock", "--target", OURS.id, "--root", "environment web") == 0
    assert {path.name: path.read_text("utf-8").count("lib") for path in split.out.iterdir()} == {
        f"constraints.old-{OURS.id}.txt": 1,
        f"constraints.web-{OURS.id}.txt": 1,
        f"pylock.environment-web-{OURS.id}.toml": 3,
    }


UNKNOWN = "expected a requirement or environment of packages.yaml,"


def test_one_of_several_releases_is_named_as_it_is_installed(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.index.add(make_wheel(here.index.directory, "lib", "2.0"))
    here.wants("{requirement: lib, versions: all}")
    here.run()
    said.readouterr()

    assert here.export("constraints", "--target", OURS.id) == 2
    assert said.readouterr().err == (
        f"{OURS.id}: expected one version of lib, got 1.0 for lib==1.0 and 2.0 for lib==2.0\n"
        "  hint: --root lib==2.0\n"
    )
    assert here.export("constraints", "--target", OURS.id, "--root", "lib==2.0") == 0
    path = here.out / f"constraints.lib-2-0-{OURS.id}.txt"
    assert path.read_text("utf-8").endswith("\nlib==2.0\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--target", f"{OURS.id}x"),
         f"lock --export: unknown target '{OURS.id}x'\n  hint: did you mean '{OURS.id}'?\n"),
        (("--root", "sic"), f"{LEGACY.id}: {UNKNOWN} got 'sic'\n  hint: wheelyard plan\n"),
        (("--root", "apt"), f"{LEGACY.id}: {UNKNOWN} got 'apt'\n  hint: did you mean 'app'?\n"),
    ],
    ids=["target", "root", "nearly a root"],
)  # fmt: skip
def test_names_that_name_nothing_get_a_hint(
    here: Repository,
    said: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    expected: str,
) -> None:
    here.run()
    said.readouterr()

    assert here.export("constraints", *arguments) == 2
    assert said.readouterr().err == expected


def test_what_is_impossible_on_a_target_cannot_be_exported_for_it(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.wants("app", "'lib >=9'")
    here.run()
    said.readouterr()

    assert here.export("constraints", "--target", OURS.id, "--root", "lib") == 2
    told = said.readouterr().err
    assert told.startswith(f"{OURS.id}: lib is impossible there: ")
    assert "9" in told


def test_targets_on_which_nothing_of_it_is_locked_are_left_out(here: Repository) -> None:
    here.index.add(make_wheel(here.index.directory, "new", "1.0", requires_python=">=3"))
    here.wants("app", "new")
    here.run()

    assert here.export("constraints", "--root", "new") == 0
    assert [path.name for path in here.out.iterdir()] == [f"constraints.new-{OURS.id}.txt"]
    assert here.export("constraints", "--root", "new", "--target", LEGACY.id) == 2


def test_a_target_for_which_nothing_is_locked_has_no_export(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.index.add(make_wheel(here.index.directory, "new", "1.0", requires_python=">=3"))
    here.wants("new")
    here.run()
    said.readouterr()

    assert here.export("constraints", "--target", LEGACY.id) == 2
    assert said.readouterr().err == f"{LEGACY.id}: nothing is locked for it\n"


def test_a_stale_lock_is_not_exported(here: Repository, said: pytest.CaptureFixture[str]) -> None:
    here.run()
    here.wants("app", "lib")
    said.readouterr()

    assert here.export("constraints") == 4
    assert "  hint: wheelyard lock\n" in said.readouterr().err


def test_a_file_that_was_replaced_on_the_index_is_an_error(
    here: Repository, said: pytest.CaptureFixture[str]
) -> None:
    here.run()
    listed = here.index.listed["lib-1.0-py2.py3-none-any.whl"]
    was, listed.sha256 = listed.sha256, "0" * 64
    said.readouterr()

    assert here.export("pylock", "--target", OURS.id) == 12
    assert said.readouterr().err == (
        f"lib-1.0-py2.py3-none-any.whl: expected sha256 {was}, got {'0' * 64}\n"
        "  hint: replaced on the index since it was locked; compare both\n"
    )
    assert not here.out.exists()


def test_the_login_of_the_index_is_not_exported(
    here: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.wants("app")
    manifest = here.directory / "packages.yaml"
    lines = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    manifest.write_text("".join(n for n in lines if not n.startswith("network:")), "utf-8")
    monkeypatch.setenv("PIP_INDEX_URL", here.index.url.replace("//", "//alice:secret@"))
    here.run()

    assert here.export("pylock", "--target", OURS.id) == 0
    text = (here.out / f"pylock.{OURS.id}.toml").read_text(encoding="utf-8")
    assert "http://127.0.0.1:" in text
    assert "secret" not in text
    assert "alice" not in text


def test_the_same_lock_is_exported_as_the_same_bytes(here: Repository) -> None:
    here.run()
    kinds = ("pylock", "requirements", "constraints")
    for kind in kinds:
        here.export(kind)
    before = {path.name: path.read_bytes() for path in here.out.iterdir()}
    for kind in reversed(kinds):
        here.export(kind)

    assert {path.name: path.read_bytes() for path in here.out.iterdir()} == before
    assert len(before) == 2 * len(kinds)
