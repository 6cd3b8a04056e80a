"""Pure builds by the interpreters of this machine; those in containers are in ``e2e``."""

import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from packaging.utils import canonicalize_name
from rich.console import Console

from matrix.build import pure, pure_driver
from matrix.build.engine import Engine, Unequipped
from matrix.build.failure import classified
from matrix.build.machine import Machine
from matrix.build.pure import NOT_PURE, Task, directory
from matrix.distributions import sdist as sdists
from matrix.edge.programs import Finished
from matrix.edge.progress import Loudness, Reporter
from matrix.manifest import model
from matrix.manifest.model import Recipe

from .wheels import make_sdist

QUIET = Reporter(loudness=Loudness.QUIET, console=Console(quiet=True))
# A build backend that needs nothing: what it makes is a zip file with three members.
BACKEND = """\
import os
import zipfile


def build_wheel(directory, config_settings=None, metadata_directory=None):
    tag = (config_settings or {}).get("tag", "py2.py3-none-any")
    name = "toy-1.0-%s.whl" % tag
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        wheel.writestr("toy.py", open("toy.py").read())
        wheel.writestr("toy-1.0.dist-info/METADATA", META)
        wheel.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: %s\\n" % tag)
        wheel.writestr("toy-1.0.dist-info/RECORD", RECORD)
    return name


META = "Metadata-Version: 2.1\\nName: toy\\nVersion: 1.0\\n"
RECORD = "".join("%s,,\\n" % name for name in (
    "toy.py", "toy-1.0.dist-info/METADATA", "toy-1.0.dist-info/WHEEL", "toy-1.0.dist-info/RECORD",
))
"""
PYPROJECT = """\
[build-system]
requires = []
build-backend = "toy_backend"
backend-path = ["."]
"""


def pyenv(*wanted: str) -> list[object]:
    """Interpreters of this machine, skipped with a reason where there are none."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    absent = pytest.mark.skip(reason="pyenv has none of these: the script is unproven there")
    found = {each: sorted(root.glob(f"versions/{each}.*/bin/python")) for each in wanted}
    return [
        pytest.param(paths[-1] if paths else Path(), id=each, marks=() if paths else absent)
        for each, paths in found.items()
    ]


STEPS = ("Building wheel...", "Testing wheel...", "import toy", "imported")


def task(directory: Path, *, module: str = "", recipe: Recipe | None = None) -> Task:
    work = directory / "a work directory"
    members = {"toy.py": module, "toy_backend.py": BACKEND, "pyproject.toml": PYPROJECT}
    source = sdists.unpack(make_sdist(directory, "toy", "1.0", members=members), work / "src")
    return Task(
        project=canonicalize_name("toy"),
        work=work,
        source=PurePosixPath(source.relative_to(work).as_posix()),
        identifiers=("cp39-manylinux_x86_64", "cp312-manylinux_x86_64", "cp314t-manylinux_x86_64"),
        recipe=recipe or Recipe(),
    )


def run(asked: Task, python: Path = Path(sys.executable)) -> Finished:
    return pure.on_machine(
        asked,
        machine=Machine(system="linux", arch="x86_64", python=python),
        environment={"PATH": os.defpath, "PIP_NO_INDEX": "1", "HOME": str(asked.work)},
        reporter=QUIET,
        seconds=120,
    )


@pytest.mark.parametrize("python", [pytest.param(Path(sys.executable), id="this"), *pyenv("3.9")])
def test_a_pure_wheel_is_built_and_tested(python: Path, tmp_path: Path) -> None:
    asked = task(tmp_path, module="print('imported')\n")

    done = run(asked, python)

    assert done.succeeded, done.output
    assert [path.name for path in (asked.work / "out").iterdir()] == [
        "toy-1.0-py2.py3-none-any.whl"
    ]
    steps = [line for line in done.output.splitlines() if line in STEPS]
    assert steps == [*STEPS]


# With pips that old a backend must be fetched, so that they build for real only in containers.
@pytest.mark.parametrize("python", pyenv("2.7", "3.6"))
def test_the_script_is_python_for_old_interpreters(python: Path, tmp_path: Path) -> None:
    asked = task(tmp_path)
    (asked.work / "pure").mkdir()
    script = asked.work / "pure" / "pure.py"
    script.write_text(pure_driver.SCRIPT)
    settings = pure_driver.settings(
        source=asked.source,
        out=PurePosixPath("out"),
        interpreters=["/no/such/python*"],
        config_settings={},
        requires=(),
    )
    script.with_suffix(".json").write_text(settings)

    done = subprocess.run([python, script], check=False, capture_output=True, text=True)

    assert done.stderr == "expected an interpreter at /no/such/python*, got none\n"


def test_a_wheel_that_does_not_pass_its_test_is_not_handed_out(tmp_path: Path) -> None:
    asked = task(tmp_path, module="import no_such_module\n")

    done = run(asked)

    assert not (asked.work / "out").exists()
    assert classified(done, by="the build").what == "test: no_such_module"


def test_the_recipe_decides_test_and_settings(tmp_path: Path) -> None:
    test = model.Test(modules=("toy",), command="python -c \"import toy; print('h' + 'i')\"")
    recipe = Recipe(test=test, config_settings={"tag": ("py3-none-any",)})
    asked = task(tmp_path, recipe=recipe)

    done = run(asked)

    assert done.succeeded, done.output
    assert "hi" in done.output.splitlines()
    assert [path.name for path in (asked.work / "out").iterdir()] == ["toy-1.0-py3-none-any.whl"]


def test_what_the_test_requires_is_installed_before(tmp_path: Path) -> None:
    needed = tmp_path / "wheelhouse" / "needed-1.0-py3-none-any.whl"
    needed.parent.mkdir()
    with zipfile.ZipFile(needed, "w") as archive:
        archive.writestr("needed.py", "")
        archive.writestr(
            "needed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n"
        )
        archive.writestr("needed-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("needed-1.0.dist-info/RECORD", "")
    recipe = Recipe(
        test=model.Test(requires=(needed.as_uri(),), command='python -c "import needed"')
    )

    assert run(task(tmp_path, recipe=recipe)).succeeded


def test_a_wheel_for_one_platform_is_cibuildwheels_after_all(tmp_path: Path) -> None:
    asked = task(tmp_path, recipe=Recipe(config_settings={"tag": ("cp311-cp311-linux_x86_64",)}))

    done = run(asked)

    assert done.status == NOT_PURE
    assert not (asked.work / "out").exists()
    assert classified(done, by="the build").what == (
        "the build ended with status 90: the sdist makes a wheel for one platform, and was taken "
        "for pure"
    )


# In a container ---------------------------------------------------------------------------------


def engine(where: Path, cases: str = "") -> Engine:
    """An engine that notes what it is asked, and answers by ``cases``."""
    program = where / "podman"
    note = f'echo "$*" >> {shlex.quote(str(where / "log"))}'
    program.write_text(f'#!/bin/sh\n{note}\ncase "$*" in\n{cases}esac\n')
    program.chmod(0o755)
    return Engine(program=str(program), environment={"PATH": os.defpath})


def in_container(where: Path, cases: str = "") -> tuple[Finished, list[str]]:
    done = pure.in_container(
        task(where),
        engine=engine(where, cases),
        image="images.example/m:1",
        arguments=("--label=a=b", "--network=none"),
        reporter=QUIET,
        seconds=60,
    )
    return done, (where / "log").read_text().splitlines()


def test_a_container_gets_the_directory_and_gives_the_wheel(tmp_path: Path) -> None:
    done, log = in_container(tmp_path, "  start*) echo built ;;\n")

    name = log[0].partition("--name=")[2].partition(" ")[0]
    work = tmp_path / "a work directory"
    python = "/opt/python/cp312-cp312/bin/python"
    assert (done.status, done.output) == (0, "built\n")
    start = (
        f'for python in {python}; do [ -x "$python" ] && exec "$python" /project/pure/pure.py; '
        f"done; echo 'expected an interpreter at {python}, got none'; exit 1"
    )
    options = "--workdir=/ --label=a=b --network=none images.example/m:1"
    assert log == [
        f"create --name={name} {options} /bin/sh -c {start}",
        f"cp {work}/. {name}:/project",
        f"start --attach {name}",
        f"cp {name}:/project/out/. {work / 'out'}",
        f"rm --force {name}",
    ]


def test_a_container_that_fails_is_removed_all_the_same(tmp_path: Path) -> None:
    done, log = in_container(tmp_path, "  start*) exit 7 ;;\n")

    assert done.status == 7
    assert log[-1].startswith("rm --force wheel-matrix-")


def test_an_image_that_does_not_start_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unequipped, match=r"images\.example/m:1 does not start: no such image"):
        in_container(tmp_path, "  create*) echo 'no such image'; exit 125 ;;\n")


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("cp27-manylinux_x86_64", "cp27-cp27mu"),
        ("cp36-musllinux_x86_64", "cp36-cp36m"),
        ("cp38-manylinux_i686", "cp38-cp38"),
        ("cp315t-manylinux_x86_64", "cp315t-cp315t"),
        ("pp311-manylinux_x86_64", "pp311-*"),
    ],
)
def test_the_interpreter_of_an_identifier_is_where_images_have_it(
    identifier: str, expected: str
) -> None:
    assert directory(identifier) == expected


def test_the_newest_interpreter_with_a_lock_builds() -> None:
    names = ["pp311-a", "cp39-a", "cp27-a", "cp314t-a", "cp314-a", "cp310-a"]

    assert sorted(names, key=pure.age, reverse=True) == [
        *("cp314-a", "cp310-a", "cp39-a", "cp27-a", "cp314t-a", "pp311-a")
    ]
