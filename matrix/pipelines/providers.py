"""The services that pipelines are made for."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

from matrix.manifest.model import Manifest
from matrix.pipelines import attributes, github, gitlab
from matrix.plan.model import Plan


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One CI service: what to commit for it, and what its planning job hands on."""

    committed: Callable[[Manifest], dict[str, str]]
    run_time: Callable[[Manifest, Plan], dict[str, str]]


PROVIDERS: Final[Mapping[str, Provider]] = {
    "github": Provider(committed=github.committed, run_time=github.run_time),
    "gitlab": Provider(committed=gitlab.committed, run_time=gitlab.run_time),
}


def committed(manifest: Manifest) -> dict[str, str]:
    """Every file that the repository must hold, path to text, sorted by path."""
    texts: dict[str, str] = {}
    for provider in PROVIDERS.values():
        texts |= provider.committed(manifest)
    texts |= attributes.committed(manifest, sorted(texts))
    return dict(sorted(texts.items()))
