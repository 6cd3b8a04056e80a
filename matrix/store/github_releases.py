"""
The files of GitHub's releases.

A release counts where its tag is one of this program's and its commit is on the default branch now.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from matrix.index.tasks import TaskPool
from matrix.pipelines import release as tags
from matrix.store.github_api import GitHubApi


class GitHubReleases:
    """Releases by tags that start with ``prefix``; ``is_on_branch`` says so of a tag's commit."""

    def __init__(
        self,
        api: GitHubApi,
        *,
        is_on_branch: Callable[[str], bool],
        prefix: str = tags.DEFAULT,
    ) -> None:
        self._api = api
        self._prefix = prefix
        self._is_on_branch = is_on_branch
        self._tasks = TaskPool(1)
        self._lines: list[str] = []

    @property
    def lines(self) -> Sequence[str]:
        """The releases that do not count."""
        return self._lines

    def list_tags(self) -> Iterator[str]:
        """The tags of releases that count, the newest first."""
        for row in self._list():
            tag = str(row.get("tag_name") or "")
            if not (tags.is_tag(tag, self._prefix) and _list_assets(row)):
                continue
            if self._is_on_branch(tag):
                yield tag
            else:
                what = f"release {tag} not read: its commit is not on the default branch"
                self._lines.append(what)

    def read(self, tag: str, filename: str) -> bytes | None:
        """A small file of a release; None when the release has no such file."""
        number = self._find_asset(tag, filename)
        if not number:
            return None
        return self._api.read_file(f"/releases/assets/{number}", wanted=f"{filename} of {tag}")

    def read_range(self, tag: str, filename: str, *, start: int, size: int) -> bytes | None:
        """``size`` bytes of a file from ``start`` on."""
        number = self._find_asset(tag, filename)
        if not number:
            return None
        path = f"/releases/assets/{number}"
        return self._api.read_range(path, start=start, size=size, wanted=f"{filename} of {tag}")

    def find_record_digest(self, tag: str) -> str:
        """Nothing: who may write the text of a release may replace its files as well."""
        del tag
        return ""

    def _find_asset(self, tag: str, filename: str) -> int:
        for row in self._list():
            if row.get("tag_name") == tag:
                return _list_assets(row).get(filename, 0)
        return 0

    def _list(self) -> tuple[Mapping[str, Any], ...]:
        return self._tasks.run(
            "releases",
            lambda: tuple(self._api.list_rows("/releases", key="", wanted="the releases", pages=1)),
        )


def _list_assets(row: Mapping[str, Any]) -> Mapping[str, int]:
    """The ids of the files of a release, by name."""
    return {
        str(asset.get("name")): int(asset["id"])
        for asset in row.get("assets") or ()
        if asset.get("id") and asset.get("state") == "uploaded"
    }
