"""The kinds of stores: which one a run uses, and whether it can."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from matrix.manifest.model import Manifest
from matrix.pipelines import release
from matrix.pipelines.github import WORKFLOW
from matrix.pipelines.run_facts import RunFacts
from matrix.store import gitlab_job
from matrix.store.bundle_directory import DIRECTORY, BundleDirectory
from matrix.store.github_api import GitHubApi
from matrix.store.github_artifacts import GitHubArtifacts
from matrix.store.github_releases import GitHubReleases
from matrix.store.github_runs import GitHubRuns
from matrix.store.gitlab_releases import GitLabReleases
from matrix.store.lookup import Store
from matrix.store.released import Releases, WithReleases
from matrix.store.released_parts import ReleasedParts
from matrix.store.shared_directory import SharedDirectory, name_place

GITHUB_VARIABLES: Final = ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_TOKEN")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a store is opened with, besides the manifest."""

    environment: Mapping[str, str]
    facts: RunFacts | None
    """The run that asks; None outside of a CI service."""
    scratch: Path
    """A directory for what is downloaded for a while."""
    ca_bundle: str = ""
    log: Callable[[str], object] = lambda _: None
    sleep: Callable[[float], object] | None = None


class NoStore(Exception):
    """There is no store to ask; the text says why."""


def open_store(manifest: Manifest, provider: str, around: Surroundings) -> Store:
    """The store that the manifest names for a CI service; raises ``NoStore`` without one."""
    if manifest.store.directory:
        return _open_directory(manifest, around)
    if provider not in _OPEN_BY_PROVIDER:
        raise NoStore("no CI service is named: --provider")
    return _OPEN_BY_PROVIDER[provider](manifest, around)


def is_trusted(facts: RunFacts | None, manifest: Manifest) -> bool:
    """Whether a run is of the default branch or of a release tag, as its service tells it."""
    if facts is None or facts.is_merge_request or facts.is_fork:
        return False
    default = facts.default_branch or manifest.github.branch
    return (
        facts.branch == default if facts.branch else release.is_tag(facts.tag, manifest.output.tags)
    )


def _open_directory(manifest: Manifest, around: Surroundings) -> Store:
    facts = around.facts
    place = name_place(
        is_trusted=is_trusted(facts, manifest),
        request=str(facts.merge_request) if facts and facts.is_merge_request else "",
        ref=facts.ref if facts else "",
    )
    root = Path(manifest.store.directory)
    bundles = BundleDirectory(root / DIRECTORY, bundle=manifest.bundle)
    return _add_releases(SharedDirectory(root, place=place), bundles, manifest)


def _add_releases(store: Store, releases: Releases, manifest: Manifest) -> Store:
    targets = {target.id: target for target in manifest.all_targets}
    return WithReleases(store, releases, target_by_id=targets)


def _open_github(manifest: Manifest, around: Surroundings) -> Store:
    if manifest.store.github == "none":
        raise NoStore("store.github is none")
    environment = around.environment
    missing = [name for name in GITHUB_VARIABLES if not environment.get(name)]
    if missing:
        raise NoStore(f"not set: {', '.join(missing)}")
    api = GitHubApi.open(
        environment, ca_bundle=around.ca_bundle, log=around.log, sleep=around.sleep
    )
    runs = GitHubRuns(
        api,
        branch=manifest.github.branch,
        run=environment["GITHUB_RUN_ID"],
        workflow=find_workflow(environment),
    )
    artifacts = GitHubArtifacts(api, runs, scratch=around.scratch, prefix=manifest.output.tags)
    files = GitHubReleases(api, is_on_branch=runs.is_on_branch, prefix=manifest.output.tags)
    return _add_releases(artifacts, ReleasedParts(files, bundle=manifest.bundle), manifest)


def find_workflow(environment: Mapping[str, str]) -> str:
    """The path of the workflow that runs, in its repository."""
    # OWNER/NAME/.github/workflows/wheels.yml@refs/heads/main
    _, _, named = environment.get("GITHUB_WORKFLOW_REF", "").partition("/.github/")
    return f".github/{named.partition('@')[0]}" if named else WORKFLOW


def _open_gitlab(manifest: Manifest, around: Surroundings) -> Store:
    if manifest.store.gitlab == "none":
        raise NoStore("store.gitlab is none")
    if missing := gitlab_job.find_missing(around.environment):
        raise NoStore(f"not set: {', '.join(missing)}")
    packages = gitlab_job.open_packages(
        around.environment,
        key=manifest.gitlab.store_key,
        tags=manifest.output.tags,
        ca_bundle=around.ca_bundle,
        log=around.log,
        sleep=around.sleep,
    )
    files = GitLabReleases(packages.registry, bundle=manifest.bundle, prefix=manifest.output.tags)
    return _add_releases(packages, ReleasedParts(files, bundle=manifest.bundle), manifest)


_OPEN_BY_PROVIDER: Final[Mapping[str, Callable[[Manifest, Surroundings], Store]]] = {
    "github": _open_github,
    "gitlab": _open_gitlab,
}
