"""Generated files against the files of a repository."""

from pathlib import Path

import pytest

from matrix.errors import Drift
from matrix.pipelines import drift, gitlab, providers

from .golden import cases


@pytest.fixture
def wanted() -> dict[str, str]:
    return providers.committed(cases.manifest("one-linux"))


@pytest.fixture
def repository(tmp_path: Path, wanted: dict[str, str]) -> Path:
    drift.apply(tmp_path, wanted)
    return tmp_path


def test_what_was_applied_has_no_drift_and_is_not_written_again(
    tmp_path: Path, wanted: dict[str, str]
) -> None:
    first = drift.apply(tmp_path, wanted)
    second = drift.apply(tmp_path, wanted)

    drift.check(tmp_path, wanted)
    assert first == drift.Applied(written=tuple(sorted(wanted)), removed=())
    assert second == drift.Applied(written=(), removed=())


def test_a_hand_edit_is_shown_and_undone(repository: Path, wanted: dict[str, str]) -> None:
    path = repository / gitlab.PARENT
    edited = wanted[gitlab.PARENT].replace("timeout: 15 minutes", "timeout: 2 minutes")
    path.write_text(edited, encoding="utf-8")

    with pytest.raises(Drift) as error:
        drift.check(repository, wanted)

    assert str(error.value) == (
        ".gitlab-ci.yml: is not what the manifest asks for\n"
        "  @@ -32 +32 @@\n"
        "  -  timeout: 2 minutes\n"
        "  +  timeout: 15 minutes\n"
        "  hint: run `wheelyard generate` and commit the result"
    )
    assert drift.apply(repository, wanted).written == (".gitlab-ci.yml",)
    drift.check(repository, wanted)


def test_a_missing_and_an_orphaned_file_are_named_together(
    repository: Path, wanted: dict[str, str]
) -> None:
    (repository / gitlab.PARENT).rename(repository / ".github/workflows/old.yml")

    with pytest.raises(Drift) as error:
        drift.check(repository, wanted)

    assert str(error.value) == (
        ".github/workflows/old.yml: was made by wheelyard, "
        "and the manifest asks for it no longer\n"
        ".gitlab-ci.yml: is not there\n"
        "  hint: run `wheelyard generate` and commit the result"
    )
    assert drift.apply(repository, wanted) == drift.Applied(
        written=(".gitlab-ci.yml",), removed=(".github/workflows/old.yml",)
    )
    assert not (repository / ".github/workflows/old.yml").exists()


def test_a_file_of_somebody_else_is_never_overwritten(
    tmp_path: Path, wanted: dict[str, str]
) -> None:
    foreign = tmp_path / gitlab.PARENT
    foreign.write_text("stages: [theirs]\n", encoding="utf-8")

    with pytest.raises(Drift) as error:
        drift.apply(tmp_path, wanted)

    assert str(error.value) == (
        ".gitlab-ci.yml: is not ours: its first line does not say that wheelyard made it\n"
        "  hint: move it away, then run `wheelyard generate`"
    )
    assert foreign.read_text(encoding="utf-8") == "stages: [theirs]\n"
    assert not (tmp_path / ".github").exists()


def test_other_workflows_are_none_of_our_business(repository: Path, wanted: dict[str, str]) -> None:
    theirs = repository / ".github/workflows/theirs.yml"
    theirs.write_text("name: theirs\n", encoding="utf-8")

    drift.check(repository, wanted)
    drift.apply(repository, wanted)
    assert theirs.exists()


def test_attributes_of_somebody_else_suffice_when_they_have_our_rules(
    repository: Path, wanted: dict[str, str]
) -> None:
    theirs = "*.png binary\n" + "\n".join(wanted[".gitattributes"].splitlines()[3:])
    (repository / ".gitattributes").write_text(theirs, encoding="utf-8")

    drift.check(repository, wanted)


def test_attributes_of_somebody_else_that_lack_our_rules_are_told_them(
    repository: Path, wanted: dict[str, str]
) -> None:
    (repository / ".gitattributes").write_text("*.png binary\n", encoding="utf-8")

    with pytest.raises(Drift) as error:
        drift.check(repository, wanted)

    assert str(error.value) == (
        ".gitattributes: is not ours, and lacks rules that mark generated files\n"
        "  /.github/workflows/wheels.yml text eol=lf linguist-generated gitlab-generated\n"
        "  /.gitlab-ci.yml text eol=lf linguist-generated gitlab-generated\n"
        "  hint: add these lines to it"
    )


def test_line_ends_are_no_drift(repository: Path, wanted: dict[str, str]) -> None:
    path = repository / gitlab.PARENT
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    drift.check(repository, wanted)
