"""The pages of one index: cached, revalidated, and parsed only when they changed."""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import Final

from packaging.utils import NormalizedName

from matrix.errors import IndexUnavailable, Problem
from matrix.index import page
from matrix.index.addresses import without_password, without_user
from matrix.index.cache import Cache, StoredPage
from matrix.index.listing import InvalidPage
from matrix.index.oddities import Oddities
from matrix.index.page import Page
from matrix.index.transport import NOT_FOUND, NOT_MODIFIED, OK, Answer, Transport, parse_count

# PEP 691: JSON first, HTML from servers that know nothing else.
_ACCEPT: Final = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
)
LONGEST_FRESH: Final = 600.0
"""Seconds: a new release is visible after that, even if a proxy allows more."""
_MAX_AGE: Final = re.compile(r"(?:^|,)\s*max-age=([0-9]{1,18})", re.IGNORECASE)
_UNFRESH: Final = re.compile(r"(?:^|,)\s*no-(?:cache|store)\s*(?:,|$)", re.IGNORECASE)


class Pages:
    """The pages under one address; without a network when ``offline``."""

    def __init__(
        self,
        url: str,
        transport: Transport,
        cache: Cache,
        *,
        offline: bool,
        oddities: Oddities | None = None,
    ) -> None:
        self._oddities = oddities or Oddities()
        self.url = without_user(url)
        self._transport = transport
        self._cache = cache
        self._offline = offline

    @property
    def address(self) -> str:
        return without_password(self.url)

    def page(self, project: NormalizedName) -> Page | None:
        """The releases of ``project``, or None where the index has no such project."""
        # PEP 503: a project's page lives under its normalized name, and page URLs end with a slash.
        url = f"{self.url}{project}/"
        cached = self._cache.page(url)
        if self._offline and cached is None:
            raise not_cached(url, f"the page of {str(project)!r}")
        if cached is not None and (self._offline or cached.fresh_until > self._transport.clock()):
            self._transport.log(f"cache: {without_password(url)}")
            return self._find_page(cached, project)
        answer = self._ask(url, cached, project)
        if answer.status_code == NOT_MODIFIED and cached is not None:
            self._keep(url, cached, _current(cached, answer, self._transport.clock()))
            return self._find_page(cached, project)
        if answer.status_code == NOT_FOUND:
            self._keep(url, cached, StoredPage(url=url))
            return None
        if answer.status_code != OK:
            what = f"expected the page of {str(project)!r}, got status {answer.status_code}"
            raise IndexUnavailable(Problem(place=url, what=what))
        return self._parse_answer(url, cached, answer, project)

    def _ask(self, url: str, cached: StoredPage | None, project: NormalizedName) -> Answer:
        headers = {"Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
        if cached is not None and cached.etag:
            headers["If-None-Match"] = cached.etag
        elif cached is not None and cached.modified:
            headers["If-Modified-Since"] = cached.modified
        return self._transport.get(url, headers=headers, wanted=f"the page of {str(project)!r}")

    def _parse_answer(
        self, url: str, cached: StoredPage | None, answer: Answer, project: NormalizedName
    ) -> Page:
        """The page of a whole answer; an index that cannot say "unchanged" may send the same."""
        source = hashlib.sha256(answer.content).hexdigest()
        final = without_user(answer.url)
        now = self._transport.clock()
        if cached is not None and (cached.source, cached.url) == (source, final):
            self._keep(url, cached, _current(cached, answer, now))
            return self._load_page(cached, project)
        parsed = self._parse_page(answer, project, url=url, final=final)
        if parsed.passed_over:
            reason = "no wheel or sdist of the project, or no sha256"
            self._transport.log(
                f"{without_password(url)}: {parsed.passed_over} passed over: {reason}"
            )
        contents, releases = page.dump(parsed)
        stored = StoredPage(url=final, source=source, contents=contents, releases=releases)
        self._keep(url, cached, _current(stored, answer, now))
        return parsed

    def _find_page(self, cached: StoredPage, project: NormalizedName) -> Page | None:
        return self._load_page(cached, project) if cached.exists else None

    def _load_page(self, cached: StoredPage, project: NormalizedName) -> Page:
        return page.load(
            cached.contents,
            cached.releases,
            project=project,
            url=cached.url,
            oddities=self._oddities,
        )

    def _parse_page(self, answer: Answer, project: NormalizedName, *, url: str, final: str) -> Page:
        content_type = answer.headers.get("Content-Type", "")
        try:
            return page.parse(
                answer.content,
                content_type=content_type,
                project=project,
                url=final,
                oddities=self._oddities,
            )
        except InvalidPage as error:
            what = f"expected a page of the Simple API, got one that cannot be read: {error}"
            raise IndexUnavailable(Problem(place=url, what=what)) from error

    def _keep(self, url: str, cached: StoredPage | None, current: StoredPage) -> None:
        if current != cached:
            self._cache.write_page(url, current)


def not_cached(place: str, wanted: str) -> IndexUnavailable:
    """The error of an offline run for what the cache does not have."""
    what = f"expected {wanted} in the cache, got none"
    return IndexUnavailable(Problem(place=place, what=what, hint="wheelyard lock"))


def _current(stored: StoredPage, answer: Answer, now: float) -> StoredPage:
    headers = answer.headers
    return dataclasses.replace(
        stored,
        etag=headers.get("ETag", stored.etag),
        modified=headers.get("Last-Modified", stored.modified),
        fresh_until=_fresh_until(headers, now),
    )


def _fresh_until(headers: Mapping[str, str], now: float) -> float:
    """RFC 9111: how long an answer may be used without asking, less what caches took of that."""
    control, age = headers.get("Cache-Control", ""), headers.get("Age", "")
    match = _MAX_AGE.search(control)
    if match is None or _UNFRESH.search(control):
        return 0.0
    left = min(float(match[1]), LONGEST_FRESH) - (parse_count(age) or 0)
    return now + left if left > 0 else 0.0
