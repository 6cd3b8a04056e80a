"""
A bucket of an S3-compatible store, by boto3: small calls, and errors that name what was refused.

boto3 is no part of the far side; only a bucket needs it. It reads variables of its own:
``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_CA_BUNDLE``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from matrix.edge import files
from matrix.errors import IndexUnavailable, MatrixError, NotEquipped, NotWritten, Problem

_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_CONFLICT: Final = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/vnd.pypi.simple.v1+json"
BYTES: Final = "application/octet-stream"
# Pages change with each import; a file never does.
_REVALIDATED: Final = "no-cache"
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


class Conflict(Exception):
    """The object is there already, or has changed since it was read."""


@dataclasses.dataclass(frozen=True)
class Bucket:
    """The objects of ``name`` below ``prefix``, which is empty or ends with a slash."""

    name: str
    prefix: str
    client: Any

    @property
    def label(self) -> str:
        return f"s3:{self.name}/{self.prefix}".rstrip("/")

    def read(self, key: str) -> tuple[bytes, str] | None:
        """The content and ETag of an object; None where there is none."""
        try:
            answer = self.client.get_object(Bucket=self.name, Key=self.prefix + key)
            return answer["Body"].read(), str(answer["ETag"])
        except Exception as error:
            if _get_code(error) in _MISSING:
                return None
            raise self._explain(key, error) from error

    def read_digest(self, key: str) -> str:
        """The sha256 of an object's bytes; empty where there is none."""
        try:
            answer = self.client.get_object(Bucket=self.name, Key=self.prefix + key)
            digest = hashlib.sha256()
            for chunk in answer["Body"].iter_chunks(files.CHUNK):
                digest.update(chunk)
            return digest.hexdigest()
        except Exception as error:
            if _get_code(error) in _MISSING:
                return ""
            raise self._explain(key, error) from error

    def write(self, key: str, content: bytes, kind: str, *, expect: str | None = None) -> None:
        """
        Write a small object that may change.

        With ``expect``, only if its ETag is that one, or, for an empty one, if there is no object;
        else raises ``Conflict``.
        """
        condition = (
            {} if expect is None else {"IfMatch": expect} if expect else {"IfNoneMatch": "*"}
        )
        self._put(key, content, kind, _REVALIDATED, condition)

    def upload(self, key: str, path: Path) -> None:
        """Write a file that never changes; raises ``Conflict`` if there is an object."""
        with files.reading(path) as stream:
            self._put(key, stream, BYTES, _IMMUTABLE, {"IfNoneMatch": "*"})

    def _put(
        self, key: str, body: object, kind: str, cache: str, condition: dict[str, str]
    ) -> None:
        try:
            self.client.put_object(
                Bucket=self.name,
                Key=self.prefix + key,
                Body=body,
                ContentType=kind,
                CacheControl=cache,
                **condition,
            )
        except Exception as error:
            if _get_code(error) in _CONFLICT and condition:
                raise Conflict(key) from error
            raise self._explain(key, error) from error

    def remove(self, key: str) -> None:
        try:
            self.client.delete_object(Bucket=self.name, Key=self.prefix + key)
        except Exception as error:
            raise self._explain(key, error) from error

    def list_objects(self, start: str) -> Iterator[tuple[str, str, int]]:
        """Yield key, ETag and size of each object whose key begins with ``start``."""
        pages = self.client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.name, Prefix=self.prefix + start):
                for entry in page.get("Contents", ()):
                    key = str(entry["Key"])[len(self.prefix) :]
                    yield key, str(entry["ETag"]).strip('"'), int(entry["Size"])
        except Exception as error:
            raise self._explain(start, error) from error

    def _explain(self, key: str, error: Exception) -> MatrixError:
        if isinstance(error, MatrixError):
            return error
        place = f"s3:{self.name}/{self.prefix}{key}"
        if code := _get_code(error):
            return NotWritten(Problem(place=place, what=f"refused by the store: {code}"))
        what = f"no answer of the store: {type(error).__name__}"
        hint = "AWS_ENDPOINT_URL names the store, AWS_ACCESS_KEY_ID and the rest its login"
        return IndexUnavailable(Problem(place=place, what=what, hint=hint))


def _get_code(error: Exception) -> str:
    response = getattr(error, "response", None)
    with contextlib.suppress(TypeError, KeyError):
        return str(response["Error"]["Code"])  # type: ignore[index]  # a ClientError of boto3
    return ""


def open_bucket(name: str, prefix: str) -> Bucket:
    """Open a bucket with boto3; raises ``NotEquipped`` where it is not installed."""
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.config import Config  # noqa: PLC0415 - an extra
    except ImportError as error:
        what = "expected boto3 for a destination in S3, got none"
        raise NotEquipped(Problem(place="", what=what, hint="pip install boto3")) from error
    config = Config(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return Bucket(name, prefix, boto3.client("s3", config=config))
