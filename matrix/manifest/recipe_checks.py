"""Checks of recipes: values that would change their meaning where they are used."""

import re
from collections.abc import Iterator
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from matrix.manifest.recipe import Recipe
from matrix.targets.platform_tag import InvalidPlatformTag, PlatformTag

# CIBW_ variables would be cibuildwheel's options, which are ours to write.
_VARIABLE: Final = re.compile(r"(?!CIBW_)[A-Za-z_][A-Za-z0-9_]*")
# Brackets are features of a vcpkg port.
_SYSTEM_PACKAGE: Final = re.compile(r"[A-Za-z0-9][\w.+:@/=~\[\],-]*")
_LIBRARY: Final = re.compile(r"[\w.+*?-]+")
_SETTING: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


def complaints(recipe: Recipe) -> Iterator[str]:
    """Each as ``key: expected X, got Y``, in the order of the keys."""
    for manager, packages in recipe.system.items():
        for package in packages:
            if not _SYSTEM_PACKAGE.fullmatch(package):
                yield f"system.{manager}: expected the name of a system package, got {package!r}"
    for line in recipe.before_all:
        if not line.strip() or "\n" in line.strip("\n"):
            yield f"before-all: expected one line of shell, got {line!r}"
    for name in recipe.environment:
        if not _VARIABLE.fullmatch(name):
            yield f"environment: expected a variable's name without CIBW_, got {name!r}"
    for name in recipe.config_settings:
        if not _SETTING.fullmatch(name):
            yield f"config-settings: expected a setting's name, got {name!r}"
    yield from _repair(recipe)
    yield from _requirements("test.requires", recipe.test.requires)
    yield from _requirements("requires", recipe.requires)
    for name in recipe.after:
        if (normalized := canonicalize_name(name)) != name:
            yield f"after: expected the normalized name {normalized!r}, got {name!r}"


def _repair(recipe: Recipe) -> Iterator[str]:
    for library in recipe.repair.exclude:
        if not _LIBRARY.fullmatch(library):
            yield f"repair.exclude: expected a library's file name or pattern, got {library!r}"
    if recipe.repair.plat:
        try:
            PlatformTag.parse(recipe.repair.plat)
        except InvalidPlatformTag as error:
            yield f"repair.plat: {error}"


def _requirements(key: str, requirements: tuple[str, ...]) -> Iterator[str]:
    for text in requirements:
        try:
            Requirement(text)
        except InvalidRequirement:
            yield f"{key}: expected a PEP 508 requirement, got {text!r}"
