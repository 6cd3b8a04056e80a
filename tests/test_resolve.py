import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.edge.progress import Loudness, Reporter
from matrix.errors import LockError
from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings
from matrix.index.transport import Transport
from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.resolve import freshness, lockfile
from matrix.resolve.lock import Lock
from matrix.resolve.resolving import resolve

from .index_server import IndexServer, Listed
from .manifests import manifest, text
from .wheels import make_sdist, make_wheel, metadata

P39, P312 = "cp39-manylinux_2_28_x86_64", "cp312-manylinux_2_28_x86_64"
P27, WIN = "cp27-manylinux_2_17_x86_64", "cp312-win_amd64"
EVERYWHERE = {P39, P312, P27, WIN}


@pytest.fixture
def client(index: IndexServer, tmp_path: Path) -> Iterator[Index]:
    transport = Transport(Settings(url=index.url, ca_bundle=""), sleep=lambda _: None)
    yield Index(transport, Cache(tmp_path / "cache"))
    transport.close()


def lock_of(wanted: Manifest, client: Index, old: Lock | None = None) -> Lock:
    pins = lockfile.read_pins(old, upgrade=frozenset())
    return resolve(wanted, client, pins=pins, reporter=Reporter.on_stderr(Loudness.QUIET))


def picked(lock: Lock, root: str) -> dict[str, dict[str, str]]:
    """Target to project to version."""
    return {
        target: {project: str(version) for project, version in solution.pins}
        for solution in lock.solutions
        if solution.root == root
        for target in solution.targets
    }


def reasons(lock: Lock) -> dict[str, str]:
    return {no.target: no.reason for no in lock.impossible}


def wheel(index: IndexServer, project: str, version: str, **more: object) -> None:
    index.add(make_wheel(index.directory, project, version, **more))  # type: ignore[arg-type]


def test_each_target_gets_the_newest_release_that_runs_there(
    index: IndexServer, client: Index
) -> None:
    wheel(index, "six", "1.0")
    wheel(index, "six", "2.0", requires_python=">=3.9.5")
    wheel(index, "six", "3.0", requires_python="!=3.9.18,>=3")

    found = picked(lock_of(manifest("six"), client), "six")

    assert found == {
        P27: {"six": "1.0"}, P39: {"six": "2.0"}, P312: {"six": "3.0"}, WIN: {"six": "3.0"},
    }  # fmt: skip


def test_markers_are_those_of_the_target_and_not_of_this_machine(
    index: IndexServer, client: Index
) -> None:
    requires = ["colorama; sys_platform == 'win32'", "backport; python_version < '3'"]
    wheel(index, "click", "1.0", requires=requires)
    wheel(index, "colorama", "1.0")
    wheel(index, "backport", "1.0")

    found = picked(lock_of(manifest("click"), client), "click")

    assert {target: set(pins) - {"click"} for target, pins in found.items()} == {
        P27: {"backport"}, P39: set(), P312: set(), WIN: {"colorama"},
    }  # fmt: skip


def test_a_wheel_above_the_floor_is_not_taken(index: IndexServer, client: Index) -> None:
    wheel(index, "fast", "1.0", tag="cp312-cp312-manylinux_2_34_x86_64")
    wheel(index, "fast", "1.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    wheel(index, "fast", "1.0", tag="cp312-cp312-manylinux_2_28_x86_64")

    lock = lock_of(manifest("{requirement: fast, targets: [prod]}"), client)

    assert [file.filename for file in lock.files] == [
        "fast-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"
    ]
    assert reasons(lock) == {P39: "fast 1.0 has no wheel for this target, and no sdist"}


def test_an_sdist_is_locked_where_no_wheel_fits(index: IndexServer, client: Index) -> None:
    wheel(index, "native", "1.0", tag="cp312-cp312-win_amd64")
    index.add(make_sdist(index.directory, "native", "1.0"))

    lock = lock_of(manifest("native"), client)

    assert {file.filename: set(file.targets) for file in lock.files} == {
        "native-1.0-cp312-cp312-win_amd64.whl": {WIN},
        "native-1.0.tar.gz": {P27, P39, P312},
    }


def test_source_build_never_takes_a_wheel(index: IndexServer, client: Index) -> None:
    wheel(index, "native", "1.0")
    index.add(make_sdist(index.directory, "native", "1.0"))

    lock = lock_of(manifest("{requirement: native, source: build}"), client)

    assert [file.filename for file in lock.files] == ["native-1.0.tar.gz"]


def test_yanked_releases_are_for_those_who_name_them(index: IndexServer, client: Index) -> None:
    wheel(index, "six", "1.0")
    index.add(make_wheel(index.directory, "six", "2.0"), yanked=True)

    newest = picked(lock_of(manifest("six"), client), "six")
    named = picked(lock_of(manifest("six ==2.0"), client), "six")

    assert newest[P312] == {"six": "1.0"}
    assert named[P312] == {"six": "2.0"}


def test_yanked_releases_are_not_among_the_newest(index: IndexServer, client: Index) -> None:
    wheel(index, "six", "1.0")
    wheel(index, "six", "2.0")
    index.add(make_wheel(index.directory, "six", "3.0"), yanked=True)

    lock = lock_of(manifest("{requirement: six, versions: 2}"), client)

    assert {str(file.version) for file in lock.files} == {"1.0", "2.0"}


def test_a_yanked_wheel_gives_way_to_another_of_its_release(
    index: IndexServer, client: Index
) -> None:
    index.add(make_wheel(index.directory, "six", "1.0", build="2"), yanked=True)
    index.add(make_wheel(index.directory, "six", "1.0", build="1"))

    lock = lock_of(manifest("six"), client)

    assert [file.filename for file in lock.files] == ["six-1.0-1-py2.py3-none-any.whl"]


def test_pre_releases_are_for_those_who_ask(index: IndexServer, client: Index) -> None:
    wheel(index, "six", "1.0")
    wheel(index, "six", "2.0rc1")

    newest = picked(lock_of(manifest("six"), client), "six")
    asked = picked(lock_of(manifest("six >=2.0rc1"), client), "six")

    assert newest[P312] == {"six": "1.0"}
    assert asked[P312] == {"six": "2.0rc1"}


def test_older_pips_are_asked_for_pre_releases_by_fewer_operators(
    index: IndexServer, client: Index
) -> None:
    wheel(index, "six", "1.0")
    wheel(index, "six", "2.0rc1")

    below = picked(lock_of(manifest("six <3.0.dev0"), client), "six")
    exact = picked(lock_of(manifest("six ==2.0rc1"), client), "six")

    assert (below[P27], below[P312]) == ({"six": "1.0"}, {"six": "2.0rc1"})
    assert (exact[P27], exact[P312]) == ({"six": "2.0rc1"}, {"six": "2.0rc1"})


def test_an_extra_brings_its_requirements_at_the_same_version(
    index: IndexServer, client: Index
) -> None:
    wheel(index, "web", "1.0", extras=["tls"], requires=["crypt; extra == 'tls'"])
    wheel(index, "web", "2.0")
    wheel(index, "app", "1.0", requires=["web[tls] <2"])
    wheel(index, "crypt", "3.0")

    found = picked(lock_of(manifest("app"), client), "app")

    assert found[P312] == {"app": "1.0", "crypt": "3.0", "web": "1.0"}


def test_the_search_goes_back_to_an_older_release_that_fits(
    index: IndexServer, client: Index
) -> None:
    wheel(index, "app", "2.0", requires=["lib >=2"])
    wheel(index, "app", "1.0", requires=["lib"])
    wheel(index, "other", "1.0", requires=["lib <2"])
    wheel(index, "lib", "1.0")
    wheel(index, "lib", "2.0")

    lock = lock_of(manifest("app", "other"), client)

    assert picked(lock, "app")[P312] == {"app": "1.0", "lib": "1.0"}
    assert picked(lock, "other")[P312] == {"lib": "1.0", "other": "1.0"}


def test_requirements_that_conflict_are_solved_each_by_itself(
    index: IndexServer, client: Index
) -> None:
    wheel(index, "old", "1.0", requires=["lib <2"])
    wheel(index, "new", "1.0", requires=["lib >=2"])
    wheel(index, "lib", "1.0")
    wheel(index, "lib", "2.0")

    lock = lock_of(manifest("old", "new"), client)

    assert picked(lock, "old")[P312]["lib"] == "1.0"
    assert picked(lock, "new")[P312]["lib"] == "2.0"
    assert lock.impossible == ()


def test_an_environment_must_install_together(index: IndexServer, client: Index) -> None:
    wheel(index, "old", "1.0", requires=["lib <2"])
    wheel(index, "new", "1.0", requires=["lib >=2"])
    wheel(index, "lib", "1.0")
    wheel(index, "lib", "2.0")
    wanted = manifest("old", "new", more="environments:\n  both: [old, new]\n")

    lock = lock_of(wanted, client)

    assert {no.root for no in lock.impossible} == {"environment both"}
    assert set(reasons(lock)) == EVERYWHERE
    assert reasons(lock)[P312] == (
        "lib<2 (asked for by old 1.0) and lib>=2 (asked for by new 1.0) have no version in common"
    )


def test_an_unsatisfiable_requirement_says_what_there_is(index: IndexServer, client: Index) -> None:
    wheel(index, "six", "1.17")
    lock = lock_of(manifest("six >=99"), client)

    (problem,) = lockfile.find_impossible(lock, manifest("six >=99"))
    assert str(problem) == (
        "packages.yaml:14: six>=99 is impossible on cp27-manylinux_2_17_x86_64, "
        "cp312-manylinux_2_28_x86_64, "
        "cp312-win_amd64, cp39-manylinux_2_28_x86_64: no release of 'six' satisfies >=99; "
        "newest is 1.17\n"
        "  hint: exclude those targets with a reason, or ask for another version"
    )


def test_a_project_that_is_not_on_the_index_is_named_with_who_asks(
    index: IndexServer, client: Index
) -> None:
    wheel(index, "app", "1.0", requires=["no-such-thing"])

    lock = lock_of(manifest("app"), client)

    assert reasons(lock)[P312] == (
        "the index has no project 'no-such-thing' (asked for by app 1.0)"
    )


def test_a_misspelled_project_has_a_hint(index: IndexServer, client: Index) -> None:
    wheel(index, "requests", "1.0")
    wanted = manifest("reqeusts", "requests")

    (problem,) = lockfile.find_impossible(lock_of(wanted, client), wanted)

    assert problem.what.endswith(": the index has no project 'reqeusts'")
    assert problem.hint == "did you mean 'requests'?"


def test_metadata_that_nobody_can_read_is_passed_over(index: IndexServer, client: Index) -> None:
    wheel(index, "six", "1.0")
    bad = make_wheel(
        index.directory, "six", "2.0", stated="Metadata-Version: 2.1\nName: six\nVersion: 2.0\n"
    )
    index.add(bad)
    make_wheel(
        index.directory,
        "six",
        "2.0",
        stated="Metadata-Version: 2.1\nName: six\nVersion: 2.0\nRequires-Dist: !!\n",
    )
    index.listed[bad.name].sha256 = "0" * 64

    found = picked(lock_of(manifest("six"), client), "six")

    assert found[P312] == {"six": "1.0"}


def test_a_lock_keeps_its_pins_when_a_requirement_is_added(
    index: IndexServer, client: Index
) -> None:
    wheel(index, "six", "1.0")
    old = lock_of(manifest("six"), client)
    wheel(index, "six", "2.0")
    wheel(index, "idna", "3.0")
    later = Index(client._transport, client.cache)

    kept = lock_of(manifest("six", "idna"), later, old)
    moved = lock_of(manifest("six", "idna"), later)

    assert picked(kept, "six")[P312] == {"six": "1.0"}
    assert picked(moved, "six")[P312] == {"six": "2.0"}


def test_the_order_of_the_manifest_changes_nothing(index: IndexServer, client: Index) -> None:
    for name in ("a", "b", "c"):
        wheel(index, name, "1.0", requires=["lib"])
    wheel(index, "lib", "1.0")

    assert lock_of(manifest("a", "b", "c"), client) == lock_of(manifest("c", "a", "b"), client)


def test_another_target_changes_no_target_s_solution(index: IndexServer, client: Index) -> None:
    wheel(index, "six", "1.0")
    wheel(index, "six", "2.0", requires_python=">=3")
    few = picked(lock_of(manifest("{requirement: six, targets: [prod]}"), client), "six")

    all_targets = picked(lock_of(manifest("six"), client), "six")

    assert {target: all_targets[target] for target in few} == few


def test_a_lock_survives_being_written(index: IndexServer, client: Index) -> None:
    wheel(index, "six", "1.0", requires_python=">=3")
    lock = lock_of(manifest("six"), client)

    assert lockfile.parse(lockfile.dump(lock), source="packages.lock") == lock
    assert index.url not in lockfile.dump(lock)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "packages.lock:1: not JSON: Expecting property name"),
        (
            "[]",
            "packages.lock: expected an object with schema 5, got an array\n  hint: ",
        ),
        ('{"schema": 1}', "packages.lock: expected schema 5, got 1\n  hint: wheelyard lock"),
        (
            '{"schema": 9}',
            "packages.lock: expected schema 5, got 9\n  hint: use the version that wrote it",
        ),
        (
            '{"schema": 5}',
            "packages.lock: missing key 'build_files'\n  hint: ",
        ),
    ],
)
def test_a_damaged_lock_is_an_error(written: str, said: str) -> None:
    with pytest.raises(LockError) as caught:
        lockfile.parse(written, source="packages.lock")

    assert str(caught.value).startswith(said)


def test_an_older_lock_keeps_its_pins(index: IndexServer, client: Index, tmp_path: Path) -> None:
    wheel(index, "app", "1.0", requires=["six"])
    wheel(index, "six", "1.0")
    lock = lock_of(manifest("app"), client)
    loaded = json.loads(lockfile.dump(lock))
    rows = [{k: v for k, v in row.items() if k != "requires"} for row in loaded["files"]]
    (tmp_path / "old").write_text(json.dumps({**loaded, "schema": 1, "files": rows}))

    old = lockfile.load_to_renew(tmp_path / "old")

    assert old is not None
    assert old.solutions == lock.solutions
    assert {file.requires for file in old.files} == {()}


def test_a_file_names_what_its_release_requires_on_its_targets(
    index: IndexServer, client: Index
) -> None:
    requires = [
        "plain",
        "windows; sys_platform == 'win32'",
        "never; python_version < '2'",
        "crypt; extra == 'tls'",
        "other; extra == 'more'",
    ]
    wheel(index, "web", "1.0", extras=["tls", "more"], requires=requires)
    wheel(index, "app", "1.0", requires=["web[tls]"])
    for name in ("plain", "windows", "crypt"):
        wheel(index, name, "1.0")

    everywhere = lock_of(manifest("app"), client)
    linux = lock_of(manifest("{requirement: app, targets: [prod]}"), client)

    assert {file.project: file.requires for file in everywhere.files} == {
        "app": ("web",), "crypt": (), "plain": (), "web": ("crypt", "plain", "windows"),
        "windows": (),
    }  # fmt: skip
    assert [f.requires for f in linux.files if f.project == "web"] == [("crypt", "plain")]


def test_a_lock_is_stale_when_the_manifest_asks_for_more_or_less(
    index: IndexServer, client: Index
) -> None:
    wheel(index, "six", "1.0")
    lock = lock_of(manifest("{requirement: six, targets: [desktop]}"), client)

    assert freshness.find_staleness(manifest("{requirement: six, targets: [desktop]}"), lock) == ()
    assert freshness.find_staleness(manifest("{requirement: idna, targets: [desktop]}"), lock) == (
        "idna is not locked on cp312-win_amd64",
        "six is locked but not wanted on cp312-win_amd64",
    )


def test_another_full_version_makes_the_lock_stale(index: IndexServer, client: Index) -> None:
    wheel(index, "six", "1.0")
    lock = lock_of(manifest("six"), client)
    newer = read(text("six").replace("python: [3.12.4]", "python: [3.12.9]"))

    assert freshness.find_staleness(newer, lock) == (
        "target cp312-win_amd64 is locked for 3.12.4, wanted is 3.12.9",
    )


def test_a_missing_lock_names_the_command() -> None:
    with pytest.raises(LockError) as caught:
        freshness.require_fresh(manifest("six"), None, source="packages.lock")

    assert str(caught.value) == ("packages.lock: not found\n  hint: wheelyard lock")


def test_an_older_lock_keeps_what_is_still_said() -> None:
    lists: dict[str, list[str]] = {key: [] for key in ("declared", "tested", "build", "test")}
    lists["asked"] = ["setuptools<81"]
    said = {"targets": ["t"], "is_pure": True, "is_universal": True, "reason": ""}
    row = {"sdist": "a-1.tar.gz", **lists, **said}
    rest: dict[str, list[str]] = {"targets": [], "files": [], "solutions": [], "impossible": []}
    text = json.dumps({**rest, "schema": 3, "builds": [row]})

    lock = lockfile.parse(text, source="packages.lock", to_renew=True)

    assert [(build.sdist, build.is_pure, build.constraints) for build in lock.builds] == [
        ("a-1.tar.gz", True, ("setuptools<81",))
    ]


def test_upgrading_one_project_keeps_the_others() -> None:
    six, idna = canonicalize_name("six"), canonicalize_name("idna")
    lock = lockfile.parse(
        '{"schema": 5, "policy": "", "splits": [], "builds": [], "build_files": [],'
        ' "targets": [], "files": [], "impossible": [], "solutions": ['
        '{"root": "six", "requirements": ["six"], "targets": ["t"],'
        ' "pins": {"six": "1.0", "idna": "2.0"}}]}',
        source="packages.lock",
        to_renew=True,
    )

    assert lockfile.read_pins(lock, upgrade=frozenset({six})) == {"t": {idna: {Version("2.0")}}}
    assert lockfile.read_pins(lock, upgrade=None) == {}


@pytest.mark.parametrize("stated", [("seven", "2.0"), ("six", "3.0")], ids=["project", "version"])
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_release_with_the_metadata_of_another_is_passed_over(
    index: IndexServer, client: Index, kind: str, stated: tuple[str, str]
) -> None:
    wheel(index, "six", "1.0")
    make = make_wheel if kind == "wheel" else make_sdist
    path = make(index.directory, "six", "2.0", stated=metadata(*stated))
    index.listed[path.name] = Listed(
        path=path, project="six", sha256=hashlib.sha256(path.read_bytes()).hexdigest()
    )

    lock = lock_of(manifest("six"), client)
    strict = lock_of(manifest("six ==2.0"), client)

    assert picked(lock, "six")[P312] == {"six": "1.0"}
    assert {no.reason for no in strict.impossible} == {
        f"six 2.0: its metadata are those of {stated[0]} {stated[1]}; the newest that fits is 1.0"
    }
