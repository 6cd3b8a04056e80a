"""The text of ``packages.yaml`` to a ``Manifest``, or all of its problems."""

import dataclasses
from pathlib import Path

import yaml

from matrix.errors import ManifestError, Problem
from matrix.manifest import checks, unmerged
from matrix.manifest.decoding import Decoder
from matrix.manifest.model import Manifest


def load(path: Path) -> Manifest:
    """Read the manifest at ``path``."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ManifestError(
            Problem(place=str(path), what="not found", hint="name it with --manifest FILE")
        ) from error
    except UnicodeDecodeError as error:
        what = f"expected UTF-8, got byte 0x{error.object[error.start]:02x} at {error.start}"
        raise ManifestError(Problem(place=str(path), what=what)) from error
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise ManifestError(Problem(place=str(path), what=what)) from error
    return read(text, source=path.name)


def read(text: str, *, source: str = "packages.yaml") -> Manifest:
    """Read a manifest; ``source`` is how messages name it."""
    decoder = Decoder(source)
    value = decoder.decode(Manifest, compose(text, source), "")
    if not isinstance(value, Manifest):
        raise ManifestError.of(decoder.problems)
    manifest = dataclasses.replace(value, source=source)
    if problems := [*decoder.problems, *checks.problems(manifest, unread=decoder.unread)]:
        raise ManifestError.of(problems)
    return manifest


def _fast(text: str) -> yaml.Node | None:
    """
    The document as libyaml reads it, ten times faster; None where it is absent or fails.

    The other reader then reports the problem, in the same words on every machine.
    """
    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    except (AttributeError, RecursionError, UnicodeError, yaml.YAMLError):
        return None


def compose(text: str, source: str) -> yaml.Node:
    """The document of ``text``, or ``ManifestError`` with the line where it is not YAML."""
    try:
        node = _fast(text) or yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        hint = f"edit {source}, then: wheelyard lock"
        if problem := unmerged.problem(text, place=source, hint=hint):
            raise ManifestError(problem) from error
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        what = f"not YAML: {error.problem}"
        raise ManifestError(Problem(place=source, line=line, what=what)) from error
    except yaml.YAMLError as error:
        raise ManifestError(Problem(place=source, what=f"not YAML: {error}")) from error
    except RecursionError as error:
        what = "lists and mappings are nested too deeply"
        raise ManifestError(Problem(place=source, what=what)) from error
    if node is None:
        raise ManifestError(
            Problem(place=source, what="is empty", hint="see docs/manifest.md for a first one")
        )
    return node
