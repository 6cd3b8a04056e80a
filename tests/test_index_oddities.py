"""Files of an index that nothing can use: one line for each reason, every file with -v."""

from pathlib import Path

import pytest

from matrix.cli import main
from matrix.index.oddities import Oddities

from .index_server import IndexServer
from .manifests import text
from .wheels import make_wheel


def lines(oddities: Oddities, *, is_all: bool = False) -> list[str]:
    return [str(problem) for problem in oddities.take("https://index.example/", is_all=is_all)]


def test_files_are_counted_by_reason() -> None:
    oddities = Oddities()
    for number in range(5):
        oddities.add(f"six-{number}.whl", "no sha256")
    oddities.add("a-1.whl", "unusable metadata", "bad line")
    oddities.add("a-1.whl", "no sha256")

    assert lines(oddities) == [
        (
            "https://index.example/: 5 files passed over, no sha256: "
            "'six-0.whl', 'six-1.whl', 'six-2.whl' and 2 more [odd-file]\n  hint: -v shows all"
        ),
        (
            "https://index.example/: 1 file passed over, unusable metadata: "
            "'a-1.whl' (bad line) [odd-file]"
        ),
    ]
    assert lines(oddities) == []


def test_v_shows_every_file() -> None:
    oddities = Oddities()
    for number in range(5):
        oddities.add(f"six-{number}.whl", "no sha256")

    (line,) = lines(oddities, is_all=True)
    assert line.count("six-") == 5
    assert "hint" not in line


@pytest.fixture
def here(index: IndexServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for version in ("1.0", "2.0", "3.0"):
        index.add(make_wheel(index.directory, "six", version))
    # Its page was right once: the file behind it is another one now.
    core = "Metadata-Version: 2.1\nName: six\nVersion: 2.0\nRequires-Dist: !!\n"
    make_wheel(index.directory, "six", "2.0", stated=core)
    index.listed["six-2.0-py2.py3-none-any.whl"].sha256 = "0" * 64
    index.listed["six-3.0-py2.py3-none-any.whl"].sha256 = ""
    (tmp_path / "packages.yaml").write_text(text("six"), encoding="utf-8")
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("here")
def test_a_lock_says_once_what_it_passed_over(
    index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", "--cache", "cache"]) == 0

    odd = [line for line in capsys.readouterr().err.splitlines() if "odd-file" in line]
    assert odd == [
        (
            f"warning: {index.url}: 1 file passed over, no sha256: "
            "'six-3.0-py2.py3-none-any.whl' [odd-file]"
        ),
        (
            f"warning: {index.url}: 1 file passed over, unusable metadata: "
            "'six-2.0-py2.py3-none-any.whl' "
            "(Expected package name at the start of dependency specifier) [odd-file]"
        ),
    ]


@pytest.mark.usefixtures("here")
def test_documents_of_problems_have_them_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", "--cache", "cache", "--format", "gitlab"]) == 0

    assert capsys.readouterr().out.count("[odd-file]") == 2
