"""The wheels that a host has built before, by the keys of their builds."""

import dataclasses
import io
from pathlib import Path

import pytest
from rich.console import Console

from matrix.builds.job import build_in_order
from matrix.builds.local_store import LocalStore, digest_keys
from matrix.edge.progress import Loudness, Reporter
from matrix.plan.model import Cell, Job, Plan, PlannedTarget, State

from .builds import LINUX, MANY, job, one, target, wheel

T, NEWER = target(), target("3.13.0")
CELL = Cell(
    project="netifaces", version="0.11.0", target=T.id, state=State.BUILD, reason="",
    filename="netifaces-0.11.0.tar.gz", job="x.00", content_key="a" * 64, test_key="b" * 64,
)  # fmt: skip


def plan(cell: Cell, whole: Job) -> Plan:
    targets = tuple(
        PlannedTarget(id=t.id, python=str(t.python), platform=str(t.platform)) for t in (T, NEWER)
    )
    return Plan(
        bundle="b", targets=targets, requirements=(), cells=(cell,), job_classes=(LINUX,),
        jobs=(whole,),
    )  # fmt: skip


def store(directory: Path, cell: Cell, whole: Job, said: io.StringIO) -> LocalStore:
    reporter = Reporter(loudness=Loudness.NORMAL, console=Console(file=said))
    return LocalStore(directory, plan=plan(cell, whole), reporter=reporter)


def test_a_build_with_the_same_keys_is_taken_from_the_store(tmp_path: Path) -> None:
    build = one(T)
    whole, said = job(build), io.StringIO()
    first = store(tmp_path, CELL, whole, said)
    assert first.find_wheels(build, whole) == ()
    directory = first.find_directory(build, whole)
    directory.mkdir()
    built = wheel(directory, f"netifaces-0.11.0-cp312-cp312-{MANY}.whl")

    assert build_in_order(whole, lambda build, _: first.find_wheels(build, whole)) == (built,)
    assert said.getvalue() == "built before: netifaces 0.11.0 of x.00\n"


@pytest.mark.parametrize("field", ["content_key", "test_key"])
def test_another_key_is_another_directory(field: str, tmp_path: Path) -> None:
    build = one(T)
    whole = job(build)
    other = "c" * 64
    changed = (
        dataclasses.replace(CELL, content_key=other)
        if field == "content_key"
        else dataclasses.replace(CELL, test_key=other)
    )

    assert digest_keys(build, whole, plan(changed, whole)) != digest_keys(
        build, whole, plan(CELL, whole)
    )
    directory = store(tmp_path, CELL, whole, io.StringIO()).find_directory(build, whole)
    directory.mkdir()
    wheel(directory, f"netifaces-0.11.0-cp312-cp312-{MANY}.whl")
    assert store(tmp_path, changed, whole, io.StringIO()).find_wheels(build, whole) == ()


def test_wheels_of_an_interrupted_build_are_not_taken(tmp_path: Path) -> None:
    build = one(T, NEWER)
    whole, said = job(build), io.StringIO()
    kept = store(tmp_path, CELL, whole, said)
    directory = kept.find_directory(build, whole)
    directory.mkdir()
    wheel(directory, f"netifaces-0.11.0-cp312-cp312-{MANY}.whl")

    assert kept.find_wheels(build, whole) == ()
