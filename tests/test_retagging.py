"""Wheels for Python 2 and 3, put under the one that has built them."""

import zipfile
from pathlib import Path

import pytest

from matrix.builds.retagging import add_build_tag, retag_wheel
from matrix.distributions import wheel

from .wheels import make_wheel


def universal(directory: Path) -> Path:
    """As bdist_wheel writes it: one file, two tags."""
    vendored = {"calm/_vendor/loud-1.0.dist-info/WHEEL": "Tag: py2-none-any\nTag: py3-none-any\n"}
    made = make_wheel(directory, "calm", "1.0", tag="py2-none-any", members=vendored)
    stated = "calm-1.0.dist-info/WHEEL"
    path = directory / "calm-1.0-py2.py3-none-any.whl"
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == stated:
                data += b"Tag: py3-none-any\n"
            new.writestr(info, data)
    made.unlink()
    return path


@pytest.mark.parametrize("major", [2, 3])
def test_a_wheel_for_both_becomes_one_for_its_builder(major: int, tmp_path: Path) -> None:
    path = retag_wheel(universal(tmp_path), major=major)

    assert [found.name for found in tmp_path.iterdir()] == [f"calm-1.0-py{major}-none-any.whl"]
    read = wheel.read(path)
    assert [str(tag) for tag in read.tags] == [f"py{major}-none-any"]
    with zipfile.ZipFile(path) as archive:
        stated = archive.read("calm-1.0.dist-info/WHEEL").decode()
    tags = [line for line in stated.splitlines() if line.startswith("Tag:")]
    assert tags == [f"Tag: py{major}-none-any"]
    assert stated.startswith("Wheel-Version: 1.0\n")


def test_nothing_else_changes(tmp_path: Path) -> None:
    path = universal(tmp_path)
    with zipfile.ZipFile(path) as archive:
        before = [(i.filename, i.date_time, i.external_attr) for i in archive.infolist()]
    once = retag_wheel(path, major=3).read_bytes()
    again = retag_wheel(universal(tmp_path / "again"), major=3)

    with zipfile.ZipFile(again) as archive:
        after = [(i.filename, i.date_time, i.external_attr) for i in archive.infolist()]
    assert before == after
    assert again.read_bytes() == once


@pytest.mark.parametrize("tag", ["py3-none-any", "py38-none-any", "py2.py3-none-any"])
def test_what_has_no_choice_stays_as_it_is(tag: str, tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "calm", "1.0", tag=tag)
    before = path.read_bytes()

    assert retag_wheel(path, major=3 if tag != "py2.py3-none-any" else 4) == path
    assert path.read_bytes() == before


@pytest.mark.parametrize("build", ["", "1"])
def test_a_build_tag_stands_in_the_name_and_in_the_wheel(build: str, tmp_path: Path) -> None:
    path = add_build_tag(make_wheel(tmp_path, "calm", "1.0", build=build), number=2)

    assert [each.name for each in tmp_path.iterdir()] == ["calm-1.0-2-py2.py3-none-any.whl"]
    read = wheel.read(path)
    assert read.build == (2, "")
    with zipfile.ZipFile(path) as archive:
        stated = archive.read("calm-1.0.dist-info/WHEEL").decode()
    assert [line for line in stated.splitlines() if line.startswith("Build:")] == ["Build: 2"]


def test_a_build_tag_is_added_in_the_same_bytes_each_time(tmp_path: Path) -> None:
    one = add_build_tag(make_wheel(tmp_path / "1", "calm", "1.0"), number=2)
    two = add_build_tag(make_wheel(tmp_path / "2", "calm", "1.0"), number=2)

    assert one.read_bytes() == two.read_bytes()
