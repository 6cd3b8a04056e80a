"""Roots that agree are solved together, and only those that do not are solved alone."""

from packaging.utils import canonicalize_name
from packaging.version import Version

from matrix.distributions.core_metadata import CoreMetadata
from matrix.edge.progress import Loudness, Reporter
from matrix.index.page import PublishedFile
from matrix.resolve.lock import Lock
from matrix.resolve.resolving import resolve

from .manifests import manifest
from .memory_index import Graph, MemoryIndex, Release, lock_of, picked

TARGET = "cp39-manylinux_2_28_x86_64"


def wheels(*versions: str, requires: tuple[str, ...] = ()) -> dict[str, Release]:
    return {version: Release(requires=requires) for version in versions}


HUB: Graph = {
    "aaa": wheels("1.0", requires=("lib <2",)),
    "hub": wheels("1.0", requires=("lib <3",)),
    **{f"x{n}": wheels("1.0", requires=("lib >=3", "shared")) for n in range(4)},
    "bystander": wheels("1.0", requires=("lib", "shared >=1")),
    "lib": wheels("1.0", "2.0", "3.0"),
    "shared": wheels("1.0", "2.0"),
}


def splits(lock: Lock) -> dict[str, str]:
    return {split.root: split.reason for split in lock.splits if TARGET in split.targets}


def test_whoever_conflicts_with_many_is_the_one_that_stands_apart() -> None:
    lock = lock_of(manifest("bystander", "hub", *(f"x{n}" for n in range(4))), HUB)

    assert splits(lock) == {
        "hub": "not together with x1: lib<3 (asked for by hub 1.0) and lib>=3 (asked for by "
        "x1 1.0) have no version in common"
    }
    assert picked(lock, TARGET, "bystander") == {"bystander": "1.0", "lib": "3.0", "shared": "2.0"}
    assert picked(lock, TARGET, "hub") == {"hub": "1.0", "lib": "2.0"}


def test_a_root_alone_keeps_to_the_versions_of_the_others() -> None:
    graph = {
        **HUB,
        "hub": wheels("1.0", requires=("lib <3", "shared")),
        "bystander": wheels("1.0", requires=("shared <2",)),
    }
    lock = lock_of(manifest("bystander", "hub", "x0", "x1"), graph)

    assert picked(lock, TARGET, "hub")["shared"] == "1.0"


def test_what_fails_by_itself_takes_nobody_along() -> None:
    graph = {**HUB, "broken": wheels("1.0", requires=("lib >=9",))}
    lock = lock_of(manifest("broken", "x0", "x1"), graph)

    assert {no.root for no in lock.impossible} == {"broken"}
    assert lock.splits == ()


def test_a_pre_release_that_one_root_asks_for_is_not_for_those_apart() -> None:
    graph = {
        "eager": wheels("1.0", requires=("lib >=2.0rc1", "shared >=2")),
        "calm": wheels("1.0", requires=("lib", "shared <2")),
        "lib": wheels("1.0", "2.0rc1"),
        "shared": wheels("1.0", "2.0"),
    }
    lock = lock_of(manifest("calm", "eager"), graph)

    assert picked(lock, TARGET, "eager")["lib"] == "2.0rc1"
    assert picked(lock, TARGET, "calm")["lib"] == "1.0"


def test_a_pre_release_that_is_asked_for_late_is_found() -> None:
    graph = {
        "aaa": wheels("1.0", requires=("lib",)),
        "zzz": wheels("1.0", requires=("mid",)),
        "mid": wheels("1.0", requires=("lib >=2.0rc1",)),
        "lib": wheels("1.0", "2.0rc1"),
    }
    lock = lock_of(manifest("aaa", "zzz"), graph)

    assert picked(lock, TARGET, "aaa")["lib"] == "2.0rc1"


def test_where_there_are_only_pre_releases_they_are_for_those_who_set_no_limits() -> None:
    graph = {"lib": wheels("2.0.dev1", "2.0rc1"), "app": wheels("1.0", requires=("lib >=1",))}
    lock = lock_of(manifest("lib", "app"), graph)

    assert picked(lock, TARGET, "lib") == {"lib": "2.0rc1"}
    assert {no.root for no in lock.impossible} == {"app"}


class Strict:
    """Rules that refuse what a test names."""

    def __init__(self, *, filename: str = "", release: str = "") -> None:
        self._filename = filename
        self._release = release

    def file(self, file: PublishedFile) -> str:
        return "too young" if file.filename.startswith(self._filename or "-") else ""

    def release(self, project: str, version: Version, metadata: CoreMetadata) -> str:
        assert metadata.version == version
        return "a licence" if f"{project} {version}" == self._release else ""


def with_rules(graph: Graph, rules: Strict) -> Lock:
    index = MemoryIndex(graph)
    reporter = Reporter.on_stderr(Loudness.QUIET)
    return resolve(manifest("app"), index, pins={}, reporter=reporter, rules=rules)  # type: ignore[arg-type]


def test_what_rules_refuse_is_passed_over() -> None:
    graph = {"app": wheels("1.0", "2.0", "3.0")}

    young = with_rules(graph, Strict(filename="app-3"))
    licence = with_rules(graph, Strict(release="app 3.0"))

    assert picked(young, TARGET, "app") == {"app": "2.0"}
    assert picked(licence, TARGET, "app") == {"app": "2.0"}


def test_when_rules_leave_nothing_the_reason_quotes_them() -> None:
    graph = {"app": wheels("1.0", "2.0", "3.0")}

    young = with_rules(graph, Strict(filename="app-"))
    licence = with_rules({"app": wheels("3.0")}, Strict(release="app 3.0"))

    assert {no.reason for no in young.impossible} == {
        "app 3.0: too young; 2 older releases do not fit either"
    }
    assert {no.reason for no in licence.impossible} == {"app 3.0: a licence"}


def test_names_and_extras_are_normalized() -> None:
    graph = {"app": wheels("1.0", requires=("My.Lib[Big_One]",)), "my-lib": {
        "1.0": Release(requires=("extra-lib; extra == 'big-one'",), extras=("big-one",))
    }, "extra-lib": wheels("1.0")}  # fmt: skip

    found = picked(lock_of(manifest("app"), graph), TARGET, "app")

    assert canonicalize_name("extra_lib") in found
