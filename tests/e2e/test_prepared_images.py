"""Images in which a recipe's system packages are installed, made by a real engine."""

from pathlib import Path

import pytest

from matrix.builds.engine import Engine
from matrix.builds.failure import NotBuilt
from matrix.builds.images import LABEL, name_image, prepare_image
from matrix.configurations import system_packages
from matrix.edge.progress import Loudness, Reporter

from .images import BUILDER, Images
from .podman import Podman

QUIET = Reporter(loudness=Loudness.QUIET)


@pytest.fixture
def engine(podman: Podman, images: Images) -> Engine:
    assert images.recipe.digest
    return Engine(program=str(podman.program), environment=podman.environment)


def test_system_packages_are_installed_once_and_leave_no_address(
    engine: Engine, tmp_path: Path
) -> None:
    script = (
        "echo 'made for this test' > /made\nenv > /seen\n"
        'test "$PIP_EXTRA_INDEX_URL" = http://i.example\n'
        'test "$http_proxy" = http://p.example\n'
    )
    secret = {
        "PIP_INDEX_URL": "http://u:secret@i.example",
        "PIP_EXTRA_INDEX_URL": "http://i.example",
        "http_proxy": "http://u:secret@p.example",
    }
    told = Engine(program=engine.program, environment={**engine.environment, **secret})

    def make() -> str:
        return prepare_image(
            told,
            BUILDER,
            script,
            place="x",
            environment=secret,
            log=tmp_path / "log",
            reporter=QUIET,
        )

    try:
        made = make()
        assert make() == made
        ran = engine.run("run", "--rm", "--network=none", made, "cat", "/made", seconds=60)
        assert ran.output == "made for this test\n"
        seen = engine.run("run", "--rm", "--network=none", made, "cat", "/seen", seconds=60)
        assert "secret" not in seen.output
        assert "PIP_INDEX_URL" not in seen.output
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
        engine.run("image", "rm", name_image(engine, BUILDER, script), seconds=60)


def test_a_system_package_that_is_not_there_is_named(engine: Engine, tmp_path: Path) -> None:
    script = system_packages.render_script("linux", {"apt": ("libno-such-thing-dev",)})

    with pytest.raises(NotBuilt) as caught:
        prepare_image(engine, BUILDER, script, place="x", log=tmp_path / "log", reporter=QUIET)

    assert caught.value.failure.things == ("libno-such-thing-dev",)
