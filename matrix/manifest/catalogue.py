"""
The built-in recipes, and the merge of a manifest's recipe over them.

One small file per project in ``matrix/data/recipes``, read when its project is asked for: most
commands ask for none. Mappings are merged key by key; any other value that the manifest writes
takes the place of the catalogue's.
"""

import dataclasses
import functools
import importlib.resources
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any

from packaging.utils import NormalizedName

from matrix.errors import ManifestError
from matrix.manifest import reading
from matrix.manifest.decoding import Decoder, list_fields
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import Recipe, Repair, Test


def find_recipe(manifest: Manifest, project: NormalizedName) -> Recipe:
    """What building ``project`` needs, the catalogue's part included; empty for most."""
    return beneath(manifest.recipes.get(project, Recipe()), project)


def beneath(own: Recipe, project: NormalizedName) -> Recipe:
    """
    The manifest's ``own`` recipe of ``project``, with the catalogue's where it says nothing.

    >>> own = Recipe(system={"apt": ("libmysqlclient-dev",)})
    >>> beneath(own, "mysqlclient").system["apt"]
    ('libmysqlclient-dev',)
    >>> beneath(own, "mysqlclient").system["apk"]
    ('mariadb-connector-c-dev',)
    """
    if not own.catalogue or project not in projects():
        return own
    merged: Recipe = _over(own, recipe(project))
    return dataclasses.replace(merged, line=own.line)


@functools.cache
def projects() -> frozenset[str]:
    """The projects that have a recipe, by normalized name."""
    names = (path.name for path in _directory().iterdir())
    return frozenset(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


@functools.cache
def recipe(project: str) -> Recipe:
    """The built-in recipe of one of ``projects``."""
    name = f"{project}.yaml"
    return read(_directory().joinpath(name).read_text(encoding="utf-8"), source=name)


def read(text: str, *, source: str) -> Recipe:
    """A recipe by itself, as a file of the catalogue holds it."""
    decoder = Decoder(source)
    value = decoder.decode(Recipe, reading.compose(text, source), "")
    if decoder.problems or not isinstance(value, Recipe):
        raise ManifestError.of(decoder.problems)
    return value


def _directory() -> Traversable:
    return importlib.resources.files("matrix").joinpath("data/recipes")


def _over(upper: Any, lower: Any) -> Any:  # noqa: ANN401 - for every class with ``written``
    """``lower`` with what the author of ``upper`` wrote."""
    cls: type = type(upper)
    changes: dict[str, Any] = {}
    for field in list_fields(cls):
        above, below = getattr(upper, field.name), getattr(lower, field.name)
        if isinstance(above, Test | Repair):
            changes[field.name] = _over(above, below)
        elif isinstance(above, Mapping):
            changes[field.name] = {**below, **above}
        elif field.name in upper.written or above != field.default:
            changes[field.name] = above
    return dataclasses.replace(lower, **changes, written=upper.written | lower.written)
