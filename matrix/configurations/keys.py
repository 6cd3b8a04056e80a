"""
The two keys of a build: what decided its bytes, and what it was tested with.

The content key is the digest of the configuration that cibuildwheel gets, so that nothing that is
decided here can be forgotten in it; the test key adds the smoke test. A wheel is reused only where
both are the same: another test is run again.

Wheels of other builds that a build sees enter by their digests, or by the content keys of those
that are not built yet.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from matrix.configurations.configuration import Configuration, configure_build
from matrix.configurations.inputs import BuildInputs, Keys, LockedWheel

# Raised when code that no configuration shows changes the bytes of wheels, such as retagging.
_VERSION: Final = 1


def compute_keys(
    inputs: BuildInputs,
    *,
    sdist_sha256: str,
    digests_by_prerequisite: Mapping[str, Sequence[str]],
) -> Keys:
    """
    The keys of a build.

    ``digests_by_prerequisite`` has the projects that the recipe wants built before, at any
    distance, with the digests or content keys of their files.
    """
    # The wheels of the test are in the wheelhouse, but no configuration of the build may show them.
    configuration = configure_build(dataclasses.replace(inputs, test_requirements=()))
    content = _digest(
        {
            "version": _VERSION,
            "sdist": sdist_sha256,
            "lane": inputs.lane.version,
            "platform": inputs.platform,
            "image": inputs.image,
            "requirements": _list_digests(inputs.requirements),
            "prerequisites": {
                name: sorted(digests_by_prerequisite[name]) for name in digests_by_prerequisite
            },
            "configuration": _list_fields(configuration),
            # Only where there is one, so that all other keys stay what they were.
            **({"build_tag": inputs.recipe.build} if inputs.recipe.build else {}),
        }
    )
    test = _digest(
        {
            "content": content,
            "text_by_path": _name_paths(configuration.test_text_by_path),
            "requirements": _list_digests(inputs.test_requirements),
        }
    )
    return Keys(content=content, test=test)


def _list_fields(configuration: Configuration) -> dict[str, object]:
    fields: dict[str, object] = {
        field.name: getattr(configuration, field.name)
        for field in dataclasses.fields(configuration)
        if field.name != "test_text_by_path"
    }
    return {
        **fields,
        "text_by_path": _name_paths(configuration.text_by_path),
        "package": str(configuration.package),
    }


def _name_paths(files: Mapping[PurePosixPath, str]) -> dict[str, str]:
    return {str(path): text for path, text in files.items()}


def _list_digests(wheels: Iterable[LockedWheel]) -> list[list[str]]:
    return sorted([wheel.filename, wheel.sha256] for wheel in wheels)


def _digest(facts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
