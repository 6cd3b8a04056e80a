"""The cheap reading of filenames against the reference implementation's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from matrix.index import filenames

NAMES = st.sampled_from(["six", "Six", "s_i_x", "s.i-x", "a__b", ""])
VERSIONS = st.sampled_from(["1", "1.0", "1.0.post1", "1!2", "1.0+local.1", "one", "", "2012a"])
BUILDS = st.sampled_from([[], ["1"], ["2b"], ["x"], [""]])
TAGS = st.sampled_from(
    ["py3-none-any", "py2.py3-none-any", "cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64"]
)


def ours(filename: str) -> tuple[object, ...] | None:
    head = filenames.head(filename)
    if head is None:
        return None
    project = canonicalize_name(head[0])
    version = filenames.version(head, project)
    if version is None:
        return None
    return project, version, filenames.build(filename), filenames.tags(filename)


@given(NAMES, VERSIONS, BUILDS, TAGS)
def test_a_wheels_name_reads_as_packaging_reads_it(
    name: str, version: str, build: list[str], tag: str
) -> None:
    filename = f"{'-'.join([name, version, *build, tag])}.whl"
    try:
        expected = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        expected = None

    assert ours(filename) == expected


@given(NAMES, VERSIONS, st.sampled_from([".tar.gz", ".zip"]))
def test_an_sdists_name_reads_as_packaging_reads_it(name: str, version: str, suffix: str) -> None:
    filename = f"{name}-{version}{suffix}"
    expected: tuple[object, ...] | None
    try:
        expected = (*parse_sdist_filename(filename), (), frozenset())
    except InvalidSdistFilename:
        expected = None

    assert ours(filename) == expected


@pytest.mark.parametrize("suffix", [".tar.bz2", ".tgz"])
def test_older_sdists_are_sdists(suffix: str) -> None:
    assert filenames.head(f"six-1.0{suffix}") == ("six", "1.0")


@pytest.mark.parametrize("name", ["six-1.0.exe", "six-1.0-py3.egg", "six", "six-1.0.tar.xz"])
def test_other_files_are_none_of_ours(name: str) -> None:
    assert filenames.head(name) is None
