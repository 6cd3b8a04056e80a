"""Keys of ``runners:`` and ``coordinator:``, and what they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix.errors import ManifestError
from matrix.manifest.reading import read
from matrix.manifest.runner import Service, Step, Variable

TEXT = """\
bundle: small
targets:
  prod: {platform: manylinux_2_28_x86_64, python: [3.12.4]}
runners:
  - match: "*"
    github: ubuntu-24.04
    gitlab: {tags: [linux], image: "python:3.12"}
    KEY
packages: [six]
"""


def runner(key: str) -> str:
    return TEXT.replace("KEY", key)


def complaint(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read(text)
    return str(caught.value)


def test_every_key_of_a_runner_is_read() -> None:
    text = TEXT.replace(
        "    KEY\n",
        """\
    python: py -3.12
    ca-bundle: /etc/ssl/acme.pem
    toolchain: /opt/toolchain
    environment: {HTTPS_PROXY: "http://proxy.example:3128", PIP_INDEX_URL: {secret: INDEX}}
    setup:
      - podman login registry.example
      - {run: Get-Date, only: gitlab}
      - uses: acme/login@0123456789012345678901234567890123456789
        with: {password: {secret: REGISTRY}, user: ci}
    timeout: 1440
    jobs: 5
""",
    )

    found = read(text).runners[0]

    assert (found.python, found.ca_bundle, found.toolchain) == (
        "py -3.12",
        "/etc/ssl/acme.pem",
        "/opt/toolchain",
    )
    assert found.environment == {
        "HTTPS_PROXY": Variable(value="http://proxy.example:3128"),
        "PIP_INDEX_URL": Variable(secret="INDEX"),  # noqa: S106 - a name
    }
    assert found.setup == (
        Step(run="podman login registry.example"),
        Step(run="Get-Date", only="gitlab"),
        Step(
            uses="acme/login@0123456789012345678901234567890123456789",
            inputs={
                "password": Variable(secret="REGISTRY"),  # noqa: S106 - a name
                "user": Variable(value="ci"),
            },
        ),
    )
    assert (found.timeout, found.jobs, found.secrets) == (1440, 5, ("INDEX", "REGISTRY"))


def test_a_gitlab_runner_has_services_and_variables() -> None:
    text = TEXT.replace("    KEY\n", "").replace(
        'image: "python:3.12"}',
        'image: "python:3.12", executor: docker, variables: {DOCKER_HOST: "tcp://docker:2375"},'
        ' services: ["docker:29-dind", {name: "redis:8", alias: cache, command: [a, b]}]}',
    )

    gitlab = read(text).runners[0].gitlab

    assert gitlab.is_container
    assert gitlab.variables == {"DOCKER_HOST": "tcp://docker:2375"}
    assert gitlab.services == (
        Service(name="docker:29-dind"),
        Service(name="redis:8", alias="cache", command=("a", "b")),
    )


def test_the_coordinator_and_the_output_are_read() -> None:
    more = (
        "coordinator: {github: windows-2025, system: windows, python: py}\n"
        "output: {directory: ci/lab, github: lab.yml, gitlab: ci/lab.yml, name: lab, tags: lab-}\n"
    )

    manifest = read(runner("python: python3.12") + more)

    assert manifest.coordinator is not None
    assert (manifest.coordinator.system, manifest.coordinator.python) == ("windows", "py")
    assert (manifest.output.depth, manifest.output.tags) == (2, "lab-")


@pytest.mark.parametrize(
    "python", ["python3.12", "py -3.12", "uv run --no-project --python=3.12 python", "C:/p/python"]
)
def test_a_command_of_python_is_words(python: str) -> None:
    assert read(runner(f"python: '{python}'")).runners[0].python == python


@pytest.mark.parametrize(
    "python",
    [
        "python3;id",
        "$(id)",
        "a  b",
        " a",
        "-c",
        "A=b python",
        "a|b",
        "a\\b",
        "'a'",
        "~/x",
        "a: b",
        "a:",
    ],
)
def test_a_command_of_python_is_nothing_else(python: str) -> None:
    quoted = python.replace("'", "''")

    assert complaint(runner(f"python: '{quoted}'")).startswith(
        "packages.yaml:8: runners[0].python: "
        "expected the words of a command, such as 'python3.12' or 'py -3.12', got "
    )


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "environment: {INDEX_PASSWORD: hunter2}",
            (
                "packages.yaml:8: runners[0].environment.INDEX_PASSWORD: "
                "expected no secret, because this file is committed\n"
                "  hint: keep it in the service's settings and name it: {secret: NAME}"
            ),
        ),
        (
            "environment: {INDEX: 'https://me:hunter2@index.example/'}",
            (
                "packages.yaml:8: runners[0].environment.INDEX: "
                "expected no secret, because this file is committed\n"
                "  hint: keep it in the service's settings and name it: {secret: NAME}"
            ),
        ),
        (
            "environment: {X: {secret: GITHUB_TOKEN}}",
            (
                "packages.yaml:8: runners[0].environment.X: "
                "expected a secret of your own, got GITHUB_TOKEN, which belongs to the service"
            ),
        ),
        (
            "environment: {X: {secret: A, value: b}}",
            (
                "packages.yaml:8: runners[0].environment.X: "
                "expected a value or the name of a secret, got both\n"
                "  hint: keep it in the service's settings and name it: {secret: NAME}"
            ),
        ),
        (
            "environment: {PATH: /opt/bin}",
            (
                "packages.yaml:8: runners[0].environment.PATH: "
                "the pipelines or the service set PATH\n"
                "  hint: extend PATH by a step of `setup`"
            ),
        ),
        (
            "environment: {a-b: x}",
            (
                "packages.yaml:8: runners[0].environment.a-b: "
                "expected the name of an environment variable, got 'a-b'"
            ),
        ),
        (
            "setup: ['echo ${{ secrets.X }}']",
            (
                "packages.yaml:8: runners[0].setup[0]: "
                "expected a line without '${{', which the service replaces\n"
                "  hint: read a variable of `environment` instead"
            ),
        ),
        (
            'setup: ["a\\nb"]',
            (
                "packages.yaml:8: runners[0].setup[0]: "
                "expected one line of printable characters\n"
                "  hint: write one step for each line"
            ),
        ),
        (
            "setup: [{uses: acme/login@v1}]",
            (
                "packages.yaml:8: runners[0].setup[0].uses: "
                "expected an action at a full commit, such as 'owner/name@0123...', "
                "got 'acme/login@v1'"
            ),
        ),
        (
            "setup: [{only: github}]",
            "packages.yaml:8: runners[0].setup[0]: expected `run` or `uses`",
        ),
        (
            f"setup: [{{uses: acme/login@{'0' * 40}, only: gitlab}}]",
            (
                "packages.yaml:8: runners[0].setup[0]: GitLab has no actions, got `uses`\n"
                "  hint: write a line for GitLab: `run`"
            ),
        ),
        (
            "timeout: 5",
            "packages.yaml:8: runners[0].timeout: expected a whole number from 30 to 7200, got 5",
        ),
        (
            "jobs: 0",
            "packages.yaml:8: runners[0].jobs: expected a whole number from 1 to 256, got 0",
        ),
    ],
)
def test_a_wrong_key_of_a_runner_is_named(key: str, message: str) -> None:
    assert complaint(runner(key)) == message


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a" * 36,
        "github_pat_" + "a" * 40,
        "glpat-" + "a" * 20,
        "AKIA" + "A" * 16,
        "pypi-" + "A" * 40,
        "-----BEGIN PRIVATE KEY-----",
    ],
)
@pytest.mark.parametrize(
    "place", ["environment: {X: '@'}", f"setup: [{{uses: a/b@{'0' * 40}, with: {{x: '@'}}}}]"]
)
def test_a_value_that_looks_like_a_token_is_refused_and_not_printed(place: str, token: str) -> None:
    message = complaint(runner(place.replace("@'", f"{token}'")))

    assert "expected no secret, because this file is committed" in message
    assert token not in message


def test_the_shell_executor_starts_no_image() -> None:
    text = runner("engine: podman").replace("image:", "executor: shell, image:")

    assert complaint(text) == (
        "packages.yaml:5: runners[0].gitlab: "
        "the shell executor starts no image, got 'python:3.12'\n"
        "  hint: leave `image` out, or write `executor: docker`"
    )


def test_a_coordinator_that_no_service_finds_is_named() -> None:
    assert complaint(runner("jobs: 1") + "coordinator: {python: python3.12}\n") == (
        "packages.yaml:10: coordinator: expected github labels, gitlab tags or a gitlab image"
    )


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("runners[0].toolchain", "toolchain: 'https://me:hunter2@files.example/'"),
        ("network.toolchain", "jobs: 1\nnetwork: {toolchain: 'https://me:hunter2@files.example/'}"),
    ],
)
def test_a_password_in_any_address_is_refused_and_not_printed(path: str, key: str) -> None:
    message = complaint(runner(key))

    assert f"{path}: expected an address without a password" in message
    assert "hunter2" not in message


@given(st.text(max_size=20))
def test_a_command_of_python_means_itself_to_a_shell_or_is_refused(python: str) -> None:
    quoted = python.replace("'", "''")
    try:
        words = read(runner(f"python: '{quoted}'")).runners[0].python.split(" ")
    except ManifestError:
        return

    assert all(set(word) <= set("._+/:=-") | set(map(chr, range(128))) for word in words)
    assert not set("".join(words)) & set("$`;&|<>(){}[]*?!~#'\"\\\n%,@")
