import pytest

from matrix.errors import ManifestError
from matrix.plan.inventory import ReusedWheel
from matrix.plan.model import Build, Plan
from matrix.plan.planning import plan
from matrix.resolve.lock import LockedFile

from .locks import P39, P312, WIN, lock, sdist, wheel
from .manifests import manifest


def made(*files: LockedFile, more: str = "") -> Plan:
    return plan(manifest(*(file.project for file in files), more=more), lock(*files))


def builds(of: Plan) -> list[Build]:
    return [build for job in of.jobs for build in job.builds]


def after(of: Plan) -> dict[str, tuple[str, ...]]:
    return {build.project: build.after for build in builds(of)}


def order(of: Plan) -> list[list[str]]:
    return [[build.project for build in job.builds] for job in of.jobs]


def test_a_requirement_is_built_first_in_the_same_job() -> None:
    found = made(sdist("xmlsec", "lxml"), sdist("lxml"))

    assert order(found) == [["lxml", "xmlsec"]]
    assert after(found) == {"lxml": (), "xmlsec": ("lxml",)}


def test_order_goes_through_what_exists_already() -> None:
    found = made(sdist("a", "b"), wheel("b", "c"), sdist("c"))

    assert order(found) == [["c", "a"]]
    assert after(found)["a"] == ("c",)


def test_order_goes_through_what_is_built_too() -> None:
    found = made(sdist("a", "b"), sdist("b", "c"), sdist("c"))

    assert order(found) == [["c", "b", "a"]]
    assert after(found)["a"] == ("b", "c")


def test_what_shares_a_need_shares_a_job() -> None:
    found = made(sdist("a", "c"), sdist("b", "c"), sdist("c"), sdist("unrelated"))

    assert sorted(order(found), key=len) == [["unrelated"], ["c", "a", "b"]]


def test_a_project_that_exists_is_not_waited_for() -> None:
    found = made(sdist("a", "b"), wheel("b"))

    assert after(found) == {"a": ()}


def test_a_recipe_names_what_no_metadata_states() -> None:
    found = made(sdist("a"), sdist("b"), more="recipes: {a: {after: [b]}}\n")

    assert order(found) == [["b", "a"]]


def test_a_test_s_requirements_come_first_too() -> None:
    recipe = "recipes: {a: {test: {requires: ['b >=1', 'unlocked']}}}\n"

    found = made(sdist("a"), sdist("b"), more=recipe)

    assert after(found)["a"] == ("b",)


def test_a_recipe_may_name_what_exists() -> None:
    found = made(sdist("a"), wheel("b"), more="recipes: {a: {after: [b]}}\n")

    assert after(found) == {"a": ()}


def test_a_recipe_that_names_what_nobody_has_locked_is_an_error() -> None:
    with pytest.raises(ManifestError) as caught:
        made(sdist("xmlsec"), sdist("lxml"), more="recipes: {xmlsec: {after: [lxlm, cython]}}\n")

    assert str(caught.value) == (
        "packages.yaml:16: recipes.xmlsec.after: the lock has no project 'cython'\n"
        "  hint: add `- cython` to packages\n"
        "packages.yaml:16: recipes.xmlsec.after: the lock has no project 'lxlm'\n"
        "  hint: did you mean 'lxml'?"
    )


def test_builds_that_wait_for_each_other_are_an_error_with_the_way_around() -> None:
    with pytest.raises(ManifestError) as caught:
        made(sdist("a", "between"), wheel("between", "b"), sdist("b", "a"))

    assert str(caught.value) == (
        "packages.yaml: builds of manylinux-x86-64-cibw4 wait for each other: "
        "a -> between -> b -> a\n"
        "  hint: exclude a or b where the index has no wheel of it"
    )


def test_a_cycle_through_what_exists_is_none() -> None:
    found = made(sdist("a", "b"), wheel("b", "a"), wheel("c", "d"), wheel("d", "c"))

    assert after(found) == {"a": ()}


def test_order_does_not_leave_the_job_class() -> None:
    found = made(sdist("a", "b", targets=[P312, WIN]), sdist("b", targets=[WIN]))

    assert {job.job_class: [b.after for b in job.builds] for job in found.jobs} == {
        "manylinux-x86-64-cibw4": [()],
        "win-amd64-cibw4": [(), ("b",)],
    }


def test_two_versions_of_a_project_are_two_builds_of_one_job() -> None:
    old, new = sdist("a", targets=[P39], version="1.0"), sdist("a", targets=[P312], version="2.0")

    found = plan(manifest("a"), lock(old, new))

    assert [[build.label for build in job.builds] for job in found.jobs] == [["a 1.0", "a 2.0"]]


def test_a_wheel_of_the_previous_bundle_is_named_where_it_is_needed() -> None:
    wanted, files = manifest("a", "b"), lock(sdist("a", "b"), sdist("b"))
    key = next(cell.key for cell in plan(wanted, files).cells if cell.project == "b")
    kept = ReusedWheel(filename="b-1.0-cp312.whl", sha256="1" * 64, size=1)

    found = plan(wanted, files, inventory={(key, P312): kept})

    assert [(build.project, build.after, build.carried) for build in builds(found)] == [
        ("a", (), ("b",))
    ]


def test_what_a_recipe_wants_built_first_is_part_of_the_key() -> None:
    def key(recipes: str) -> str:
        found = made(sdist("a"), sdist("b"), more=f"recipes: {{{recipes}}}\n")
        return next(cell.key for cell in found.cells if cell.project == "a")

    plain, waiting = key("a: {}"), key("a: {after: [b]}")
    changed = key("a: {after: [b]}, b: {environment: {CFLAGS: -O1}}")

    assert len({plain, waiting, changed}) == 3
    assert plain == key("a: {}, b: {environment: {CFLAGS: -O1}}")
