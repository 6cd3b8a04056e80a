"""``toolchain.json``: schema 1, sorted, one row a line; ``parse`` inverts ``dump``."""

import json
import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from matrix.errors import MatrixError, Problem
from matrix.toolchain.model import (
    SCHEMA,
    Content,
    Download,
    Form,
    Missing,
    Service,
    Toolchain,
)


def dump_record(toolchain: Toolchain) -> str:
    """The record's text."""
    sections = {
        "services": map(str, toolchain.services),
        "images": toolchain.images,
        "missing": map(_missing_row, toolchain.missing),
        "files": map(_content_row, toolchain.contents),
    }
    parts = [f'"schema": {SCHEMA}', *(_section(name, rows) for name, rows in sections.items())]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def dump_missing(missing: Iterable[Missing]) -> str:
    """``missing.json``: the rows of missing files alone, for scripts that fetch them."""
    return "{\n" + _section("missing", map(_missing_row, missing)) + "\n}\n"


def _section(name: str, rows: Iterable[Any]) -> str:
    lines = ",\n".join(map(json.dumps, rows))
    return f'"{name}": [\n{lines}\n]' if lines else f'"{name}": []'


def _missing_row(missing: Missing) -> dict[str, Any]:
    row: dict[str, Any] = {"name": missing.name, "reason": missing.reason}
    row["services"] = [*map(str, missing.services)]
    if missing.download:
        download = missing.download
        row |= {"address": download.address, "sha256": download.sha256}
        row |= {"into": download.into, "form": str(download.form)}
    return row


def _content_row(content: Content) -> dict[str, Any]:
    row: dict[str, Any] = {"path": content.path, "sha256": content.sha256, "size": content.size}
    row["source"] = content.source
    if content.link:
        row["link"] = content.link
    if content.is_executable:
        row["executable"] = True
    return row


def parse_record(text: str, *, source: str) -> Toolchain:
    """Read a toolchain's record; ``source`` is how messages name it."""
    try:
        loaded = json.loads(text)
        if loaded["schema"] != SCHEMA:
            what = f"expected schema {SCHEMA}, got {loaded['schema']!r}"
            raise MatrixError(Problem(place=source, what=what))
        return Toolchain(
            services=tuple(map(Service.parse, loaded["services"])),
            contents=tuple(map(_content, loaded["files"])),
            missing=tuple(map(_missing, loaded["missing"])),
            images=tuple(loaded["images"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"expected the record of a toolchain, got a file that cannot be read as one: {error}"
        hint = "wheelyard toolchain --out DIR"
        raise MatrixError(Problem(place=source, what=what, hint=hint)) from error


def _content(row: Mapping[str, Any]) -> Content:
    path, link = row["path"], row.get("link", "")
    for leads_to in (path, posixpath.join(posixpath.dirname(path), link)):
        if posixpath.isabs(leads_to) or posixpath.normpath(leads_to).split("/")[0] in {"..", "."}:
            raise ValueError(f"{path!r} leads out of it")
    return Content(
        path=path,
        sha256=row["sha256"],
        size=row["size"],
        source=row["source"],
        link=link,
        is_executable=row.get("executable", False),
    )


def _missing(row: Mapping[str, Any]) -> Missing:
    services = tuple(map(Service.parse, row["services"]))
    download = None
    if "address" in row:
        download = Download(
            name=row["name"],
            address=row["address"],
            sha256=row["sha256"],
            into=row["into"],
            form=Form(row["form"]),
            services=services,
        )
    return Missing(name=row["name"], reason=row["reason"], services=services, download=download)
