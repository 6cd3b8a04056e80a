"""
The golden cases: a manifest each, and the files that it must produce.

``python -m tests.golden.cases`` writes them anew; read the difference before you commit it.
"""

import os
import sys
from pathlib import Path

from matrix.manifest.model import Manifest
from matrix.manifest.reading import load
from matrix.pipelines import agreement, gitlab, providers
from matrix.plan.job_classes import assign_job_classes
from matrix.plan.model import Build, Job, JobClass, Plan
from matrix.plan.shards import first_byte, job_id

ROOT = Path(__file__).parent
NAMES = tuple(sorted(path.parent.name for path in ROOT.glob("*/packages.yaml")))

# The digest follows from the plan's schema, which is no concern of a pipeline's text.
NO_DIGEST = "0" * 64


def manifest(case: str) -> Manifest:
    return load(ROOT / case / "packages.yaml")


def job(project: str, version: str, job_class: JobClass) -> Job:
    build = Build(
        project=project,
        version=version,
        sdist=f"{project}-{version}.tar.gz",
        sha256="0" * 64,
        size=1,
        identifiers=(f"cp312-{job_class.platform}",),
        targets=(),
    )
    return Job(
        id=job_id(job_class.id, first_byte(project)),
        job_class=job_class.id,
        builds=(build,),
        seconds=60,
    )


def plan(of: Manifest, *, projects: tuple[str, ...] = ("netifaces",)) -> Plan:
    """A plan that builds every project in every job class."""
    classes = tuple(sorted(set(assign_job_classes(of).values())))
    return Plan(
        bundle=of.bundle,
        targets=(),
        requirements=(),
        cells=(),
        job_classes=classes,
        jobs=tuple(
            sorted(job(name, "1.0", job_class) for name in projects for job_class in classes)
        ),
    )


def outputs(case: str) -> dict[str, str]:
    """Every file that a case must produce: what is committed, GitLab's child full and empty."""
    of = manifest(case)
    full, empty = plan(of), plan(of, projects=())
    return {
        **providers.render_committed(of),
        **_child(of, full, name="child.yml"),
        **_child(of, empty, name="empty-child.yml"),
    }


def _child(of: Manifest, plan: Plan, *, name: str) -> dict[str, str]:
    child = gitlab.GitLab().render_child(of, plan)
    return {name: child.replace(agreement.digest_plan(plan), NO_DIGEST)} if child else {}


def read_golden(case: str) -> dict[str, str]:
    return {
        path.relative_to(ROOT / case).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / case).rglob("*"))
        if path.is_file() and path.name != "packages.yaml"
    }


def rewrite() -> None:
    for case in NAMES:
        wanted = outputs(case)
        for stale in read_golden(case).keys() - wanted.keys():
            (ROOT / case / stale).unlink()
        for name, text in wanted.items():
            path = ROOT / case / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if os.environ.get("CI"):
        sys.exit("golden files are rewritten and read by a person, never in CI")
    rewrite()
