"""
Whether a runner's labels are those of a machine that can build for its targets.

What a label of a service means is data; of the labels of one's own runners, GitHub gives some that
name system and processor. Of other labels nothing is known, and nothing is said.
"""

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Iterator, Mapping
from typing import Final

from matrix.errors import Problem
from matrix.manifest.checks import runner_of
from matrix.manifest.model import Manifest
from matrix.manifest.runner import Runner
from matrix.targets.platform_tag import PlatformTag
from matrix.targets.processor import can_build, find_machine

_SELF_HOSTED: Final[Mapping[str, Mapping[str, str]]] = {
    "linux": {"system": "linux"},
    "windows": {"system": "windows"},
    "macos": {"system": "macos"},
    "x64": {"processor": "x86_64"},
    "arm64": {"processor": "aarch64"},
}
"""Of GitHub: it gives these to every runner of one's own."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Label:
    """A label of a runner, and what it says of a machine."""

    provider: str
    text: str
    fact_by_name: Mapping[str, str]

    def __str__(self) -> str:
        machine = (self.fact_by_name.get(name) for name in ("system", "processor"))
        return f"{self.text!r}, which has {' '.join(filter(None, machine))}"

    def fits(self, platform: PlatformTag) -> bool:
        """Whether its machine can build for ``platform``."""
        system, wanted = find_machine(platform)
        if self.fact_by_name.get("system", system) != system:
            return False
        processor = self.fact_by_name.get("processor", wanted)
        return can_build(wanted, system=system, processor=processor)


def find_wrong_machines(manifest: Manifest) -> Iterator[Problem]:
    """Yield a problem for each runner whose labels are those of a machine of another kind."""
    for index, runner in enumerate(manifest.runners):
        platforms = {
            target.platform.identifier: target.platform
            for target in manifest.all_targets
            if runner_of(manifest, target) is runner
        }
        for label in _list_labels(runner):
            for name, platform in sorted(platforms.items()):
                if not label.fits(platform):
                    machine = " ".join(find_machine(platform))
                    what = f"expected a machine with {machine} for {name}, got {label}"
                    yield Problem(
                        place=manifest.source,
                        line=runner.line,
                        what=f"runners[{index}].{label.provider}: {what}",
                        hint=_suggest(label.provider, platform),
                    )


@functools.cache
def read_machines() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The labels of hosted runners by service, each with system and processor."""
    data = importlib.resources.files("matrix") / "data" / "labels.json"
    loaded = json.loads(data.read_text(encoding="utf-8"))
    return {"github": loaded["labels"], "gitlab": loaded["gitlab"]}


def _list_labels(runner: Runner) -> Iterator[_Label]:
    for provider, labels in (("github", runner.github.labels), ("gitlab", runner.gitlab.tags)):
        known = read_machines()[provider]
        if provider == "github" and runner.github.is_own:
            known = _SELF_HOSTED
        for label in labels:
            if facts := known.get(label.lower()):
                yield _Label(provider=provider, text=label, fact_by_name=facts)


def _suggest(provider: str, platform: PlatformTag) -> str:
    """A row for ``platform`` with a label that lasts, where the service hosts such a machine."""
    for text, facts in sorted(read_machines()[provider].items()):
        label = _Label(provider=provider, text=text, fact_by_name=facts)
        if "retired" not in facts and label.fits(platform):
            return f'put `- {{match: "{platform}", {provider}: {text}}}` before this runner'
    return f'put a runner with `match: "{platform}"` before this one'
