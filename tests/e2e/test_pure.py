"""What needs an engine of a build's surroundings: pure wheels in a container, prepared images."""

from pathlib import Path, PurePosixPath

import pytest
from packaging.utils import canonicalize_name

from matrix.build import pure, system_packages
from matrix.build.engine import Engine
from matrix.build.failure import NotBuilt
from matrix.build.prepared import LABEL, name, prepared
from matrix.build.pure import Task
from matrix.distributions import sdist as sdists
from matrix.edge.progress import Loudness, Reporter
from matrix.manifest.model import Recipe

from ..wheels import make_sdist
from .images import BUILDER, Images
from .podman import Podman

QUIET = Reporter(loudness=Loudness.QUIET)
SETUP = "from setuptools import setup\nsetup(name='toy', version='1.0', py_modules=['toy'])\n"
# A backend that needs nothing but the interpreter, for a container without a network.
BACKEND = """\
import zipfile


def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "toy-1.0-py3-none-any.whl"
    info = "toy-1.0.dist-info/"
    with zipfile.ZipFile(directory + "/" + name, "w") as wheel:
        wheel.writestr("toy.py", "")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: toy\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "toy.py,,\\n")
    return name
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture
def engine(podman: Podman, images: Images) -> Engine:
    assert images.recipe.digest
    return Engine(program=str(podman.program), environment=podman.environment)


@pytest.mark.parametrize(
    ("pythons", "members", "wheel"),
    [
        (
            ("cp39", "cp312", "cp313"),
            {"backend.py": BACKEND, "pyproject.toml": PYPROJECT},
            "toy-1.0-py3-none-any.whl",
        ),
        # As old as that, tools must be in the image: there are no others.
        (("cp27",), {"setup.py": SETUP, "toy.py": ""}, "toy-1.0-py2-none-any.whl"),
    ],
    ids=["3", "2.7"],
)
def test_a_pure_wheel_is_built_without_network_and_tested_on_every_interpreter(
    engine: Engine,
    tmp_path: Path,
    pythons: tuple[str, ...],
    members: dict[str, str],
    wheel: str,
) -> None:
    source = sdists.unpack(make_sdist(tmp_path, "toy", "1.0", members=members), tmp_path / "w/src")
    task = Task(
        project=canonicalize_name("toy"),
        work=tmp_path / "w",
        source=PurePosixPath(source.relative_to(tmp_path / "w").as_posix()),
        identifiers=tuple(f"{python}-manylinux_x86_64" for python in pythons),
        recipe=Recipe(),
    )

    done = pure.in_container(
        task,
        engine=engine,
        image=BUILDER,
        arguments=("--network=none", "--env=PIP_NO_INDEX=1", "--env=SOURCE_DATE_EPOCH=1700000000"),
        reporter=QUIET,
        seconds=120,
    )

    assert done.succeeded, done.output
    assert [path.name for path in (tmp_path / "w/out").iterdir()] == [wheel]
    assert done.output.splitlines().count("import toy") == len(pythons)


def test_system_packages_are_installed_once_and_leave_no_address(
    engine: Engine, tmp_path: Path
) -> None:
    script = (
        "echo 'made for this test' > /made\ntest \"$PIP_INDEX_URL\" = http://u:secret@i.example\n"
    )
    secret = {
        "PIP_INDEX_URL": "http://u:secret@i.example",
        "http_proxy": "http://u:secret@p.example",
    }
    told = Engine(program=engine.program, environment={**engine.environment, **secret})

    def make() -> str:
        return prepared(
            told,
            BUILDER,
            script,
            place="x",
            carried=("PIP_INDEX_URL",),
            log=tmp_path / "log",
            reporter=QUIET,
        )

    try:
        made = make()
        assert make() == made
        ran = engine.run("run", "--rm", "--network=none", made, "cat", "/made", seconds=60)
        assert ran.output == "made for this test\n"
        asked = ("image", "inspect", "--format")
        platform = engine.run(*asked, "{{.Os}}/{{.Architecture}}", made, seconds=60).output
        # cibuildwheel pulls an image whose platform is not the one it asks for.
        assert (
            platform == engine.run(*asked, "{{.Os}}/{{.Architecture}}", BUILDER, seconds=60).output
        )
        told_of_it = engine.run(*asked, "{{json .}}", made, seconds=60).output
        assert "secret" not in told_of_it
        assert LABEL in told_of_it
        command = engine.run(*asked, "{{json .Config.Cmd}}", made, seconds=60).output
        assert command.strip() == '["/bin/bash"]'
    finally:
        engine.run("image", "rm", name(engine, BUILDER, script), seconds=60)


def test_a_system_package_that_is_not_there_is_named(engine: Engine, tmp_path: Path) -> None:
    script = system_packages.script("linux", {"apt": ("libno-such-thing-dev",)})

    with pytest.raises(NotBuilt) as caught:
        prepared(engine, BUILDER, script, place="x", log=tmp_path / "log", reporter=QUIET)

    assert caught.value.failure.things == ("libno-such-thing-dev",)
