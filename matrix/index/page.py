"""One project's page of the Simple API."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from packaging.tags import Tag
from packaging.utils import (
    BuildTag,
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version
from pypi_simple import DistributionPackage, ProjectPage


class InvalidPage(ValueError):
    """Not a page of the Simple API."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """A distribution as the index lists it."""

    filename: str
    url: str
    sha256: str
    size: int
    """In bytes; 0 when the index does not tell (PEP 700 is optional)."""
    requires_python: str
    is_yanked: bool
    has_metadata: bool
    """Whether the core metadata lies beside the file (PEP 658)."""
    metadata_sha256: str
    """The digest of that metadata, where the index tells it."""
    project: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    """Empty for an sdist."""

    @property
    def is_wheel(self) -> bool:
        return bool(self.tags)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The releases of a project: files by version, newest first."""

    project: NormalizedName
    releases: Mapping[Version, tuple[PublishedFile, ...]]


def parse(body: bytes, *, content_type: str, project: NormalizedName, url: str) -> Page:
    """
    Read a page in either format; links are made absolute against ``url``.

    Files whose names say no version or tags, or that carry no sha256, are passed over: nothing
    could be done with them.
    """
    try:
        if "json" in content_type:
            page = ProjectPage.from_json_data(json.loads(body), base_url=url)
        else:
            page = ProjectPage.from_html(project, body, base_url=url)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidPage(str(error) or type(error).__name__) from error
    return Page(project=project, releases=_releases(page.packages, project))


def _releases(
    packages: Iterable[DistributionPackage], project: NormalizedName
) -> Mapping[Version, tuple[PublishedFile, ...]]:
    by_version: dict[Version, list[PublishedFile]] = {}
    for package in packages:
        file = _file(package)
        if file is not None and file.project == project:
            by_version.setdefault(file.version, []).append(file)
    ordered = sorted(by_version.items(), reverse=True)
    return MappingProxyType(
        {v: tuple(sorted(files, key=lambda f: f.filename)) for v, files in ordered}
    )


def _file(package: DistributionPackage) -> PublishedFile | None:
    named = _parse_filename(package.filename)
    if named is None or "sha256" not in package.digests:
        return None
    project, version, build, tags = named
    return PublishedFile(
        filename=package.filename,
        url=package.url.partition("#")[0],
        sha256=package.digests["sha256"],
        size=package.size or 0,
        requires_python=package.requires_python or "",
        is_yanked=package.is_yanked,
        has_metadata=bool(package.has_metadata),
        metadata_sha256=(package.metadata_digests or {}).get("sha256", ""),
        project=project,
        version=version,
        build=build,
        tags=tags,
    )


def _parse_filename(
    filename: str,
) -> tuple[NormalizedName, Version, BuildTag, frozenset[Tag]] | None:
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)
        project, version = parse_sdist_filename(_as_current_sdist(filename))
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return project, version, (), frozenset()


def _as_current_sdist(filename: str) -> str:
    # packaging reads .tar.gz and .zip only; older uploads also came as these.
    for suffix in (".tar.bz2", ".tgz"):
        if filename.endswith(suffix):
            return filename.removesuffix(suffix) + ".tar.gz"
    return filename
