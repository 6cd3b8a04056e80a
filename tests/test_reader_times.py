"""Readers of foreign text take time in proportion to its length."""

from collections.abc import Callable

import pytest

from matrix.distributions import core_metadata, requirement, requires_python, sdist, source_build
from matrix.distributions.sdist import Excerpt
from matrix.distributions.wheel_layout import parse_entry_points, top_level
from matrix.distributions.wheel_record import parse_record
from matrix.edge import limits

from .growth import find_growth

MIB = 1 << 20
BREAK = "\\n"


def read_metadata(text: str) -> None:
    core_metadata.parse(f"Metadata-Version: 2.1\nName: a\nVersion: 1\n{text}".encode())


def read_setup_cfg(text: str) -> None:
    source_build.read_build_requires(excerpt(setup_cfg=f"[options]\n{text}", setup_py=""))


def read_setup_py(text: str) -> None:
    source_build.is_pure(excerpt(setup_py=f"setup(setup_requires=[])\n{text}"))


def read_pyproject(text: str) -> None:
    source_build.read_build_system(excerpt(pyproject=text))


def excerpt(**texts: str) -> Excerpt:
    return Excerpt(
        filename="a-1.tar.gz",
        pkg_info=None,
        requires_txt=None,
        setup_py=texts.get("setup_py"),
        setup_cfg=texts.get("setup_cfg"),
        pyproject=texts.get("pyproject"),
        compiles=False,
    )


def read_record(text: str) -> None:
    parse_record(text.encode())


def read_entry_points(text: str) -> None:
    parse_entry_points(text.encode())


def read_requirement(text: str) -> None:
    requirement.parse(text[: limits.cap("requirement characters")])


def read_specifier(text: str) -> None:
    requires_python.parse.__wrapped__(text[: limits.cap("requirement characters")])


REQUIREMENT, TEXT = limits.cap("requirement characters"), MIB
CASES: dict[str, tuple[Callable[[str], object], Callable[[int], str], int]] = {
    "requirement-blanks": (read_requirement, lambda n: f"a{' ' * n}@", REQUIREMENT - 2),
    "requirement-blanks-inside": (read_requirement, lambda n: f"a (>={' ' * n})", REQUIREMENT - 6),
    "requirement-limits": (read_requirement, lambda n: "a (" + ">=1.*," * (n // 6), REQUIREMENT),
    "requirement-brackets": (read_requirement, lambda n: "a" + "[" * n, REQUIREMENT - 1),
    "requirement-extras": (read_requirement, lambda n: f"a[{'b,' * (n // 2)}b] (>=1.*)", 9000),
    "requirement-marker": (read_requirement, lambda n: f"a; {'(' * n}", REQUIREMENT - 3),
    "requirement-ands": (read_requirement, lambda n: "a" + "; os_name=='' and" * (n // 17), 9000),
    "specifier-blanks": (read_specifier, lambda n: f">{' ' * n}x", REQUIREMENT - 2),
    "specifier-operators": (read_specifier, lambda n: "~=" * (n // 2), REQUIREMENT),
    "specifier-stars": (read_specifier, lambda n: ">=1.*," * (n // 6), REQUIREMENT),
    "specifier-dots": (read_specifier, lambda n: f">={'1.' * (n // 2)}x", REQUIREMENT - 3),
    "metadata-folded-licence": (read_metadata, lambda n: "License: x" + "\n y" * (n // 3), TEXT),
    "metadata-returns": (read_metadata, lambda n: "\r" * n, TEXT),
    "metadata-headers": (read_metadata, lambda n: "A: b\r\n" * (n // 6), TEXT),
    "metadata-parts": (
        read_metadata,
        lambda n: 'Content-Type: multipart/x; boundary="b"\r\n\r\n' + "--b\r\n\r\n" * (n // 7),
        TEXT,
    ),
    "metadata-classifiers": (read_metadata, lambda n: "Classifier: a\n" * (n // 14), TEXT),
    "setup-cfg-blanks": (read_setup_cfg, lambda n: f"a{' ' * n}b", TEXT),
    "setup-cfg-lines": (read_setup_cfg, lambda n: "a=" + " b\n" * (n // 3), TEXT),
    "setup-py-names": (read_setup_py, lambda n: "a = 1\n" * (n // 6), TEXT // 4),
    "setup-py-signs": (read_setup_py, lambda n: "'" + "libraries " * (n // 10) + "'", TEXT),
    "pyproject-many-escapes": (read_pyproject, lambda n: f'a = "{BREAK * (n // 2)}"', TEXT),
    "pyproject-tables": (
        read_pyproject, lambda n: "".join(f"[a.b{number:07}]\n" for number in range(n // 13)), TEXT,
    ),
    "requires-txt": (sdist.parse_requires_txt, lambda n: "#\n" * (n // 2), TEXT),
    "record-rows": (
        read_record, lambda n: "".join(f"{number:08},,\n" for number in range(n // 11)), TEXT,
    ),
    "record-quotes": (read_record, lambda n: '"' * n, TEXT),
    "entry-points-blanks": (read_entry_points, lambda n: f"[a]\na{' ' * n}b", TEXT - 10),
    "members": (
        lambda text: top_level(text.split()), lambda n: " ".join(["a.b.c"] * (n // 6)), TEXT,
    ),
    "member": (lambda text: top_level([text]), lambda n: f"a.{'b' * n}", TEXT),
}  # fmt: skip


@pytest.mark.parametrize(("read", "make", "size"), CASES.values(), ids=CASES)
def test_twice_the_input_takes_less_than_three_times_the_time(
    read: Callable[[str], object], make: Callable[[int], str], size: int
) -> None:
    assert find_growth(read, make(size // 2), make(size)) < 3
