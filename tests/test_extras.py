"""Requirements of extras: exactly those that ``packaging`` evaluates, in linear time."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement

from matrix.distributions import core_metadata, wheel
from matrix.distributions.extras import ExtraIndex, find_extras
from matrix.verify.candidates import Candidates
from matrix.verify.prove import Proven, prove
from matrix.verify.view import Offer, View

from .bundles import LINUX
from .memory_index import Release, lock_of
from .test_resolve_properties import manifest

EXTRAS = ("", "a", "b", "c-d", "extra", "1", "1-0", "os-name", "and")
COMPARISONS = st.one_of(
    st.builds(
        "{0} {1} {2}{3}{2}".format,
        st.sampled_from(("extra", "os_name", "sys_platform", "platform_version")),
        st.sampled_from(("==", "!=", "in", "not in", ">", "===", "~=")),
        st.just('"'),
        st.sampled_from((*EXTRAS, "C_D", "1.0", "posix", "extra == 'a'", "linux, a")),
    ),
    st.builds(
        "{0}{1}{0} {2} extra".format,
        st.just("'"),
        st.sampled_from((*EXTRAS, "C.d", "-", 'a" == "b', 'a" and extra == "b', 'x "a')),
        st.sampled_from(("==", "!=", "in", "not in", "<=")),
    ),
    st.sampled_from(("extra == 'a'", "extra == 'b'", "python_version >= '3'", "os_name == 'nt'")),
)
MARKERS = st.recursive(
    COMPARISONS,
    lambda inner: st.builds(
        "{0} {1} {2}".format,
        inner.map("({})".format) | inner,
        st.sampled_from(("and", "or")),
        inner.map("({})".format) | inner,
    ),
    max_leaves=5,
)


def make_offer(project: str, *requires: str) -> Offer:
    lines = "".join(f"Requires-Dist: {text}\n" for text in requires)
    text = f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n{lines}"
    return Offer(
        name=wheel.parse_filename(f"{project}-1.0-py3-none-any.whl"),
        metadata=core_metadata.parse(text.encode()),
    )


def evaluate(text: str, extra: str) -> bool | str:
    """What packaging says, or the error that it raises."""
    try:
        return Marker(text).evaluate({**LINUX.marker_environment(), "extra": extra})
    except ValueError as error:
        return type(error).__name__


@given(MARKERS, st.sampled_from(EXTRAS))
def test_only_the_extras_that_are_found_change_a_marker(text: str, extra: str) -> None:
    extras = find_extras(str(Marker(text)))

    if extras is not None and extra not in extras:
        assert evaluate(text, extra) == evaluate(text, "")


@given(st.lists(MARKERS, max_size=5), st.sampled_from(EXTRAS[1:]))
def test_the_requirements_of_an_extra_are_those_that_packaging_evaluates(
    texts: list[str], extra: str
) -> None:
    texts = [text for text in texts if not isinstance(evaluate(text, extra), str)]
    offer = make_offer("app", "always", *(f"d{n}; {text}" for n, text in enumerate(texts)))
    candidates = Candidates(LINUX.marker_environment(), LINUX.tags(), View.of([offer]))

    plain = [requirement.name for requirement in candidates.find_requirements(offer, "")]
    added = [requirement.name for requirement in candidates.find_requirements(offer, extra)]

    with_extra = ["always"] + [f"d{n}" for n, text in enumerate(texts) if evaluate(text, extra)]
    assert plain == ["always"] + [f"d{n}" for n, text in enumerate(texts) if evaluate(text, "")]
    assert added == [name for name in with_extra if name not in plain]


def test_items_of_an_extra_keep_their_order() -> None:
    markers = ['extra == "a"', 'extra in "a b"', 'os_name == "nt"', 'extra != "a"', 'extra == "b"']
    index = ExtraIndex((marker, find_extras(marker)) for marker in markers)

    assert index.find("a") == markers[:2] + markers[3:4]
    assert index.find("b") == [markers[1], markers[4]]


def prove_all(count: int) -> None:
    requires = [f'd{n}; extra == "e{n}"' for n in range(count)]
    view = View.of([make_offer("app", *requires), *(make_offer(f"d{n}") for n in range(count))])
    proof = prove(
        [Requirement(f"app[{','.join(f'e{n}' for n in range(count))}]")],
        LINUX.marker_environment(),
        LINUX.tags(),
        view,
    )
    assert isinstance(proof, Proven)
    assert len(proof.wheels) == count + 1


def lock_all(count: int) -> None:
    extras = tuple(f"e{n}" for n in range(count))
    requires = tuple(f"d{n}; extra == 'e{n}'" for n in range(count))
    graph = {
        "app": {"1.0": Release(requires=requires, extras=extras)},
        **{f"d{n}": {"1.0": Release()} for n in range(count)},
    }
    lock = lock_of(manifest([f"app[{','.join(extras)}]"], [LINUX.id]), graph)
    assert [len(solution.pins) for solution in lock.solutions] == [count + 1]


@pytest.mark.parametrize("run", [prove_all, lock_all])
def test_twice_the_extras_take_less_than_three_times_the_evaluations(
    run: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluations: list[Marker] = []
    original = Marker.evaluate

    def count_evaluation(marker: Marker, *arguments: object, **options: object) -> bool:
        evaluations.append(marker)
        return original(marker, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Marker, "evaluate", count_evaluation)
    run(30)
    half = len(evaluations)
    run(60)

    assert half > 0
    assert len(evaluations) - half < 3 * half
