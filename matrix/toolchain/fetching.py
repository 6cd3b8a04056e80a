"""
Downloads of the open internet, kept by address so that an interrupted run goes on where it was.

A host that does not answer is asked once: what else it has is missing, too.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from matrix.edge import files
from matrix.edge.progress import Reporter
from matrix.errors import DigestMismatch, IndexUnavailable
from matrix.toolchain.model import Download

if TYPE_CHECKING:
    from matrix.index.transport import Transport

WORKERS: Final = 8
Answer = Path | str
"""Where the bytes are, or why there are none."""


def fetch(
    asked: Sequence[Download], *, transport: "Transport", store: Path, reporter: Reporter
) -> Mapping[str, Answer]:
    """Have every download below ``store``; by the place in the toolchain that it is for."""
    by_host: dict[str, list[Download]] = {}
    for download in asked:
        by_host.setdefault(urlsplit(download.address).netloc, []).append(download)

    def one_host(host: str) -> dict[str, Answer]:
        return _from_host(by_host[host], transport=transport, store=store, reporter=reporter)

    answers: dict[str, Answer] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for found in pool.map(one_host, sorted(by_host)):
            answers |= found
    return answers


def _from_host(
    asked: Sequence[Download], *, transport: "Transport", store: Path, reporter: Reporter
) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    silence = ""
    for download in asked:
        kept = _kept(download, store)
        if silence and kept is None:
            answers[download.into] = silence
            continue
        try:
            answers[download.into] = kept or _download(
                download, transport=transport, store=store, say=reporter.say
            )
        except IndexUnavailable as error:
            reason = error.problems[0].what.rpartition(", got ")[2]
            answers[download.into] = reason
            # An answer with a status is about this file; anything else is about the host.
            silence = "" if reason.startswith("status ") else reason
        except DigestMismatch as error:
            answers[download.into] = error.problems[0].what
    return answers


def _kept(download: Download, store: Path) -> Path | None:
    path = _path(download, store)
    if not path.is_file():
        return None
    if download.sha256 and files.digest(path) != download.sha256:
        return None
    return path


def _download(
    download: Download, *, transport: "Transport", store: Path, say: Callable[[str], None]
) -> Path:
    say(f"fetching {download.name}")
    path = _path(download, store)
    with transport.stream(download.address, wanted=download.name) as chunks:
        if download.sha256:
            files.write_stream(path, chunks, sha256=download.sha256, name=download.name)
        else:
            with files.replacing(path) as stream:
                stream.writelines(chunks)
    return path


def _path(download: Download, store: Path) -> Path:
    where = hashlib.sha256(download.address.encode()).hexdigest()
    return store / where[:16] / download.name
