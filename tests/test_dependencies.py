"""What an installation of this program brings."""

import importlib.metadata
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
MOST = 16


def test_the_base_install_stays_at_sixteen_distributions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    closure = {canonicalize_name(project["name"])}
    todo = [Requirement(text) for text in project["dependencies"]]
    while todo:
        name = canonicalize_name(todo.pop().name)
        if name not in closure:
            closure.add(name)
            further = map(Requirement, importlib.metadata.requires(name) or ())
            todo += [r for r in further if r.marker is None or r.marker.evaluate({"extra": ""})]

    assert "pypi-simple" not in closure
    assert len(closure) <= MOST, sorted(closure)
