"""
Whether clients see an import, by the address that they use: an import is finished when they do.

Between a destination and its clients stand web servers, caches and proxies. Each of them can show
an old page, refuse a name with ``+``, not know ``.metadata``, or serve a page with a type that pip
skips.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from matrix.destinations.access import Access
from matrix.destinations.http_server import Answer, Server
from matrix.destinations.simple_page import ACCEPT, JSON, PageFile, parse_page
from matrix.errors import IndexUnavailable, Problem
from matrix.record.schema import RecordedWheel

_KINDS: Final = frozenset({JSON, "application/vnd.pypi.simple.v1+html", "text/html"})
_POLL: Final = 1.0
_FORBIDDEN: Final = 403


class ClientCheck:
    """Reads pages and files below ``url``, such as ``https://wheels.example/simple/``."""

    def __init__(self, url: str, access: Access) -> None:
        self._url = url.rstrip("/")
        self._access = access
        self._server = Server(url, access)
        self._waited = 0.0

    def check(self, wheels: Iterable[RecordedWheel], copied: Collection[str]) -> int:
        """
        Raise ``IndexUnavailable`` unless pages show all ``wheels`` and the ``copied`` are served.

        A wheel with a local version, and one sidecar, are read in any case. Returns the number of
        files that were read.
        """
        wheels_by_project: dict[str, list[RecordedWheel]] = {}
        for wheel in wheels:
            wheels_by_project.setdefault(wheel.project, []).append(wheel)
        problems: list[Problem] = []
        read = 0
        has_sidecar = False
        for project, own in sorted(wheels_by_project.items()):
            file_by_name, page_problems = self._wait_for_page(project, own)
            problems += page_problems
            for wheel in own:
                file = file_by_name.get(wheel.filename)
                if file is None or page_problems:
                    continue
                if wheel.filename in copied or "+" in wheel.filename or not read:
                    problems += self._check_file(file, wheel)
                    read += 1
                if file.has_metadata and not has_sidecar:
                    problems += self._check_sidecar(file, wheel)
                    has_sidecar = True
        if problems:
            raise IndexUnavailable.of(problems)
        return read

    def _wait_for_page(
        self, project: str, wheels: Iterable[RecordedWheel]
    ) -> tuple[dict[str, PageFile], list[Problem]]:
        url = f"{self._url}/{project}/"
        while True:
            answer = self._server.get(url, accept=ACCEPT)
            file_by_name = {file.filename: file for file in _read_page(answer)}
            problems = list(_compare(answer, wheels, file_by_name))
            if not problems or self._waited >= self._access.limit:
                return file_by_name, problems
            self._access.sleep(_POLL)
            self._waited += _POLL

    def _check_file(self, file: PageFile, wheel: RecordedWheel) -> Iterator[Problem]:
        answer = self._server.get(file.url)
        digest = hashlib.sha256(answer.content).hexdigest()
        if not answer.is_success:
            yield Problem(place=file.url, what=answer.describe(), hint=_explain(answer))
        elif digest != wheel.sha256:
            what = f"expected sha256 {wheel.sha256}, got {digest}"
            yield Problem(place=file.url, what=what)

    def _check_sidecar(self, file: PageFile, wheel: RecordedWheel) -> Iterator[Problem]:
        url = f"{file.url}.metadata"
        answer = self._server.get(url)
        if not answer.is_success:
            what = f"the page promises it, but the server answers {answer.describe()}"
            hint = "let the server serve *.metadata; pip and uv install nothing without them"
            yield Problem(place=url, what=what, hint=hint)
        elif hashlib.sha256(answer.content).hexdigest() != wheel.metadata_sha256:
            yield Problem(place=url, what="expected the core metadata of the wheel, got another")


def _read_page(answer: Answer) -> tuple[PageFile, ...]:
    if not answer.is_success or _get_kind(answer) not in _KINDS:
        return ()
    return parse_page(answer)


def _compare(
    answer: Answer, wheels: Iterable[RecordedWheel], file_by_name: dict[str, PageFile]
) -> Iterator[Problem]:
    if not answer.is_success:
        yield Problem(place=answer.url, what=answer.describe(), hint=_explain(answer))
        return
    if _get_kind(answer) not in _KINDS:
        what = f"expected text/html or {JSON}, got {_get_kind(answer) or 'no type'}: pip skips it"
        yield Problem(place=answer.url, what=what, hint="set the Content-Type of pages")
        return
    for wheel in wheels:
        file = file_by_name.get(wheel.filename)
        if file is None or file.sha256 != wheel.sha256:
            state = "does not show" if file is None else "shows another digest for"
            age = answer.headers.get("age", "")
            old = f", and is {age} s old" if age else ""
            what = f"the page {state} {wheel.filename}{old}"
            hint = "a cache or proxy in between shows an old page, or the address is another index"
            yield Problem(place=answer.url, what=what, hint=hint)


def _get_kind(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _explain(answer: Answer) -> str:
    if answer.status != _FORBIDDEN:
        return ""
    if "%2B" in answer.url or "+" in answer.url:
        return "the server refuses a name with '+'; see how it decodes %2B"
    return "the web server may not read it: chmod -R a+rX the directory"
