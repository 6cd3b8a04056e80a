"""Jobs of several builds: their order, what each is given, and what a failure stops."""

import shlex
from pathlib import Path, PurePosixPath

import pytest

from matrix.builds.job import build_in_order
from matrix.builds.prerequisites import select_prerequisites
from matrix.builds.wheelhouse import describe_file
from matrix.configurations.inputs import LockedWheel
from matrix.configurations.pip_settings import pin_releases
from matrix.errors import BuildFailed, Problem, UsageError
from matrix.plan.model import Build, Cell, Plan, State

from .builds import (
    LINUX,
    MANY,
    WINDOWS,
    configure,
    job,
    one,
    options,
    place,
    prepared,
    run_job,
    sdist,
    target,
    wheel,
)

T = target()


def cell(project: str, version: str, state: State) -> Cell:
    return Cell(project=project, version=version, target=T.id, state=state, reason="")


def plan(*cells: Cell) -> Plan:
    return Plan(bundle="b", targets=(), requirements=(), cells=cells, job_classes=(), jobs=())


def make(out: Path, *failing: str) -> tuple[list[tuple[str, list[str]]], object]:
    """A maker of empty files that notes what it was given."""
    seen: list[tuple[str, list[str]]] = []

    def made(build: Build, given: list[Path]) -> tuple[Path, ...]:
        seen.append((build.project, [path.name for path in given]))
        if build.project in failing:
            raise BuildFailed(Problem(place="x.00", what=f"{build.label}: no compiler"))
        return (out / f"{build.project}.whl",)

    return seen, made


def test_each_build_is_given_the_wheels_that_it_waits_for(tmp_path: Path) -> None:
    whole = job(one(project="a"), one(project="b"), one(project="c", after=("a",)))
    seen, made = make(tmp_path)

    wheels = build_in_order(whole, made)  # type: ignore[arg-type]

    assert seen == [("a", []), ("b", []), ("c", ["a.whl"])]
    assert [path.name for path in wheels] == ["a.whl", "b.whl", "c.whl"]


def test_a_failure_blocks_its_dependents_and_nobody_else(tmp_path: Path) -> None:
    whole = job(
        one(project="lxml"),
        one(project="other"),
        one(project="xmlsec", after=("lxml",)),
        one(project="saml", after=("lxml", "xmlsec")),
    )
    seen, made = make(tmp_path, "lxml")

    with pytest.raises(BuildFailed) as caught:
        build_in_order(whole, made)  # type: ignore[arg-type]

    assert [project for project, _ in seen] == ["lxml", "other"]
    assert str(caught.value).splitlines() == [
        "x.00: lxml 0.11.0: no compiler",
        "x.00: blocked    xmlsec 0.11.0, which needs lxml 0.11.0",
        "x.00: blocked    saml 0.11.0, which needs lxml 0.11.0",
    ]


def test_a_build_finds_the_wheels_of_its_job_before_those_of_the_index(tmp_path: Path) -> None:
    path = tmp_path / f"lxml-6.1.3-cp312-cp312-{MANY}.whl"
    build = one(T, project="xmlsec", after=("lxml",))

    given = select_prerequisites(
        build, built=[path], reused=(), plan=plan(cell("lxml", "6.1.3", State.BUILD)), place="x.00"
    )

    assert given == (path,)
    configured = configure(T, placement=place(prerequisites=tuple(map(describe_file, given))))
    assert configured.text_by_path[PurePosixPath("constraints/build.txt")] == "lxml==6.1.3\n"
    engine = options(configured)["container-engine"]
    assert isinstance(engine, dict)
    assert engine["create-args"][-4:] == [
        "--env=PIP_CONSTRAINT=/project/constraints/build.txt",
        "--env=PIP_BUILD_CONSTRAINT=/project/constraints/build.txt",
        "--env=PIP_FIND_LINKS=/project/wheels",
        "--env=UV_FIND_LINKS=/project/wheels",
    ]


def test_without_containers_what_pip_finds_already_stays_found(tmp_path: Path) -> None:
    work = tmp_path / "a work directory"
    windows = target(platform="win_amd64")

    wheel = LockedWheel(project="a", version="1", filename="a-1-py3-none-any.whl")
    configured = configure(
        windows,
        job_class=WINDOWS,
        placement=place(links="/opt/wheels", prerequisites=(wheel,), work=work),
    )

    ours = f"{tmp_path.as_uri()}/a%20work%20directory/wheels"
    assert configured.variables["PIP_FIND_LINKS"] == f"/opt/wheels {ours}"


def test_only_what_a_build_needs_is_offered(tmp_path: Path) -> None:
    names = [
        f"lxml-6.1.3-cp312-cp312-{MANY}.whl",
        f"lxml-5.0-cp39-cp39-{MANY}.whl",
        f"cython-3.0-cp312-cp312-{MANY}.whl",
    ]
    build = Build(
        project="xmlsec", version="1.0", sdist="", sha256="", size=0, identifiers=(),
        targets=(T.id,), reused=("lxml",),
    )  # fmt: skip
    known = plan(cell("lxml", "6.1.3", State.REUSED), cell("cython", "3.0", State.REUSED))

    given = select_prerequisites(
        build, built=(), reused=[tmp_path / name for name in names], plan=known, place="x.00"
    )

    assert [path.name for path in given] == names[:1]


def test_a_wheel_of_the_previous_bundle_that_nobody_brings_is_an_error() -> None:
    build = Build(
        project="xmlsec", version="1.0", sdist="", sha256="", size=0, identifiers=(),
        targets=(T.id,), reused=("lxml",),
    )  # fmt: skip

    with pytest.raises(UsageError) as caught:
        select_prerequisites(build, built=(), reused=(), plan=plan(), place="x.00")

    assert str(caught.value) == (
        "x.00: xmlsec 1.0 needs lxml of an earlier run, got none\n"
        "  hint: --previous BUNDLE, or the directory that `wheelyard plan --out DIR` wrote"
    )


def test_versions_on_which_targets_disagree_are_not_pinned(tmp_path: Path) -> None:
    paths = [tmp_path / f"lxml-{v}-cp312-cp312-{MANY}.whl" for v in ("5.0", "6.1.3")]
    build = one(T, project="xmlsec", after=("lxml",))

    given = select_prerequisites(build, built=paths, reused=(), plan=plan(), place="x.00")

    assert given == tuple(paths)
    assert pin_releases(map(describe_file, given)) == []


def test_a_whole_job_hands_wheels_on_and_keeps_what_succeeded(tmp_path: Path) -> None:
    """The fake cibuildwheel fails for ``broken``, and shows what lies in the run's ``wheels``."""
    name = f"lxml-0.11.0-cp312-cp312-{MANY}.whl"
    built = shlex.quote(str(wheel(tmp_path, name)))
    prepared(
        tmp_path,
        f'case "$1" in *lxml*) cp {built} "$out";; *) ls wheels; echo error: broken; exit 1;; esac',
    )
    for project in ("lxml", "broken", "later"):
        sdist(tmp_path, project)

    with pytest.raises(BuildFailed) as caught:
        run_job(
            tmp_path,
            T,
            job_class=LINUX,
            builds=(
                one(T, project="lxml"),
                one(T, project="broken", after=("lxml",)),
                one(T, project="later", after=("broken", "lxml")),
            ),
        )

    assert {path.name for path in (tmp_path / "wheels").iterdir()} == {name, f"{name}.json"}
    log = tmp_path / "logs" / "x.00.broken-0.11.0.log"
    assert log.read_text() == f"{name}\nerror: broken\n"
    assert str(caught.value) == (
        "x.00: broken 0.11.0: cibuildwheel ended with status 1: a command of the build failed\n"
        f"  error: broken\n  hint: read {log}\n"
        "x.00: blocked    later 0.11.0, which needs broken 0.11.0"
    )
    assert caught.value.exit_code == 8
