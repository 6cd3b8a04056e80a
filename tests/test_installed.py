"""The tool from its built wheel: templates and data travel inside, and no checkout is needed."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from matrix.manifest.reading import read
from matrix.pipelines import providers

from .manifests import text

ROOT = Path(__file__).parent.parent
TOOL = "tool: wheelyard==0.1.0\nnetwork: {index: 'https://index.example/simple/'}\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without isolation: the build backend is in the test environment."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    return next(out.glob("wheelyard-*.whl"))


def test_the_wheel_holds_templates_data_and_scripts(built: Path) -> None:
    names = set(zipfile.ZipFile(built).namelist())

    templates = {
        f"matrix/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
    }
    data = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "matrix" / "data").rglob("*")
        if path.is_file()
    }
    scripts = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "matrix").glob("*/scripts/*.*")
        if path.is_file()
    }
    assert "matrix/configurations/scripts/smoke.py" in scripts
    assert templates | data | scripts <= names
    assert not [name for name in names if name.startswith(("tests", "docs"))]


def test_the_installed_tool_generates_what_the_checkout_generates(
    built: Path, tmp_path: Path
) -> None:
    # Dependencies come from the environment of the tests; the tool itself only from its wheel.
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    site = next(environment.glob("lib/python3.*/site-packages"))
    zipfile.ZipFile(built).extractall(site)
    packages = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(packages), encoding="utf-8")
    (tmp_path / "packages.yaml").write_text(text("requests", more=TOOL), encoding="utf-8")

    ran = subprocess.run(
        [environment / "bin" / "python", "-P", "-m", "matrix", "generate"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    wanted = providers.render_committed(read(text("requests", more=TOOL)))
    assert {path: (tmp_path / path).read_text(encoding="utf-8") for path in wanted} == wanted
