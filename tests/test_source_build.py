"""What building an sdist takes, told without building it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from matrix.distributions.sdist import Excerpt, InvalidSdist, read_excerpt
from matrix.distributions.source_build import is_pure, read_build_requires

from .wheels import make_sdist

HATCH = '[build-system]\nrequires = ["hatchling>=1.2"]\nbuild-backend = "hatchling.build"\n'


def sdist(directory: Path, members: Mapping[str, str]) -> Excerpt:
    found = read_excerpt(make_sdist(directory, "native", "1.0", members=members))
    assert Excerpt.parse(found.dump()) == found
    return found


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"setup.py": ""}, ["setuptools", "wheel"]),
        ({"pyproject.toml": "[project]\n", "setup.py": ""}, ["setuptools", "wheel"]),
        ({"pyproject.toml": HATCH}, ["hatchling>=1.2"]),
        (
            {"setup.py": "", "setup.cfg": "[options]\nsetup_requires =\n  cffi>=1\n  six\n"},
            ["setuptools", "wheel", "cffi>=1", "six"],
        ),
        (
            {"setup.py": "", "setup.cfg": "[options]\nsetup_requires = cffi>=1; six\n"},
            ["setuptools", "wheel", "cffi>=1", "six"],
        ),
        (
            {"setup.py": "setup(setup_requires=['cffi>=1', OTHER])"},
            ["setuptools", "wheel", "cffi>=1"],
        ),
        ({"setup.py": "print 'old'", "setup.cfg": "%%"}, ["setuptools", "wheel"]),
        (
            {"pyproject.toml": HATCH, "setup.py": "setup(setup_requires=['six'])"},
            ["hatchling>=1.2"],
        ),
    ],
    ids=[
        "setup-py",
        "no-table",
        "table",
        "cfg-lines",
        "cfg-line",
        "literal",
        "unreadable",
        "other",
    ],
)
def test_an_sdist_tells_what_its_build_requires(
    members: Mapping[str, str], expected: list[str], tmp_path: Path
) -> None:
    assert [str(r) for r in read_build_requires(sdist(tmp_path, members))] == expected


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "native-1.0.tar.gz has neither pyproject.toml nor setup.py"),
        (
            {"pyproject.toml": "[build-system]\n"},
            "native-1.0.tar.gz has a [build-system] without a list of requires",
        ),
        (
            {"pyproject.toml": "build-system = 1\n"},
            "native-1.0.tar.gz has an unusable [build-system]",
        ),
        ({"pyproject.toml": "["}, "native-1.0.tar.gz has an unusable pyproject.toml: "),
        (
            {"pyproject.toml": "[build-system]\nrequires = ['!']\n"},
            "native-1.0.tar.gz has an unusable build requirement: ",
        ),
    ],
    ids=["neither", "no-requires", "no-table", "toml", "requirement"],
)
def test_a_broken_build_says_where(members: Mapping[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSdist) as caught:
        read_build_requires(sdist(tmp_path, members))

    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"setup.py": "setup(name='a')", "a.py": ""}, True),
        ({"pyproject.toml": HATCH}, True),
        ({"pyproject.toml": HATCH + "[tool.hatch.build.hooks.vcs]\nversion-file = 'v.py'\n"}, True),
        ({"pyproject.toml": HATCH + "[tool.hatch.build.hooks.custom]\n"}, False),
        ({"setup.py": "", "src/fast.c": ""}, False),
        ({"setup.py": "", "src/fast.PYX": ""}, False),
        ({"setup.py": "", "rust/Cargo.toml": ""}, False),
        ({"setup.py": "setup(ext_modules=found())"}, False),
        ({"setup.py": "setup(use_2to3=True)"}, False),
        ({"setup.py": "setup(setup_requires=['cffi'])"}, False),
        ({"setup.py": "", "setup.cfg": "[bdist_wheel]\nuniversal = 1\n"}, True),
        ({"setup.py": "", "setup.cfg": "[bdist_wheel]\npy-limited-api = cp36\n"}, False),
        ({"pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'mine'\n"}, False),
        ({"pyproject.toml": HATCH + "backend-path = ['.']\n"}, False),
    ],
    ids=[
        "setuptools", "hatchling", "version-hook", "own-hook", "c", "cython", "rust", "extensions",
        "2to3", "cffi", "universal", "own-tag", "own-backend", "backend-in-tree",
    ],
)  # fmt: skip
def test_pure_is_what_is_pure_for_certain(
    members: Mapping[str, str],
    expected: bool,
    tmp_path: Path,
) -> None:
    assert is_pure(sdist(tmp_path, members)) is expected
