"""
The carrier of pure wheels, by the interpreters of this machine; in cibuildwheel it is in ``e2e``.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest
from packaging.utils import parse_wheel_filename

from matrix.builds import pure
from matrix.builds.causes import Cause
from matrix.builds.failure import classify_failure
from matrix.configurations import carrier
from matrix.edge import files
from matrix.edge.programs import Finished
from matrix.errors import BuildFailed
from matrix.manifest import recipe as recipes
from matrix.manifest.recipe import Recipe

from . import builds

SOURCE = PurePosixPath("src/toy-1.0")
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


# What cibuildwheel's frontends do with a project: they call its backend from its directory.
FRONTEND = """\
import json, os, sys
os.chdir(sys.argv[1])
sys.path.insert(0, sys.argv[1])
import carrier
print(json.dumps(carrier.build_wheel(sys.argv[2])))
"""


def furnished(work: Path, settings: Mapping[str, tuple[str, ...]] | None = None) -> Path:
    """The directory of a run, as ``attempt`` makes it."""
    members = {"toy.py": "TOY = 1\n", "toy_backend.py": BACKEND, "pyproject.toml": PYPROJECT}
    texts = {
        **carrier.carrier_files(SOURCE, settings or {}),
        **{SOURCE / n: t for n, t in members.items()},
    }
    for path, text in texts.items():
        files.write(work / path, text)
    return work


def before_build(work: Path, python: Path = Path(sys.executable)) -> Finished:
    environment = {"PATH": os.defpath, "PIP_NO_INDEX": "1", "HOME": str(work)}
    command = [str(python), str(work / "pure" / "pure.py")]
    done = subprocess.run(
        command, env=environment, check=False, text=True, stdout=-1, stderr=subprocess.STDOUT
    )
    return Finished(command=tuple(command), status=done.returncode, output=done.stdout)


def carry(work: Path, python: Path = Path(sys.executable)) -> str:
    (work / "out").mkdir(exist_ok=True)
    command = [str(python), "-c", FRONTEND, str(work / "carrier"), str(work / "out")]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    name: str = json.loads(done.stdout)
    return name


@pytest.mark.parametrize("python", [pytest.param(Path(sys.executable), id="this"), *pyenv("3.9")])
def test_the_wheel_is_built_by_the_first_interpreter_alone(python: Path, tmp_path: Path) -> None:
    work = furnished(tmp_path / "a work directory")

    first, second = before_build(work, python), before_build(work)

    assert (first.status, second.status) == (0, 0), first.output
    assert [p.name for p in (work / "carrier/wheel").iterdir()] == ["toy-1.0-py2.py3-none-any.whl"]
    assert second.output == "built before, by another interpreter\n"


@pytest.mark.parametrize(
    "python",
    [pytest.param(Path(sys.executable), id="this"), *pyenv("2.7", "3.6", "3.8", "3.13")],
)
def test_the_carrier_hands_it_over_as_one_that_the_interpreter_installs(
    python: Path, tmp_path: Path
) -> None:
    work = furnished(tmp_path / "a work directory")
    built = work / "carrier" / "wheel" / "toy-1.0-py2.py3-none-any.whl"
    files.write(built, "its bytes")

    name = carry(work, python)

    _, _, build, tags = parse_wheel_filename(name)
    assert build[:1] == (0,)
    assert {tag.interpreter for tag in tags} == {"py2", "py3"}
    assert {(tag.abi, tag.platform.split("_")[0]) for tag in tags} == {("none", sys.platform)}
    assert (work / "out" / name).read_bytes() == built.read_bytes()


def test_what_interpreters_hand_over_gets_its_own_name_back(tmp_path: Path) -> None:
    for interpreter in ("31201", "31300"):
        name = f"toy-1.0-0_{interpreter}-py2.py3-none-linux_x86_64.whl"
        files.write(tmp_path / name, "its bytes")

    pure.unwrap_wheels(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["toy-1.0-py2.py3-none-any.whl"]


@pytest.mark.parametrize("wheel", ["toy-1.0-py3-none-any.whl", "toy-1.0-7b-py3-none-any.whl"])
def test_a_name_comes_back_as_it_was(wheel: str, tmp_path: Path) -> None:
    work = furnished(tmp_path)
    files.write(work / "carrier" / "wheel" / wheel, "")

    carry(work)
    pure.unwrap_wheels(work / "out")

    assert [path.name for path in (work / "out").iterdir()] == [wheel]


def test_the_recipe_s_settings_reach_the_backend(tmp_path: Path) -> None:
    work = furnished(tmp_path, {"tag": ("py3-none-any",)})

    assert before_build(work).succeeded
    assert [p.name for p in (work / "carrier/wheel").iterdir()] == ["toy-1.0-py3-none-any.whl"]


def test_a_wheel_for_one_platform_is_told_as_such(tmp_path: Path) -> None:
    work = furnished(tmp_path, {"tag": ("cp311-cp311-linux_x86_64",)})

    done = before_build(work)
    log = f"Running before_build...\n{done.output}Error: Command ['sh'] failed with code 1.\n"
    told = classify_failure(Finished(command=(), status=1, output=log))

    assert done.status == 1
    assert not (work / "carrier" / "wheel").exists()
    assert (told.cause, told.lines) == (
        Cause.NOT_PURE,
        ("expected one wheel that runs everywhere, got toy-1.0-cp311-cp311-linux_x86_64.whl",),
    )
    assert told.what == (
        "no pure wheel: expected a pure wheel of the sdist, got one for this platform"
    )


def test_a_build_that_fails_ends_with_its_status(tmp_path: Path) -> None:
    work = furnished(tmp_path)
    (work / SOURCE / "toy_backend.py").write_text("raise SystemExit('no')\n")

    assert not before_build(work).succeeded
    assert not (work / "carrier" / "wheel").exists()


# With pips that old a backend must be fetched, so that they build for real only in containers.
@pytest.mark.parametrize("python", pyenv("2.7", "3.6"))
def test_the_script_is_python_for_old_interpreters(python: Path, tmp_path: Path) -> None:
    work = furnished(tmp_path)
    files.write(work / "carrier" / "wheel" / "toy-1.0-py3-none-any.whl", "")

    assert before_build(work, python).output == "built before, by another interpreter\n"


def test_cibuildwheel_is_given_the_carrier_instead_of_the_sdist() -> None:
    recipe = Recipe(
        config_settings={"a": ("b",)},
        repair=recipes.Repair(exclude=("libx.so",)),
    )

    told = builds.configure(builds.target(), is_pure=True, recipe=recipe)

    options = builds.options(told)
    assert told.package == carrier.CARRIER
    assert options["before-build"] == 'python "{project}/pure/pure.py"'
    assert options["repair-wheel-command"] == ""
    assert options["test-command"] == 'python "{project}/smoke/smoke.py"'
    assert "config-settings" not in options
    assert json.loads(told.text_by_path[PurePosixPath("pure/pure.json")]) == {
        "carrier": "carrier",
        "refusal": "expected one wheel that runs everywhere, got",
        "source": "src/netifaces-0.11.0",
        "config_settings": {"a": ["b"]},
    }


def test_1_12_0_has_no_settings_for_pure_wheels_either() -> None:
    recipe = Recipe(config_settings={"a": ("b",)})
    python = builds.target("2.7.18")

    told = builds.configure(python, job_class=builds.OLD, is_pure=True, recipe=recipe)

    assert told.variables["CIBW_BEFORE_BUILD"] == 'python "{project}/pure/pure.py"'
    assert told.variables["CIBW_REPAIR_WHEEL_COMMAND"] == ""
    assert json.loads(told.text_by_path[PurePosixPath("pure/pure.json")])["config_settings"] == {}


# What 1.12.0 and the others say of a wheel that runs everywhere.
REFUSALS = (
    "exit 5",
    "echo Building wheel...; echo cibuildwheel.util.NonPlatformWheelError:; exit 1",
)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_turns_out_to_be_pure_is_built_again_as_such(refusal: str, tmp_path: Path) -> None:
    made = builds.wheel(tmp_path, "netifaces-0.11.0-0_3-py3-none-linux_x86_64.whl")
    body = f'if [ "$1" != carrier ]; then {refusal}; fi\ncp "{made}" "$out"'
    builds.prepared(tmp_path, body)

    kept = builds.run_job(tmp_path, builds.target())

    assert kept == (
        tmp_path / "wheels/shared/manylinux-x86-64-cibw4/netifaces-0.11.0-py3-none-any.whl",
    )
    assert [path.suffix for path in (tmp_path / "logs").iterdir()] == [".log"]


def test_what_is_refused_as_pure_twice_has_failed(tmp_path: Path) -> None:
    builds.prepared(tmp_path, "exit 5")

    with pytest.raises(BuildFailed, match="status 5: the sdist makes a pure wheel"):
        builds.run_job(tmp_path, builds.target())
