"""The CI services that pipelines are made for."""

import datetime
from typing import Final

from matrix.errors import ManifestError
from matrix.manifest.model import Manifest
from matrix.pipelines import attributes, doubts, machines
from matrix.pipelines.github import GitHub
from matrix.pipelines.gitlab import GitLab
from matrix.pipelines.provider import Errors, Provider, Warnings

PROVIDERS: Final[dict[str, Provider]] = {
    provider.name: provider for provider in (GitHub(), GitLab())
}


def render_committed(manifest: Manifest) -> dict[str, str]:
    """Every file that the repository must hold, path to text, sorted by path."""
    if wrong := list(machines.find_wrong_machines(manifest)):
        raise ManifestError.of(wrong)
    texts: dict[str, str] = {}
    for provider in PROVIDERS.values():
        texts |= provider.render_committed(manifest)
    if manifest.output.has_usual_places:
        texts |= attributes.render_attributes(manifest, sorted(texts))
    return dict(sorted(texts.items()))


def list_owned_places() -> tuple[str, ...]:
    """Patterns of the paths that generated files can have."""
    places = {place for provider in PROVIDERS.values() for place in provider.owned_places}
    return tuple(sorted({*places, attributes.ATTRIBUTES}))


def judge_runners(manifest: Manifest, today: datetime.date) -> tuple[Warnings, Errors]:
    """What is doubtful and what is wrong with the runners, on any service."""
    verdicts = [provider.judge_runners(manifest, today) for provider in PROVIDERS.values()]
    warnings = tuple(problem for warnings, _ in verdicts for problem in warnings)
    errors = [problem for _, errors in verdicts for problem in errors]
    warnings += tuple(doubts.find_doubts(manifest))
    return warnings, (*errors, *machines.find_wrong_machines(manifest))
