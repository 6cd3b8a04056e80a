"""The bundles that a project on GitLab has released, read by ranges out of its packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.bundle.packing import pack
from matrix.edge import files
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import MatrixError
from matrix.store import gitlab_job
from matrix.store.gitlab_releases import GitLabReleases
from matrix.store.lookup import Damaged, StoredWheel
from matrix.store.released_parts import ReleasedParts

from .bundles import sound
from .gitlab_api import GitLabServer, Release

TAG = "bundle-1"


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    with GitLabServer.running() as server:
        yield server


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return sound(tmp_path / "made").rename(tmp_path / "acme-2026.1")


def open_releases(gitlab: GitLabServer) -> ReleasedParts:
    variables = gitlab.start_job(gitlab.start_pipeline())
    packages = gitlab_job.open_packages(variables, key="", sleep=lambda _: None)
    return ReleasedParts(GitLabReleases(packages.registry, bundle="acme"), bundle="acme")


def release(gitlab: GitLabServer, bundle: Path, *, text: str | None = None) -> Path:
    """Upload the parts of a bundle and make a release of them, as the pipeline does."""
    parts = bundle.parent / "parts"
    pack(bundle, parts, size=5000, reporter=Reporter.on_stderr(Loudness.QUIET))
    variables = gitlab.start_job(gitlab.start_pipeline())
    registry = gitlab_job.open_packages(variables, key="").registry
    for path in sorted(parts.iterdir()):
        registry.put("acme", TAG, path.name, path)
    notes = (parts / "NOTES.md").read_text("utf-8") if text is None else text
    gitlab.releases.append(Release(tag=TAG, name=TAG, description=notes, released=1))
    return parts


def stored(path: Path) -> StoredWheel:
    return StoredWheel(
        filename=path.name, sha256=files.digest(path), size=path.stat().st_size, run="x"
    )


def test_the_record_and_each_wheel_of_a_release_are_read(
    gitlab: GitLabServer, bundle: Path, tmp_path: Path
) -> None:
    release(gitlab, bundle)
    releases = open_releases(gitlab)

    (released,) = releases.list_bundles()

    assert (released.release, released.record.label) == (TAG, "acme 2026.1")
    for wheel in sorted((bundle / "files").glob("*.whl")):
        releases.fetch(TAG, stored(wheel), tmp_path / "copy.whl")
        assert (tmp_path / "copy.whl").read_bytes() == wheel.read_bytes()


def test_a_release_whose_text_has_no_digest_does_not_count(
    gitlab: GitLabServer, bundle: Path
) -> None:
    release(gitlab, bundle, text="A release.")
    releases = open_releases(gitlab)

    assert [*releases.list_bundles()] == []
    assert [*releases.lines] == ["release bundle-1 not read: its text has no digest of bundle.json"]


def test_parts_that_were_uploaded_again_are_not_believed(
    gitlab: GitLabServer, bundle: Path, tmp_path: Path
) -> None:
    release(gitlab, bundle)
    other = sound(tmp_path / "other", sequence=9).rename(tmp_path / "other" / "acme-2026.1")
    pack(other, tmp_path / "again", size=5000, reporter=Reporter.on_stderr(Loudness.QUIET))
    variables = gitlab.start_job(gitlab.start_pipeline())
    registry = gitlab_job.open_packages(variables, key="").registry
    for path in sorted((tmp_path / "again").iterdir()):
        registry.put("acme", TAG, path.name, path)

    with pytest.raises(MatrixError, match=r"bundle\.json of release bundle-1: expected sha256"):
        [*open_releases(gitlab).list_bundles()]


def test_a_release_that_is_gone_is_said(gitlab: GitLabServer, bundle: Path) -> None:
    (wheel, *_) = sorted((bundle / "files").glob("*.whl"))

    with pytest.raises(Damaged, match="release bundle-1 is gone"):
        open_releases(gitlab).fetch(TAG, stored(wheel), bundle / "copy.whl")
