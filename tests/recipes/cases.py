"""What ``nox -s recipes`` builds: ``cases.yaml``, which the catalogue's users do not get."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

CASES: Final = Path(__file__).with_name("cases.yaml")
ALL: Final = ("2.7", "3.6", "3.7", "3.8", "3.11", "3.12", "3.13")
USUAL: Final = ("3.11", "3.12", "3.13")
IN_CI: Final = ("3.12",)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One project of the catalogue, on some interpreters."""

    project: str
    requirement: str
    series: tuple[str, ...]
    is_for_ci: bool
    beside: tuple[Mapping[str, Any], ...]
    recipe: Mapping[str, Any]

    def on(self, series: Sequence[str]) -> "Case":
        """The same on those of its interpreters that are among ``series``."""
        return dataclasses.replace(self, series=tuple(s for s in self.series if s in series))

    def manifest(self, platform: str, image: str, versions: Mapping[str, str]) -> str:
        """A manifest that builds it for ``versions`` (by series) in ``image``."""
        recipe = {"recipes": {self.project: self.recipe}} if self.recipe else {}
        python = [versions[series] for series in self.series if series in versions]
        runner = {"match": "*", "github": "local", "engine": "podman", "images": {platform: image}}
        whole = {
            "bundle": "recipes",
            "targets": {"here": {"platform": platform, "python": python}},
            "runners": [runner],
            "packages": [*self.beside, {"requirement": self.requirement, "source": "build"}],
            **recipe,
        }
        return yaml.safe_dump(whole, sort_keys=False)


def cases(
    named: Sequence[str], *, ci: bool = False, series: Sequence[str] = ()
) -> tuple[Case, ...]:
    """
    The cases that were named, or all; ``ci`` narrows to few of them and one interpreter, and
    ``series`` to these interpreters.
    """
    known = {case.project: case for case in _read()}
    if unknown := sorted(set(named) - set(known)):
        raise SystemExit(f"expected projects of {CASES.name}, got {', '.join(unknown)}")
    chosen: Iterable[Case] = [known[name] for name in named] or known.values()
    if ci:
        chosen = (case.on(IN_CI) for case in chosen if case.is_for_ci)
    if series:
        chosen = (case.on(series) for case in chosen)
    return tuple(case for case in chosen if case.series)


def _read() -> Iterable[Case]:
    loaded = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    for project, said in loaded.items():
        pythons = said.get("pythons", USUAL)
        yield Case(
            project=project,
            requirement=said.get("requirement", project),
            series=ALL if pythons == ["all"] else tuple(pythons),
            is_for_ci=said.get("ci", False),
            beside=tuple(said.get("packages", ())),
            recipe=said.get("recipe", {}),
        )
