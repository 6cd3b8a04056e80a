"""One case built by the command line as a user starts it: lock, plan, build."""

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..e2e.flow import Tool
from ..e2e.images import PLATFORM
from ..e2e.podman import Podman
from .cases import Case

SECONDS: Final = 3600.0
_BEGUN: Final = re.compile(r"Building (cp\d+)-\w+ wheel")
_STEP: Final = re.compile(r"\s+✓ ([\d.]+)s")
_TELLING: Final = re.compile(r"cibuildwheel ended|error|not found", re.IGNORECASE)
_LAST: Final = 5
# Another name each time.
_TEMPORARY: Final = re.compile(r"(?<=/tmp/)[\w./-]+")
_LIST: Final = (
    "for python in /opt/python/*/bin/python; do "
    "$python -c 'import platform; print(platform.python_version())'; done"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Result:
    """What became of a project on an interpreter."""

    project: str
    series: str
    version: str = ""
    seconds: int = 0
    """Build, repair and smoke test of this interpreter, as cibuildwheel counts; 0: not built."""
    reason: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.project, self.series


def interpreters(podman: Podman, image: str) -> dict[str, str]:
    """The full versions of an image's CPythons by series; a link to another is no interpreter."""
    listed = podman.run(image, ["sh", "-c", _LIST], timeout=120).output.split()
    return {version.rpartition(".")[0]: version for version in listed}


def build(
    case: Case,
    *,
    image: str,
    versions: Mapping[str, str],
    environment: Mapping[str, str],
    directory: Path,
) -> Iterator[Result]:
    """Build ``case`` in ``directory``; the cache is beside it, for all."""
    # An earlier run's wheels must not pass for this one's.
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    text = case.manifest(PLATFORM, image, versions)
    (directory / "packages.yaml").write_text(text, encoding="utf-8")
    tool = Tool(directory=directory, environment=environment)
    shared = directory.parent / "cache"
    cache, logs = ("--cache", str(shared)), shared / "logs"
    # Where something is known to be bad both end with an error, and the plan says it, too.
    tool("lock", *cache, timeout=SECONDS)
    planned = tool("plan", "--json", "--quiet", *cache, timeout=SECONDS)
    plan, _ = json.JSONDecoder().raw_decode(planned.output)
    built = tool("build", "--local", "--out", "dist", *cache, timeout=SECONDS)
    seconds = dict(_seconds(logs, case.project))
    wheels = {path.name for path in (directory / "dist").glob("*.whl")}
    for series, cell in _cells(plan, case):
        python = f"cp{series.replace('.', '')}"
        if cell["state"] != "build":
            yield Result(project=case.project, series=series, reason=cell.get("reason", ""))
        elif _is_served(wheels, cell, python):
            took = seconds.get((cell["version"], python), 0)
            yield Result(
                project=case.project, series=series, version=cell["version"], seconds=max(1, took)
            )
        else:
            print(built.output, file=sys.stderr)
            reason = f"failed: {why(built.output)}"
            yield Result(
                project=case.project, series=series, version=cell["version"], reason=reason
            )


def _cells(plan: Mapping[str, Any], case: Case) -> Iterator[tuple[str, Mapping[str, Any]]]:
    series_of = {target["id"]: target["python"].rpartition(".")[0] for target in plan["targets"]}
    for cell in plan["cells"]:
        if cell["project"] == case.project:
            yield series_of[cell["target"]], cell


def _is_served(wheels: set[str], cell: Mapping[str, Any], python: str) -> bool:
    """Whether a wheel of the cell's version is for ``python``, or for it and all after (abi3)."""
    name = cell["project"].replace("-", "_")
    for wheel in wheels:
        project, version, *_, tag, abi, _ = wheel.removesuffix(".whl").split("-")
        if project.lower().replace(".", "_") == name and version == cell["version"]:
            is_older = int(tag[2:].partition(".")[0][1:] or 0) <= int(python[3:])
            if tag == python or (abi == "abi3" and is_older) or abi == "none":
                return True
    return False


def _seconds(logs: Path, project: str) -> Iterator[tuple[tuple[str, str], int]]:
    """The steps of each interpreter together: the sums that cibuildwheel prints are rounded."""
    for log in sorted(logs.glob(f"*.{project}-*.log")):
        version = log.name.removesuffix(".log").rpartition(f".{project}-")[2]
        sums: dict[str, float] = {}
        python = ""
        for line in log.read_text(encoding="utf-8").splitlines():
            if begun := _BEGUN.match(line):
                python = begun[1]
                # Lane 1.12.0 builds 2.7 twice, for its two widths of unicode: the last one counts.
                sums[python] = 0
            elif (step := _STEP.fullmatch(line)) and python:
                sums[python] += float(step[1])
        yield from (((version, name), round(sum_)) for name, sum_ in sums.items())


def why(output: str) -> str:
    """What a failed command said, on one line: what tells of errors, else all of its end."""
    lines = [_TEMPORARY.sub("...", line.strip()) for line in output.splitlines()]
    lines = [line for line in lines if line and not line.startswith("hint: ")]
    said = [line for line in lines if _TELLING.search(line)] or lines[-_LAST:]
    return "; ".join(dict.fromkeys(said))[-600:]
