"""What a run of ``nox -s recipes`` keeps of a build that did not succeed."""

import textwrap

from .recipes.building import why


def test_a_failure_is_told_in_the_words_of_its_command() -> None:
    output = textwrap.dedent(
        """\
        installing system packages
        linux-cibw4.1a: mpi4py 4.1.2: build requirement: cython
          ERROR: No matching distribution found for cython>=3.0.1
          read /cache/logs/linux-cibw4.1a.mpi4py-4.1.2.log
        hint: recipes: {mpi4py: {requires: ["cython"]}} mends this error
        """
    )

    assert why(output) == "ERROR: No matching distribution found for cython>=3.0.1"


def test_what_is_told_twice_is_kept_once_and_in_order() -> None:
    output = "error: a.h: not found\nnote\nerror: a.h: not found\ncibuildwheel ended: 1\n"

    assert why(output) == "error: a.h: not found; cibuildwheel ended: 1"


def test_a_failure_without_such_words_is_told_by_its_end() -> None:
    said = [f"step {number}" for number in range(9)]

    assert why("\n".join([*said, ""])) == "step 4; step 5; step 6; step 7; step 8"


def test_a_temporary_name_is_not_kept() -> None:
    output = "Error: ['maturin', '-i', '/tmp/build-env-gm_2h/bin/python'] ended with 1\n"

    assert why(output) == "Error: ['maturin', '-i', '/tmp/...'] ended with 1"
