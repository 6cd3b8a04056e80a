"""What a runner's keys become in the jobs of both services."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.errors import ManifestError
from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.pipelines import github, gitlab, providers

from .golden import cases, semantics
from .golden.everywhere import files_of, quote
from .golden.gitlab_semantics import merge_job

TEXT = """\
bundle: small
targets:
  prod: {platform: PLATFORM, python: [3.12.4]}
runners:
  - match: "*"
    github: LABELS
    gitlab: {tags: [builders]}
    KEYS
packages: [netifaces]
tool: tools/wheelyard-0.1.0-py3-none-any.whl
"""
BUILD = "build-manylinux-x86-64-cibw4"


def manifest(*keys: str, more: str = "", labels: str = "[self-hosted, linux]") -> Manifest:
    text = TEXT.replace("PLATFORM", "manylinux_2_28_x86_64").replace("LABELS", labels)
    return read(text.replace("KEYS", "\n    ".join(keys)) + more)


def github_jobs(manifest: Manifest) -> dict[str, Any]:
    jobs = semantics.parse(files_of(manifest)[github.WORKFLOW])["jobs"]
    assert isinstance(jobs, dict)
    return jobs


def gitlab_job(manifest: Manifest) -> dict[str, Any]:
    """The job that builds."""
    child = semantics.parse(files_of(manifest)[gitlab.CHILD])
    name = next(name for name in child if name.startswith("build-"))
    return dict(merge_job(name, child))


def lines(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_manifests_python_makes_the_environment_of_a_job() -> None:
    found = manifest("python: py -3.12")

    assert "py -3.12 -I -m venv --clear .wheelyard" in lines(github_jobs(found)[BUILD])
    assert "py -3.12 -I -m venv --clear .wheelyard" in gitlab_job(found)["before_script"]


def test_a_hosted_runner_with_a_python_of_its_own_installs_none() -> None:
    own = github_jobs(manifest("python: python3.12", labels="ubuntu-24.04"))[BUILD]
    installed = github_jobs(manifest("jobs: 1", labels="ubuntu-24.04"))[BUILD]

    assert "Set up Python" in [step["name"] for step in installed["steps"]]
    assert "Set up Python" not in [step["name"] for step in own["steps"]]


def test_own_steps_follow_the_checkout_and_precede_the_environment() -> None:
    action = f"acme/login@{'0' * 40}"
    found = manifest(
        "setup:",
        "  - echo \"$HOME\" && echo 'two words'",
        f"  - {{uses: {action}, with: {{user: ci, password: {{secret: LOGIN}}}}}}",
        "  - {run: Get-Date, only: gitlab}",
        "  - {run: date, only: github}",
    )

    steps = github_jobs(found)[BUILD]["steps"]
    assert [step.get("run") or step["uses"].partition("@")[0] for step in steps[:5]] == [
        "actions/checkout",
        "echo \"$HOME\" && echo 'two words'",
        "acme/login",
        "date",
        "python3 -I -m venv --clear .wheelyard",
    ]
    assert steps[2]["with"] == {"user": "ci", "password": "${{ secrets.LOGIN }}"}
    assert gitlab_job(found)["before_script"][:3] == [
        "echo \"$HOME\" && echo 'two words'",
        "Get-Date",
        "python3 -I -m venv --clear .wheelyard",
    ]


def test_variables_and_secrets_reach_the_jobs_of_their_runner() -> None:
    found = manifest(
        "environment: {PROXY: '', INDEX: {secret: WHEELYARD_INDEX}, SAME: {secret: SAME}}"
    )

    assert github_jobs(found)[BUILD]["env"] == {
        "PROXY": "",
        "INDEX": "${{ secrets.WHEELYARD_INDEX }}",
        "SAME": "${{ secrets.SAME }}",
    }
    # GitLab gives SAME to every job by itself; a variable that names itself would stay text.
    assert gitlab_job(found)["variables"] == {"PROXY": "", "INDEX": "$WHEELYARD_INDEX"}


def test_no_secret_reaches_a_job_that_may_write() -> None:
    jobs = github_jobs(manifest("environment: {PROXY: p, INDEX: {secret: LOGIN}}"))

    assert jobs["publish"]["env"] == {"PROXY": "p"}
    writers = [job for job in jobs.values() if "write" in job["permissions"].values()]
    assert [job for job in writers if "secrets." in repr(job)] == []


def test_certificates_and_a_toolchain_are_the_runners_own() -> None:
    found = manifest(
        "ca-bundle: /etc/ssl/own.pem",
        "toolchain: D:/toolchain",
        more=(
            "network: {index: 'https://index.example/', ca-bundle: /etc/ssl/all.pem,"
            " toolchain: /opt/toolchain}\n"
        ),
    )

    own = {
        "PIP_CERT": "/etc/ssl/own.pem",
        "WHEELYARD_CA_BUNDLE": "/etc/ssl/own.pem",
        "WHEELYARD_TOOLCHAIN": "D:/toolchain",
        "WHEELYARD_TOOL_LINKS": "D:/toolchain/tool",
    }
    assert github_jobs(found)[BUILD]["env"] == own
    assert gitlab_job(found)["variables"] == own
    shared = semantics.parse(files_of(found)[github.WORKFLOW])["env"]
    assert (shared["PIP_CERT"], shared["WHEELYARD_TOOL_LINKS"]) == (
        "/etc/ssl/all.pem",
        "/opt/toolchain/tool",
    )


def test_a_toolchain_of_one_runner_alone_installs_its_jobs_without_an_index() -> None:
    found = manifest(
        "toolchain: /opt/toolchain", more="coordinator: {github: ubuntu-24.04, gitlab: [small]}\n"
    )
    options = '--no-index --find-links "$WHEELYARD_TOOL_LINKS"'

    jobs = github_jobs(found)
    assert [options in " ".join(lines(jobs[name])) for name in (BUILD, "plan")] == [True, False]


def test_the_coordinator_runs_what_does_not_build() -> None:
    found = manifest(
        "python: python3.12",
        more="coordinator: {github: ubuntu-24.04, gitlab: {tags: [small], image: 'python:3.12'}}\n",
    )

    jobs, child = github_jobs(found), semantics.parse(files_of(found)[gitlab.CHILD])
    asked = BUILD.replace("build-", "runner-")
    labels = {name: job["runs-on"] for name, job in jobs.items() if name != asked}
    assert labels.pop(BUILD) == ["self-hosted", "linux"]
    assert set(map(tuple, labels.values())) == {("ubuntu-24.04",)}
    assert (child[".coordinator"]["tags"], child[".coordinator"]["image"]) == (
        ["small"],
        "python:3.12",
    )


def test_a_coordinator_of_one_service_leaves_the_other_its_first_runner() -> None:
    found = manifest("jobs: 1", more="coordinator: {github: ubuntu-24.04}\n")

    child = semantics.parse(files_of(found)[gitlab.CHILD])
    assert child[".coordinator"]["tags"] == ["builders"]


def test_a_coordinator_with_windows_has_its_shell() -> None:
    found = manifest(
        "jobs: 1", more="coordinator: {github: windows-2025, gitlab: [w], system: windows}\n"
    )

    assert ".wheelyard/Scripts/wheelyard generate --check" in " ".join(
        lines(github_jobs(found)["check"])
    )


def test_a_job_may_take_as_long_as_its_runner_says() -> None:
    found = manifest("timeout: 1440")

    assert github_jobs(found)[BUILD]["timeout-minutes"] == "1440"
    assert gitlab_job(found)["timeout"] == "1440 minutes"


def test_gitlab_starts_the_services_of_a_job() -> None:
    text = TEXT.replace("PLATFORM", "manylinux_2_28_x86_64").replace("LABELS", "ubuntu-24.04")
    text = text.replace("KEYS", "jobs: 1").replace(
        "{tags: [builders]}",
        "{tags: [builders], image: 'own:1', variables: {DOCKER_TLS_CERTDIR: ''}, services:"
        " [redis, {name: 'docker:29-dind', alias: docker, entrypoint: [a], command: [b, c]}]}",
    )

    job = gitlab_job(read(text))
    assert job["services"] == [
        {"name": "redis"},
        {"name": "docker:29-dind", "alias": "docker", "entrypoint": ["a"], "command": ["b", "c"]},
    ]
    assert job["variables"] == {"DOCKER_TLS_CERTDIR": ""}


@pytest.mark.parametrize("value", ["${{ secrets.A }}", "$CI_JOB_TOKEN"])
def test_a_value_that_a_service_would_expand_is_refused(value: str) -> None:
    with pytest.raises(ManifestError):
        providers.render_committed(manifest(f"environment: {{A: {quote(value)}}}"))


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="$"), max_size=12).filter(
    str.isprintable
)
LINES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.isprintable)
NAMES = st.from_regex(r"MY_[A-Z0-9_]{1,8}", fullmatch=True)


@given(
    python=st.sampled_from(["", "python3.12", "py -3.12", "uv run --no-project python"]),
    values=st.dictionaries(NAMES, WORDS, max_size=3),
    secrets=st.dictionaries(NAMES.map(lambda name: f"S{name}"), NAMES, max_size=2),
    setup=st.lists(LINES, max_size=3),
    minutes=st.integers(30, 7200),
)
def test_both_services_get_the_same_jobs_or_none(
    python: str, values: dict[str, str], secrets: dict[str, str], setup: list[str], minutes: int
) -> None:
    rows = [f"timeout: {minutes}"]
    rows += [f"python: {python}"] if python else []
    variables = [f"{name}: {quote(value)}" for name, value in values.items()]
    variables += [f"{name}: {{secret: {secret}}}" for name, secret in secrets.items()]
    rows += [f"environment: {{{', '.join(variables)}}}"] if variables else []
    rows += [f"setup: [{', '.join(map(quote, setup))}]"] if setup else []
    try:
        found = manifest(*rows)
    except ManifestError:
        assert any(bad in "".join(setup) + "".join(values.values()) for bad in ("${{", "$[[", "-"))
        return

    job, other = github_jobs(found)[BUILD], gitlab_job(found)

    assert files_of(found) == files_of(manifest(*rows))
    as_gitlab = {
        name: value.replace("${{ secrets.", "$").replace(" }}", "")
        for name, value in job.get("env", {}).items()
    }
    assert other.get("variables", {}) == as_gitlab
    assert other["before_script"] == lines(job)[: len(other["before_script"])]
    assert other["before_script"][: len(setup)] == setup
    assert other["timeout"] == f"{job['timeout-minutes']} minutes"


def test_a_golden_case_has_every_key_of_a_runner() -> None:
    text = (cases.ROOT / "own-machines" / "packages.yaml").read_text(encoding="utf-8")

    keys = ("python", "ca-bundle", "toolchain", "environment", "setup", "timeout", "jobs")
    assert [key for key in keys if f"    {key}:" not in text] == []
