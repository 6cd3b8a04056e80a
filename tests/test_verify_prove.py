import itertools
import sys
import sysconfig
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.tags import sys_tags

from matrix.distributions import wheel
from matrix.record import pages
from matrix.targets.target import Target
from matrix.verify.prove import Proven, Prover, Unproven, prove
from matrix.verify.view import Offer, View

from .bundles import (
    LEGACY,
    LINUX,
    recorded_wheel,
    write,
)
from .growth import find_growth
from .pips import pip_chooses
from .wheels import make_wheel


def view_of(*paths: Path) -> View:
    return View.of(
        Offer(name=wheel.parse_filename(path.name), metadata=wheel.read(path).metadata)
        for path in paths
    )


def installs(view: View, *requirements: str, target: Target = LINUX) -> list[str]:
    proof = prove(map(Requirement, requirements), target.marker_environment(), target.tags(), view)
    assert isinstance(proof, Proven), proof
    return [f"{wheel.project} {wheel.version}" for wheel in proof.wheels]


def fails(view: View, *requirements: str, target: Target = LINUX) -> str:
    proof = prove(map(Requirement, requirements), target.marker_environment(), target.tags(), view)
    assert isinstance(proof, Unproven), proof
    return proof.chain


def test_the_newest_version_is_taken_with_what_it_needs(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "1.9", requires=["dep"]),
        make_wheel(tmp_path, "app", "1.10", requires=["dep<2"]),
        make_wheel(tmp_path, "dep", "1.0"),
        make_wheel(tmp_path, "dep", "2.0"),
    )

    assert installs(view, "app") == ["app 1.10", "dep 1.0"]


def test_an_older_version_is_taken_when_the_newest_lacks_something(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "1.0"),
        make_wheel(tmp_path, "app", "2.0", requires=["gone"]),
    )

    assert installs(view, "app") == ["app 1.0"]


def test_within_a_version_the_best_tag_wins_then_the_highest_build(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "1.0", tag="py3-none-any", build="9"),
        make_wheel(tmp_path, "app", "1.0", tag="cp312-cp312-manylinux_2_17_x86_64", build="2"),
        make_wheel(tmp_path, "app", "1.0", tag="cp312-cp312-manylinux_2_17_x86_64", build="10"),
    )

    proof = prove([Requirement("app")], LINUX.marker_environment(), LINUX.tags(), view)

    assert isinstance(proof, Proven)
    assert proof.filenames == ("app-1.0-10-cp312-cp312-manylinux_2_17_x86_64.whl",)


def test_requires_python_is_compared_with_the_full_version(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "1.0"),
        make_wheel(tmp_path, "app", "2.0", requires_python=">3.12.4"),
    )

    assert installs(view, "app") == ["app 1.0"]


def test_an_extra_brings_its_own_requirements(tmp_path: Path) -> None:
    requires = ["tls; extra == 'secure_mode'"]
    view = view_of(
        make_wheel(tmp_path, "app", "1.0", requires=requires, extras=["secure-mode"]),
        make_wheel(tmp_path, "tls", "1.0"),
    )

    assert installs(view, "app") == ["app 1.0"]
    assert installs(view, "app[Secure.Mode]") == ["app 1.0", "tls 1.0"]


def test_an_extra_and_its_project_have_one_version(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "1.0", requires=["tls; extra == 'x'"], extras=["x"]),
        make_wheel(tmp_path, "app", "2.0", requires=["gone; extra == 'x'"], extras=["x"]),
        make_wheel(tmp_path, "tls", "1.0"),
    )

    assert installs(view, "app[x]") == ["app 1.0", "tls 1.0"]


def test_extras_of_the_same_project_are_followed(tmp_path: Path) -> None:
    requires = ["app[x]; extra == 'all'", "app[y]; extra == 'x'", "tls; extra == 'y'"]
    view = view_of(
        make_wheel(tmp_path, "app", "1.0", requires=requires, extras=["all", "x", "y"]),
        make_wheel(tmp_path, "app", "0.9", requires=["tls; extra == 'all'"], extras=["all"]),
        make_wheel(tmp_path, "tls", "1.0"),
    )

    assert installs(view, "app[all]") == ["app 1.0", "tls 1.0"]
    assert installs(view, "app[all]<1") == ["app 0.9", "tls 1.0"]


def test_an_extra_that_requires_another_version_of_its_project_is_not_taken(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "2.0", requires=["app[y]<2; extra == 'x'"], extras=["x", "y"]),
        make_wheel(tmp_path, "app", "1.0", extras=["x", "y"]),
    )

    assert installs(view, "app[x]") == ["app 1.0"]


@pytest.mark.parametrize("kind", ["separate", "all", "chain"])
def test_twice_the_extras_take_less_than_three_times_the_time(kind: str, tmp_path: Path) -> None:
    dep = make_wheel(tmp_path, "dep", "1.0")

    def prove_extras(text: str) -> None:
        count = int(text)
        extras = [f"e{number}" for number in range(count)]
        requires = [f"dep; extra == '{extra}'" for extra in extras]
        root = f"app[{','.join(extras)}]"
        if kind == "all":
            requires += [f"app[{extra}]; extra == 'all'" for extra in extras]
            root = "app[all]"
        if kind == "chain":
            pairs = itertools.pairwise(extras)
            requires += [f"app[{second}]; extra == '{first}'" for first, second in pairs]
            root = "app[e0]"
        app = make_wheel(tmp_path / text, "app", "1.0", requires=requires, extras=extras)
        assert installs(view_of(app, dep), root) == ["app 1.0", "dep 1.0"]

    assert find_growth(prove_extras, "500", "1000") < 3


def test_markers_are_those_of_the_target(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(
            tmp_path,
            "app",
            "1.0",
            requires=["old; python_version < '3'", "win; sys_platform == 'win32'"],
        ),
        make_wheel(tmp_path, "old", "1.0"),
    )

    assert installs(view, "app") == ["app 1.0"]
    assert installs(view, "app", target=LEGACY) == ["app 1.0", "old 1.0"]
    assert installs(view, "gone; python_version < '3'") == []


def test_pre_releases_count_only_when_named_or_alone(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "1.0"),
        make_wheel(tmp_path, "app", "2.0rc1"),
        make_wheel(tmp_path, "new", "1.0b1"),
    )

    assert installs(view, "app", "new") == ["app 1.0", "new 1.0b1"]
    assert installs(view, "app>=2.0rc1") == ["app 2.0rc1"]


def test_a_failure_names_the_shortest_chain(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "1.0", requires=["middle", "fine"]),
        make_wheel(tmp_path, "middle", "2.0", requires=["cffi[x]>=2.0.0; python_version > '3'"]),
        make_wheel(tmp_path, "fine", "1.0"),
        make_wheel(tmp_path, "cffi", "2.1", tag="cp39-cp39-win_amd64"),
    )

    assert fails(view, "fine", "app") == (
        "cffi[x]>=2.0.0 <- middle 2.0 <- app 1.0: no wheel for cp312-manylinux_2_28_x86_64"
    )


@pytest.mark.parametrize(
    ("requirement", "chain"),
    [
        pytest.param("gone", "gone: no wheel of gone", id="no-project"),
        pytest.param("app>=3", "app>=3: expected >=3, got 1.0, 1.1", id="no-version"),
        pytest.param("new", "new: 2.0 needs Python >=3.13, got 3.12.4", id="python"),
        pytest.param(
            "app @ https://files.example/app.whl",
            "app: names an address, and only the bundle's own wheels count",
            id="address",
        ),
    ],
)
def test_a_failure_names_what_is_missing(tmp_path: Path, requirement: str, chain: str) -> None:
    view = view_of(
        make_wheel(tmp_path, "app", "1.0"),
        make_wheel(tmp_path, "app", "1.1"),
        make_wheel(tmp_path, "new", "2.0", requires_python=">=3.13"),
    )

    assert fails(view, requirement) == chain


def test_two_requirements_that_exclude_each_other_are_both_named(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "a", "1.0", requires=["c<2"]),
        make_wheel(tmp_path, "b", "1.0", requires=["c>=2"]),
        make_wheel(tmp_path, "c", "1.0"),
        make_wheel(tmp_path, "c", "2.0"),
    )

    assert fails(view, "a", "b") == "c<2 <- a 1.0 and c>=2 <- b 1.0: no wheel of c meets both"


def test_requirements_that_fit_in_pairs_only_are_named_together(tmp_path: Path) -> None:
    # Each pair of requirements has a wheel in common; all three together have none.
    view = view_of(
        make_wheel(tmp_path, "a", "1.0", requires=["c!=1"]),
        make_wheel(tmp_path, "b", "1.0", requires=["c!=2", "c"]),
        make_wheel(tmp_path, "d", "1.0", requires=["c!=3", "a"]),
        *(make_wheel(tmp_path, "c", version) for version in ("1", "2", "3")),
    )

    assert fails(view, "a", "b", "d") == "a, b, d: no set of wheels meets all requirements at once"


def test_projects_that_need_each_other_install(tmp_path: Path) -> None:
    view = view_of(
        make_wheel(tmp_path, "a", "1.0", requires=["b"]),
        make_wheel(tmp_path, "b", "1.0", requires=["a"]),
    )

    assert installs(view, "a") == ["a 1.0", "b 1.0"]


PIP_CASES = [
    ["app"],
    ["app<2"],
    ["app[x]"],
    ["app[x,y]<3"],
    ["pre"],
    ["pre>=2.0b1"],
    ["old", "app"],
    ["mixed"],
    ["clash", "dep>=3"],
    ["deep"],
    ["nowhere"],
    ["future"],
]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that pip can search, with a case for each rule of choosing."""
    top = tmp_path_factory.mktemp("pool")
    here, abi = "py3-none-any", f"cp{sys.version_info[0]}{sys.version_info[1]}"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    extras = ["dep<3; extra == 'x'", "far; extra == 'y' and python_version > '3'"]
    paths = [
        make_wheel(top / "files", "app", "1.0"),
        make_wheel(top / "files", "app", "2.0", requires=["dep", *extras], extras=["x", "y"]),
        make_wheel(top / "files", "app", "3.0", requires=["dep", *extras], extras=["x", "y"]),
        make_wheel(top / "files", "app", "4.0", requires_python=">=99"),
        make_wheel(top / "files", "dep", "1.0"),
        make_wheel(top / "files", "dep", "2.0"),
        make_wheel(top / "files", "dep", "3.0"),
        make_wheel(top / "files", "far", "1.0", requires=["gone; python_version < '3'"]),
        make_wheel(top / "files", "pre", "1.0"),
        make_wheel(top / "files", "pre", "2.0b1"),
        make_wheel(top / "files", "pre", "2.0b2"),
        make_wheel(top / "files", "old", "1.0", requires=["app<3"]),
        make_wheel(top / "files", "mixed", "1.0", tag=here, build="7"),
        make_wheel(top / "files", "mixed", "1.0", tag=f"{abi}-none-any", build="1"),
        make_wheel(top / "files", "mixed", "1.0", tag=f"{abi}-{abi}-{platform}"),
        make_wheel(top / "files", "mixed", "1.1", tag="cp27-cp27m-win32"),
        make_wheel(top / "files", "clash", "1.0", requires=["dep<3"]),
        make_wheel(top / "files", "deep", "1.0", requires=["app"]),
        make_wheel(top / "files", "deep", "2.0", requires=["far>=2"]),
        make_wheel(top / "files", "future", "1.0", requires_python=">=99"),
    ]
    recorded = [recorded_wheel(path, []) for path in paths]
    for path in paths:
        write(top, f"files/{path.name}.metadata", wheel.read(path).metadata_bytes)
    for name, text in pages.render_pages(recorded, files_prefix="../../").items():
        write(top, f"simple/{name}", text)
    return top


@pytest.mark.parametrize("wanted", PIP_CASES, ids=" ".join)
def test_the_prover_chooses_what_pip_chooses(pool: Path, wanted: list[str]) -> None:
    environment = {key: str(value) for key, value in default_environment().items()}
    view = view_of(*sorted((pool / "files").glob("*.whl")))

    proof = prove(map(Requirement, wanted), environment, tuple(sys_tags()), view)

    chosen = set(proof.filenames) if isinstance(proof, Proven) else None
    assert chosen == pip_chooses(pool, wanted)


def test_a_trivial_proof_is_cheap(tmp_path: Path) -> None:
    view = view_of(*(make_wheel(tmp_path, f"p{n}", "1.0", requires=["p0"]) for n in range(20)))
    prover = Prover(LINUX.marker_environment(), LINUX.tags(), view)

    proofs = [prover.prove([Requirement(f"p{n}")]) for _ in range(20) for n in range(20)]

    # A count instead of a time: machines differ, and each marker and version is judged once.
    assert all(isinstance(proof, Proven) for proof in proofs)
    assert len(prover._candidates._matching) == 20
