"""
Fetch files from the internet into a directory by address, so that an interrupted run can go on.

A host that does not answer is tried once; its other files are then missing too.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from matrix.edge import files
from matrix.edge.progress import Reporter
from matrix.errors import DigestMismatch
from matrix.index.no_answer import NoAnswer
from matrix.toolchain.document import Download

if TYPE_CHECKING:
    from matrix.index.transport import Transport

WORKERS: Final = 8
Answer = Path | str
"""The path of the file, or the reason why it could not be fetched."""


def fetch_downloads(
    downloads: Sequence[Download], *, transport: "Transport", store: Path, reporter: Reporter
) -> Mapping[str, Answer]:
    """Fetch ``downloads`` into ``store``; return an answer for the ``into`` of each."""
    downloads_by_host: dict[str, list[Download]] = {}
    for download in downloads:
        downloads_by_host.setdefault(urlsplit(download.address).netloc, []).append(download)

    def fetch_from_host(host: str) -> dict[str, Answer]:
        return _fetch_from_host(
            downloads_by_host[host], transport=transport, store=store, reporter=reporter
        )

    answer_by_place: dict[str, Answer] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for answers in pool.map(fetch_from_host, sorted(downloads_by_host)):
            answer_by_place |= answers
    return answer_by_place


def _fetch_from_host(
    downloads: Sequence[Download], *, transport: "Transport", store: Path, reporter: Reporter
) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    silence = ""
    for download in downloads:
        present = _find_present(download, store)
        if silence and present is None:
            answers[download.into] = silence
            continue
        try:
            answers[download.into] = present or _fetch(
                download, transport=transport, store=store, say=reporter.say
            )
        except NoAnswer as error:
            answers[download.into] = error.reason
            # A status is about this file, any other reason about the host.
            silence = "" if error.status else error.reason
        except DigestMismatch as error:
            answers[download.into] = error.problems[0].what
    return answers


def _find_present(download: Download, store: Path) -> Path | None:
    path = _find_place(download, store)
    if not path.is_file():
        return None
    if download.sha256 and files.digest(path) != download.sha256:
        return None
    return path


def _fetch(
    download: Download, *, transport: "Transport", store: Path, say: Callable[[str], None]
) -> Path:
    say(f"fetching {download.name}")
    path = _find_place(download, store)
    with transport.stream(download.address, wanted=download.name) as chunks:
        if download.sha256:
            files.write_stream(path, chunks, sha256=download.sha256, name=download.name)
        else:
            with files.replacing(path) as stream:
                stream.writelines(chunks)
    return path


def _find_place(download: Download, store: Path) -> Path:
    digest = hashlib.sha256(download.address.encode()).hexdigest()
    return store / digest[:16] / download.name
