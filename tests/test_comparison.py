import zipfile
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from matrix.builds.comparison import compare_builds
from matrix.cli import twice
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import BuildFailed

NAME = "toy-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"
MEMBERS = {
    "toy.py": b"VERSION = '1.0'\n",
    "toy.so": b"\x7fELF" + bytes(40) + b"/tmp/build-env-abc/x",
}


def wheel(
    directory: Path,
    members: dict[str, bytes] | None = None,
    *,
    time: tuple[int, int, int, int, int, int] = (1980, 1, 1, 0, 0, 0),
    mode: int = 0o644,
    name: str = NAME,
    comment: bytes = b"",
) -> list[Path]:
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / name, "w") as archive:
        archive.comment = comment
        for member, data in (MEMBERS if members is None else members).items():
            info = zipfile.ZipInfo(member, date_time=time)
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return sorted(directory.iterdir())


def test_the_same_bytes_differ_in_nothing(tmp_path: Path) -> None:
    assert compare_builds(wheel(tmp_path / "a"), wheel(tmp_path / "b")) == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"members": {**MEMBERS, "toy.so": MEMBERS["toy.so"].replace(b"abc", b"xyz")}},
            (
                "toy.so: 64 bytes, different from byte 59 on: "
                "'p/build-env-abc/x' and 'p/build-env-xyz/x'"
            ),
        ),
        (
            {"members": {**MEMBERS, "toy.py": b"VERSION = '1.0'\n\n"}},
            (
                "toy.py: 16 and 17 bytes, different from byte 16 on: "
                r'''"ION = '1.0'\n" and "ION = '1.0'\n\n"'''
            ),
        ),
        ({"members": {"toy.py": MEMBERS["toy.py"]}}, "toy.so: only in the first"),
        ({"members": dict(reversed(MEMBERS.items()))}, "its members stand in another order"),
        ({"comment": b"x"}, "the archive's own bytes differ, its members do not"),
    ],
    ids=["path", "longer", "fewer", "order", "comment"],
)
def test_what_differs_is_told(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    first = wheel(tmp_path / "a")

    second = wheel(tmp_path / "b", **changed)

    assert compare_builds(first, second) == (f"{NAME}: {said}",)


def test_times_and_modes_are_told_for_each_member(tmp_path: Path) -> None:
    second = wheel(tmp_path / "b", time=(2026, 1, 2, 3, 4, 6), mode=0o755)

    assert compare_builds(wheel(tmp_path / "a"), second) == (
        f"{NAME}: toy.py: time 1980-01-01 00:00:00 and 2026-01-02 03:04:06",
        f"{NAME}: toy.py: mode 0o644 and 0o755",
        f"{NAME}: toy.so: time 1980-01-01 00:00:00 and 2026-01-02 03:04:06",
        f"{NAME}: toy.so: mode 0o644 and 0o755",
    )


def test_a_wheel_that_one_build_lacks_is_told(tmp_path: Path) -> None:
    other = NAME.replace("cp312", "cp313")

    assert compare_builds(wheel(tmp_path / "a"), wheel(tmp_path / "b", name=other)) == (
        f"{NAME}: only the first build made it",
        f"{other}: only the second build made it",
    )


def test_building_twice_compares_with_a_second_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = wheel(tmp_path / "a")
    reporter = Reporter(loudness=Loudness.NORMAL, console=Console(width=200))

    def again(out: Path, mode: int = 0o644) -> tuple[Path, ...]:
        return tuple(wheel(out, mode=mode))

    twice.compare(first, again, cache=tmp_path, reporter=reporter)

    assert capsys.readouterr().out == "built twice: the same bytes (1 wheels)\n"
    with pytest.raises(BuildFailed) as caught:
        twice.compare(first, lambda out: again(out, 0o755), cache=tmp_path, reporter=reporter)
    assert str(caught.value).splitlines()[0] == (
        f"built twice: {NAME}: toy.py: mode 0o644 and 0o755"
    )
    # The second build's directory is gone, the first build's wheels are not.
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in first[0].parent.iterdir()] == [NAME]
