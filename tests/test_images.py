"""Prepared images with an engine that only notes what it is asked; a real one is in ``e2e``."""

import json
import os
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from matrix.builds.causes import Cause
from matrix.builds.engine import Engine, Unequipped
from matrix.builds.failure import NotBuilt
from matrix.builds.images import name_image, prepare_image, prune_images
from matrix.edge.progress import Loudness, Reporter

QUIET = Reporter(loudness=Loudness.QUIET, console=Console(quiet=True))
IMAGE = "images.example/manylinux_2_28_x86_64:1"
SCRIPT = "dnf install -y snappy-devel\n"
CASES = """\
case "$1 $2 $*" in
  "image inspect "*Config.Cmd*) echo '["/bin/bash"]' ;;
  "image inspect "*.Id*) echo sha256:1234 ;;
  "image inspect "*prepared:*) exit 1 ;;
"""


def engine(directory: Path, cases: str = "", *, program: str = "podman", **more: str) -> Engine:
    """An engine that notes its arguments and the proxies it sees, and answers by ``cases``."""
    log = shlex.quote(str(directory / "log"))
    path = directory / program
    note = f'echo "$*${{https_proxy:+ through a proxy}}" >> {log}'
    path.write_text(f"#!/bin/sh\n{note}\n{CASES}{cases}esac\n")
    path.chmod(0o755)
    return Engine(program=str(path), environment={"PATH": os.defpath, **more})


def asked(directory: Path) -> list[str]:
    return (directory / "log").read_text().splitlines()


def make(directory: Path, one: Engine, **more: str) -> str:
    return prepare_image(
        one,
        IMAGE,
        SCRIPT,
        place="x.00: x 1",
        environment=more,
        log=directory / "logs" / "x.log",
        reporter=QUIET,
    )


def test_an_image_is_made_by_a_container_that_is_gone_afterwards(tmp_path: Path) -> None:
    made = make(tmp_path, engine(tmp_path))

    log = asked(tmp_path)
    container = log[2].partition("--name=")[2].partition(" ")[0]
    assert made == name_image(engine(tmp_path), IMAGE, SCRIPT)
    assert log == [
        f"image inspect --format {{{{.Id}}}} {IMAGE}",
        f"image inspect {made}",
        f"create --name={container} --http-proxy=false {IMAGE} sleep 7200",
        f"start {container}",
        *(f"exec {container} /bin/sh -euc {SCRIPT}").splitlines(),
        "",
        f"image inspect --format {{{{json .Config.Cmd}}}} {IMAGE}",
        (
            'commit --change=CMD ["/bin/bash"] --change=LABEL wheelyard.prepared=1 '
            f"{container} {made}"
        ),
        f"kill {container}",
        f"rm --force {container}",
        "image prune --all --force --filter=label=wheelyard.prepared --filter=until=720h",
    ]


def test_what_is_there_is_taken(tmp_path: Path) -> None:
    present = engine(tmp_path)
    program = Path(present.program)
    program.write_text(program.read_text().replace("*prepared:*) exit 1", "*prepared:*) exit 0"))

    make(tmp_path, present)

    assert [line.split()[0] for line in asked(tmp_path)] == ["image", "image"]


def test_the_name_follows_from_base_and_script_alone(tmp_path: Path) -> None:
    one = engine(tmp_path)
    known = name_image(one, IMAGE, SCRIPT)
    other = engine(tmp_path, program="docker", HOME="/elsewhere")

    assert name_image(other, "another-name:1", SCRIPT) == known
    assert name_image(one, IMAGE, f"{SCRIPT} ") != known
    assert known.startswith("localhost/wheelyard/prepared:")


@pytest.mark.parametrize(
    ("program", "option"),
    [
        ("podman", "--http-proxy=false"),
        ("docker", "--env=HTTPS_PROXY="),
    ],
)
def test_no_address_with_a_password_stays_in_the_image(
    program: str, option: str, tmp_path: Path
) -> None:
    secrets = {
        "https_proxy": "http://u:secret@proxy.example:3128",
        "PIP_INDEX_URL": "https://u:secret@index.example/simple/",
        "PIP_EXTRA_INDEX_URL": "https://index.example/a/ https://secret@index.example/b/",
        "PIP_TRUSTED_HOST": "index.example",
    }
    one = engine(tmp_path, program=program, **secrets)
    program_path = Path(one.program)
    shown = "https_proxy PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST"
    log = shlex.quote(str(tmp_path / "seen"))
    loop = f'for n in {shown}; do eval "echo $1 $n=\\$$n" >> {log}; done'
    program_path.write_text(program_path.read_text().replace("#!/bin/sh", f"#!/bin/sh\n{loop}"))

    make(tmp_path, one, **secrets)

    create, exec_ = (line for line in asked(tmp_path) if line.startswith(("create", "exec")))
    assert option in create.split()
    assert "through a proxy" not in create
    # The script reaches its mirrors through it all the same.
    assert exec_.startswith("exec --env=PIP_TRUSTED_HOST --env=https_proxy ")
    assert "secret" not in "\n".join(asked(tmp_path))
    seen = (tmp_path / "seen").read_text().splitlines()
    assert [line for line in seen if line.startswith("exec")] == [
        "exec https_proxy=http://proxy.example:3128",
        "exec PIP_INDEX_URL=",
        "exec PIP_EXTRA_INDEX_URL=",
        "exec PIP_TRUSTED_HOST=index.example",
    ]


def test_what_the_script_does_not_get_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare_image(
        engine(tmp_path),
        IMAGE,
        SCRIPT,
        place="x.00: x 1",
        environment={
            "HTTP_PROXY": "u:secret@proxy.example",
            "NO_PROXY": "index.example",
            "PIP_INDEX_URL": "https://u:secret@index.example/simple/",
        },
        log=tmp_path / "x.log",
        reporter=Reporter(loudness=Loudness.NORMAL),
    )

    assert capsys.readouterr().err.splitlines()[1:] == [
        "installing system packages: HTTP_PROXY is passed without its user and password",
        "installing system packages: PIP_INDEX_URL holds a password and is not passed",
    ]


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    one = engine(tmp_path, '  exec*) echo "No match for argument: snappy-devel"; exit 1 ;;\n')

    with pytest.raises(NotBuilt) as caught:
        make(tmp_path, one)

    log = tmp_path / "logs" / "x.log"
    assert str(caught.value) == (
        "x.00: x 1: system package: snappy-devel\n"
        "  No match for argument: snappy-devel\n"
        f"  hint: read {log}"
    )
    assert log.read_text() == "Running before_all...\nNo match for argument: snappy-devel\n"
    assert json.loads(log.with_name("x.log.json").read_text())["cause"] == Cause.SYSTEM_PACKAGE
    assert not any(line.startswith("commit") for line in asked(tmp_path))
    assert asked(tmp_path)[-1].startswith("rm --force wheelyard-")


def test_a_mirror_that_does_not_answer_is_worth_another_try(tmp_path: Path) -> None:
    one = engine(tmp_path, '  exec*) echo "Could not resolve host: mirror.example"; exit 1 ;;\n')

    with pytest.raises(NotBuilt) as caught:
        make(tmp_path, one)

    assert caught.value.failure.is_retryable


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        (
            "  create*) echo 'no space left'; exit 125 ;;\n",
            f"{IMAGE} does not start: no space left",
        ),
        (
            "  commit*) echo 'no space left'; exit 125 ;;\n",
            f"{IMAGE} with its system packages cannot be committed: no space left",
        ),
    ],
    ids=["create", "commit"],
)
def test_an_engine_that_fails_leaves_no_container(cases: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(Unequipped, match=message):
        make(tmp_path, engine(tmp_path, cases))

    assert asked(tmp_path)[-1].startswith("rm --force wheelyard-")


def test_old_images_are_removed_by_label_and_age(tmp_path: Path) -> None:
    prune_images(engine(tmp_path), days=30)

    assert asked(tmp_path) == [
        "image prune --all --force --filter=label=wheelyard.prepared --filter=until=720h"
    ]
