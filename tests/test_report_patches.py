"""Patches of the lock, applied by real git."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix.report.patches import render_patch

from .checkouts import git

LINES = st.lists(
    st.sampled_from(["a", "b", "c", "{", " x", "-", "+y", "\x0c", "\x85"]), max_size=12
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("repository")
    git(directory, "init", "--quiet")
    return directory


def apply(repository: Path, path: str, before: str | None, after: str) -> str:
    file = repository / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    if before is not None:
        file.write_bytes(before.encode())
    patch = repository / "change.patch"
    patch.write_bytes(render_patch(path, before, after).encode())
    git(repository, "apply", "--whitespace=nowarn", "change.patch")
    return file.read_bytes().decode()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=LINES, after=LINES, is_ended=st.tuples(st.booleans(), st.booleans()))
def test_git_applies_every_patch(
    repository: Path, before: list[str], after: list[str], is_ended: tuple[bool, bool]
) -> None:
    old, new = (
        "\n".join(lines) + ("\n" if lines and end else "")
        for lines, end in zip((before, after), is_ended, strict=True)
    )
    if old != new and new:
        assert apply(repository, "packages.lock", old, new) == new


@pytest.mark.parametrize("path", ["packages.lock", "ci/wheels/my lab.lock", 'a"b\\.lock', "ü.lock"])
def test_a_patch_names_any_file_and_makes_a_new_one(repository: Path, path: str) -> None:
    assert apply(repository, path, None, "one\ntwo\n") == "one\ntwo\n"
    assert apply(repository, path, "one\ntwo\n", "one\nthree\n") == "one\nthree\n"


def test_lines_far_apart_are_separate_hunks(repository: Path) -> None:
    old = [f"line {number}\n" for number in range(100)]
    new = [*old]
    new[10], new[80] = "ten\n", "eighty\n"

    assert apply(repository, "packages.lock", "".join(old), "".join(new)) == "".join(new)
    patch = render_patch("packages.lock", "".join(old), "".join(new))
    assert patch.count("@@ -") == 2
    assert patch.count("\n ") < 15


def test_line_ends_of_a_checkout_are_no_difference() -> None:
    assert render_patch("packages.lock", "a\r\nb\r\n", "a\nb\n") == ""
    assert render_patch("packages.lock", "a\r\n", "b\n") == (
        "diff --git a/packages.lock b/packages.lock\n"
        "--- a/packages.lock\n"
        "+++ b/packages.lock\n"
        "@@ -1,1 +1,1 @@\n"
        "-a\n"
        "+b\n"
    )
