import dataclasses

import pytest

from matrix.errors import ManifestError
from matrix.plan.inventory import ReusedWheel
from matrix.plan.model import Build, Plan
from matrix.plan.order import Needs
from matrix.plan.planning import create_plan
from matrix.resolve.lock import LockedFile

from .locks import P39, P312, WIN, lock, sdist, wheel
from .manifests import manifest


def plan_files(*files: LockedFile, more: str = "") -> Plan:
    return create_plan(manifest(*(file.project for file in files), more=more), lock(*files))


def builds(of: Plan) -> list[Build]:
    return [build for job in of.jobs for build in job.builds]


def after(of: Plan) -> dict[str, tuple[str, ...]]:
    return {build.project: build.after for build in builds(of)}


def order(of: Plan) -> list[list[str]]:
    return [[build.project for build in job.builds] for job in of.jobs]


def test_a_requirement_is_built_first_in_the_same_job() -> None:
    plan = plan_files(sdist("xmlsec", "lxml"), sdist("lxml"))

    assert order(plan) == [["lxml", "xmlsec"]]
    assert after(plan) == {"lxml": (), "xmlsec": ("lxml",)}


def test_order_follows_needs_through_published_wheels() -> None:
    plan = plan_files(sdist("a", "b"), wheel("b", "c"), sdist("c"))

    assert order(plan) == [["c", "a"]]
    assert after(plan)["a"] == ("c",)


def test_order_follows_needs_through_builds() -> None:
    plan = plan_files(sdist("a", "b"), sdist("b", "c"), sdist("c"))

    assert order(plan) == [["c", "b", "a"]]
    assert after(plan)["a"] == ("b", "c")


def test_builds_with_a_common_need_share_a_job() -> None:
    plan = plan_files(sdist("a", "c"), sdist("b", "c"), sdist("c"), sdist("unrelated"))

    assert sorted(order(plan), key=len) == [["unrelated"], ["c", "a", "b"]]


def test_a_build_does_not_wait_for_a_published_wheel() -> None:
    plan = plan_files(sdist("a", "b"), wheel("b"))

    assert after(plan) == {"a": ()}


def test_a_recipe_adds_needs_that_metadata_lacks() -> None:
    plan = plan_files(sdist("a"), sdist("b"), more="recipes: {a: {after: [b]}}\n")

    assert order(plan) == [["b", "a"]]


def test_requirements_of_a_test_are_built_first() -> None:
    recipe = "recipes: {a: {test: {requires: ['b >=1', 'unlocked']}}}\n"

    plan = plan_files(sdist("a"), sdist("b"), more=recipe)

    assert after(plan)["a"] == ("b",)


def test_a_recipe_may_name_a_published_project() -> None:
    plan = plan_files(sdist("a"), wheel("b"), more="recipes: {a: {after: [b]}}\n")

    assert after(plan) == {"a": ()}


def test_a_recipe_that_names_an_unlocked_project_is_an_error() -> None:
    with pytest.raises(ManifestError) as caught:
        plan_files(
            sdist("xmlsec"), sdist("lxml"), more="recipes: {xmlsec: {after: [lxlm, cython]}}\n"
        )

    assert str(caught.value) == (
        "packages.yaml:16: recipes.xmlsec.after: the lock has no project 'cython'\n"
        "  hint: add `- cython` to packages\n"
        "packages.yaml:16: recipes.xmlsec.after: the lock has no project 'lxlm'\n"
        "  hint: did you mean 'lxml'?"
    )


def test_builds_that_wait_for_each_other_are_an_error_with_the_cycle() -> None:
    with pytest.raises(ManifestError) as caught:
        plan_files(sdist("a", "between"), wheel("between", "b"), sdist("b", "a"))

    assert str(caught.value) == (
        "packages.yaml: builds of manylinux-x86-64-cibw4 wait for each other: "
        "a -> between -> b -> a\n"
        "  hint: exclude a or b where the index has no wheel of it"
    )


def test_a_cycle_through_published_wheels_is_ignored() -> None:
    plan = plan_files(sdist("a", "b"), wheel("b", "a"), wheel("c", "d"), wheel("d", "c"))

    assert after(plan) == {"a": ()}


def test_order_does_not_leave_the_job_class() -> None:
    plan = plan_files(sdist("a", "b", targets=[P312, WIN]), sdist("b", targets=[WIN]))

    assert {job.job_class: [b.after for b in job.builds] for job in plan.jobs} == {
        "manylinux-x86-64-cibw4": [()],
        "win-amd64-cibw4": [(), ("b",)],
    }


def test_two_versions_of_a_project_are_two_builds_of_one_job() -> None:
    old, new = sdist("a", targets=[P39], version="1.0"), sdist("a", targets=[P312], version="2.0")

    plan = create_plan(manifest("a"), lock(old, new))

    assert [[build.label for build in job.builds] for job in plan.jobs] == [["a 1.0", "a 2.0"]]


def test_a_build_names_the_reused_wheels_that_it_needs() -> None:
    wanted, files = manifest("a", "b"), lock(sdist("a", "b"), sdist("b"))
    keys = next(cell.keys for cell in create_plan(wanted, files).cells if cell.project == "b")
    first = ReusedWheel(filename="b-1.0-cp312.whl", sha256="1" * 64, size=1)

    plan = create_plan(wanted, files, inventory={(keys, P312): first})

    assert [(build.project, build.after, build.reused) for build in builds(plan)] == [
        ("a", (), ("b",))
    ]


def test_after_of_a_recipe_is_part_of_the_content_key() -> None:
    def key(recipes: str) -> str:
        plan = plan_files(sdist("a"), sdist("b"), more=f"recipes: {{{recipes}}}\n")
        return next(cell.content_key for cell in plan.cells if cell.project == "a")

    plain, waiting = key("a: {}"), key("a: {after: [b]}")
    changed = key("a: {after: [b]}, b: {environment: {CFLAGS: -O1}}")

    assert len({plain, waiting, changed}) == 3
    assert plain == key("a: {}, b: {environment: {CFLAGS: -O1}}")


def test_a_path_is_the_shortest_where_several_meet() -> None:
    needs_by_project = {
        "a": frozenset({"b", "c"}),
        "b": frozenset({"d"}),
        "c": frozenset({"d"}),
        "d": frozenset({"e"}),
    }
    needs = Needs(job_class="x", needs_by_project=needs_by_project)

    assert needs.find_path("a", "e") == ["a", "b", "d", "e"]


def key_of_a(prerequisite: LockedFile) -> str:
    more = "recipes: {a: {after: [b, c]}, b: {after: [c]}}"
    files = (sdist("a"), sdist("b"), wheel("c", targets=(P39,)), prerequisite)
    plan = create_plan(manifest("a", "b", "c", more=more), lock(*files))
    (cell,) = (cell for cell in plan.cells if cell.project == "a")
    return cell.content_key


def test_a_key_follows_a_project_that_two_recipes_want_first() -> None:
    other = dataclasses.replace(sdist("c"), sha256="0" * 64)

    assert key_of_a(sdist("c")) == key_of_a(sdist("c"))
    assert key_of_a(sdist("c")) != key_of_a(other)
