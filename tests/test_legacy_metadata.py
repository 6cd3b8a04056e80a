"""What was uploaded before PEP 440 was enforced."""

import pytest
from packaging.requirements import InvalidRequirement

from matrix.distributions import requirement

from .manifests import manifest
from .memory_index import Graph, Release, lock_of, picked

P27, P39 = "cp27-manylinux_2_17_x86_64", "cp39-manylinux_2_28_x86_64"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pytz (>=2011k)", ("pytz", False)),
        ("six (>=1.4.*,<2)", ("six<2,>=1.4", False)),
        ("six[a, b] (!=foo); extra == 'x'", ('six[a,b]; extra == "x"', False)),
        ("six (>=1.4)", ("six>=1.4", True)),
        ("six==1.*", ("six==1.*", True)),
    ],
)
def test_a_requirement_is_read_as_older_pips_do(text: str, expected: tuple[str, bool]) -> None:
    found, is_current = requirement.parse(text)

    assert (str(found), is_current) == expected


@pytest.mark.parametrize("text", ["!!", "six (<2011k)", "six (==2011k)", "six 1", "-"])
def test_what_nobody_can_tell_is_no_requirement(text: str) -> None:
    with pytest.raises(InvalidRequirement):
        requirement.parse(text)


def test_a_legacy_release_is_for_interpreters_whose_pips_take_it() -> None:
    graph: Graph = {
        "pandas": {"0.24.2": Release(requires=("pytz (>=2011k)",)), "0.20.0": Release()},
        "pytz": {"2026.6": Release()},
    }
    lock = lock_of(manifest("pandas"), graph)
    only = lock_of(manifest("pandas >0.20"), graph)

    assert picked(lock, P27, "pandas") == {"pandas": "0.24.2", "pytz": "2026.6"}
    assert picked(lock, P39, "pandas") == {"pandas": "0.20.0"}
    assert {no.reason for no in only.impossible} == {
        (
            "pandas 0.24.2: 'pytz (>=2011k)' is no requirement for the pips of this interpreter; "
            "the newest that fits is 0.20.0"
        )
    }
