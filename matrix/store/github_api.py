"""GitHub's REST API, as far as the store reads it: pages of rows, and files behind redirections."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from matrix.errors import IndexUnavailable, Problem
from matrix.index.no_answer import NoAnswer
from matrix.index.settings import Settings, read_proxies
from matrix.index.transport import NOT_FOUND, Transport

_ACCEPT: Final = {"Accept": "application/vnd.github+json"}
_FILE: Final = {"Accept": "application/octet-stream"}
_PER_PAGE: Final = 100
_RIGHTS: Final = frozenset({401, 403})
_HINT: Final = "run the job again; --no-store plans without the wheels of earlier runs"
_HINT_RIGHTS: Final = (
    "the job needs `permissions: {actions: read, contents: read}`, and GITHUB_TOKEN as a variable"
)


class GitHubApi:
    """The API of one repository; the token goes to its host and to no other."""

    def __init__(self, transport: Transport, *, api: str, repository: str) -> None:
        self._transport = transport
        self._repository = f"{api.rstrip('/')}/repos/{quote(repository)}"

    @classmethod
    def open(
        cls,
        environment: Mapping[str, str],
        *,
        ca_bundle: str = "",
        log: Callable[[str], object] = lambda _: None,
        sleep: Callable[[float], object] | None = None,
    ) -> Self:
        """The API that the variables of a run name: of github.com, or of an Enterprise server."""
        api = environment["GITHUB_API_URL"]
        headers = {
            "Authorization": f"Bearer {environment['GITHUB_TOKEN']}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        settings = Settings(url=api, ca_bundle=ca_bundle, proxies=read_proxies(), headers=headers)
        transport = Transport(settings, log=log, sleep=sleep, hint=_HINT)
        return cls(transport, api=api, repository=environment["GITHUB_REPOSITORY"])

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def get(self, path: str, *, wanted: str, **query: str) -> Any:  # noqa: ANN401 - any JSON value
        """The JSON at ``path`` below the repository; None where the server has nothing there."""
        address = f"{self._repository}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            answer = self._transport.get(address, headers=_ACCEPT, wanted=wanted)
        except NoAnswer as error:
            raise _explain(error) from error
        if answer.status_code == NOT_FOUND:
            return None
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            what = f"expected {wanted}, got no JSON"
            raise IndexUnavailable(Problem(place=address, what=what, hint=_HINT)) from error

    def list_rows(
        self, path: str, *, key: str, wanted: str, pages: int, **query: str
    ) -> Iterator[Mapping[str, Any]]:
        """The rows of at most ``pages`` pages of a list; ``key`` holds them, or the list itself."""
        for page in range(1, pages + 1):
            numbered = {**query, "per_page": str(_PER_PAGE), "page": str(page)}
            value = self.get(path, wanted=wanted, **numbered)
            rows = value.get(key, []) if isinstance(value, dict) else value or []
            yield from rows
            if len(rows) < _PER_PAGE:
                return

    def stream(self, path: str, *, wanted: str) -> Any:  # noqa: ANN401 - a context manager of chunks
        """The chunks of a file, as a context."""
        return self._transport.stream(f"{self._repository}{path}", wanted=wanted)

    def read_range(self, path: str, *, start: int, size: int, wanted: str) -> bytes | None:
        """``size`` bytes of a file from ``start`` on; None where the server has no such file."""
        headers = {**_FILE, "Range": f"bytes={start}-{start + size - 1}"}
        address = f"{self._repository}{path}"
        try:
            answer = self._transport.get(address, headers=headers, wanted=wanted)
        except NoAnswer as error:
            raise _explain(error) from error
        if answer.status_code == NOT_FOUND:
            return None
        # A server that takes no ranges sends the whole file.
        whole = answer.headers.get("Content-Range") is None
        return answer.content[start : start + size] if whole else answer.content

    def read_file(self, path: str, *, wanted: str) -> bytes | None:
        """The bytes of a file of a release; None where the server has no such file."""
        address = f"{self._repository}{path}"
        try:
            answer = self._transport.get(address, headers=_FILE, wanted=wanted)
        except NoAnswer as error:
            raise _explain(error) from error
        return None if answer.status_code == NOT_FOUND else answer.content


def _explain(error: NoAnswer) -> NoAnswer:
    """The error with the rights that the job needs, where they are what is missing."""
    if error.status not in _RIGHTS or "rate limit" in error.reason:
        return error
    (problem,) = error.problems
    explained = Problem(place=problem.place, what=problem.what, hint=_HINT_RIGHTS)
    return NoAnswer(explained, reason=error.reason, status=error.status)
