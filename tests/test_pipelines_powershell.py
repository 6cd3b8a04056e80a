"""
The lines of Windows runners, read as PowerShell reads them.

Nothing of this project has ever executed PowerShell: what can be known without Windows is that each
line is one command, and that its words are the plan's.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from matrix.configurations.script_files import read_script
from matrix.manifest.reading import read
from matrix.pipelines import agreement, gitlab, providers

from .golden import cases, semantics
from .golden.everywhere import everywhere, files_of
from .golden.gitlab_semantics import is_windows, jobs_of, merge_job
from .powershell import NotPowerShell, find_kinds, read_commands

OWN_PYTHON = """\
bundle: own
targets: {desktop: {platform: win_amd64, python: [3.12.4]}}
runners:
  - {match: "*", gitlab: [windows], python: "py -3.12", toolchain: "C:/wheelyard tools"}
tool: tools/wheelyard-0.1.0-py3-none-any.whl
packages: [netifaces]
"""
# What a line may be made of: no pipe, no redirection, no statement, no second command.
WORDS = {
    *("command", "command_name", "command_elements", "command_argument_sep", "command_parameter"),
    *("generic_token", "array_literal_expression", "unary_expression", "string_literal"),
    *("expandable_string_literal", "variable", "pipeline", "pipeline_chain", "statement_list"),
    *("program", "expression_with_unary_operator", "real_literal", "integer_literal", "-", '"'),
    *("decimal_integer_literal", "command_argument_sep", "command_name_expr", " "),
}


def windows_jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every job that PowerShell runs, by path and name."""
    texts = [(case, cases.read_golden(case)) for case in cases.NAMES]
    own = read(OWN_PYTHON)
    child = gitlab.GitLab().render_child(own, cases.plan(own))
    texts.append(("everywhere", files_of(everywhere())))
    texts.append(("own", {**providers.render_committed(own), gitlab.CHILD: child}))
    for case, text_by_path in texts:
        for path, text in text_by_path.items():
            if path.endswith(".yml") and ".github" not in path:
                whole = semantics.parse(text)
                for name in jobs_of(whole):
                    job = merge_job(name, whole)
                    if is_windows(job) and name != "publish":
                        yield f"{case}/{path}: {name}", job


JOBS = dict(windows_jobs())


@pytest.mark.parametrize("name", JOBS)
def test_every_line_is_one_command_whose_words_are_the_ones_written(name: str) -> None:
    job = JOBS[name]

    for line in [*job["before_script"], *job["script"]]:
        (words,) = read_commands(line)
        assert [word.strip('"') for word in words] == shlex.split(line)
        assert find_kinds(line) <= WORDS


@pytest.mark.parametrize("name", JOBS)
def test_no_word_is_one_that_powershell_takes_apart(name: str) -> None:
    for line in [*JOBS[name]["before_script"], *JOBS[name]["script"]]:
        for word in read_commands(line)[0]:
            # Windows PowerShell gives `-a.b` to a program as `-a` and `.b`.
            assert not re.match(r"-+[A-Za-z][^\"]*[.:]", word), line
            assert not re.search(r"[`@{}()|&;<>#,]", word.replace("$env:", "")), line


def test_a_job_of_the_plan_is_built_by_the_words_of_the_plan() -> None:
    manifest = everywhere()
    plan = cases.plan(manifest)
    child = semantics.parse(gitlab.GitLab().render_child(manifest, plan))
    names = [gitlab.name_job(job) for job in plan.jobs if job.job_class.startswith("win")]

    assert names
    for name in names:
        (words,) = read_commands(child[name]["script"][0])
        wheelyard, verb, id_, *options = words
        assert (wheelyard, verb) == (".wheelyard/Scripts/wheelyard", "build")
        assert name == f"build-{id_}: netifaces"
        assert options.pop() == "--put"
        given = dict(zip(options[::2], options[1::2], strict=True))
        assert given["--plan"] == "plan/plan.json"
        assert given["--expect"] == agreement.digest_plan(plan)
        assert given["--out"] == f"wheels/{id_}"


@pytest.mark.parametrize("line", ['python "a', "python | ", "if (", "$x ="])
def test_what_is_no_powershell_is_refused(line: str) -> None:
    with pytest.raises(NotPowerShell):
        read_commands(line)


def test_several_commands_and_their_words_are_told_apart() -> None:
    assert read_commands('python -I "a b" | tee x; py -3.12') == [
        ("python", "-I", '"a b"'),
        ("tee", "x"),
        ("py", "-3.12"),
    ]
    assert "if_statement" in find_kinds("if ($x) { y }")
    assert "redirection" in find_kinds("python > x")


def test_the_script_that_fetches_a_toolchain_is_powershell() -> None:
    script = read_script("fetch.ps1", room="toolchain")

    assert [words[0] for words in read_commands(script)] == [
        *("Join-Path", "Get-Content", "Test-Path", "Invoke-WebRequest", "Get-FileHash"),
        "Move-Item",
    ]
