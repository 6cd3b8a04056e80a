"""Doubts about runners: what a job would find out after it has waited for its machine."""

import pytest

from matrix.manifest.reading import read
from matrix.pipelines import doubts

TEXT = """\
bundle: small
targets:
  prod: {platform: PLATFORM, python: [3.12.4]}
runners:
  - match: "*"
    gitlab: GITLAB
    KEY
packages: [netifaces]
"""
PODMAN = "engine: podman"
LINUX = "manylinux_2_28_x86_64"


def judge(gitlab: str, key: str = "jobs: 1", more: str = "", platform: str = LINUX) -> str:
    text = TEXT.replace("PLATFORM", platform).replace("GITLAB", gitlab).replace("KEY", key)
    return "\n".join(str(problem) for problem in doubts.find_doubts(read(text + more)))


def test_docker_in_a_container_without_a_daemon_is_a_doubt() -> None:
    assert judge("{tags: [docker], image: 'python:3.12'}") == (
        "packages.yaml:5: runners[0].gitlab: no service is a docker daemon, and jobs of its "
        "executor have none\n  hint: see docs/executors.md; a socket that is mounted needs nothing "
        "here"
    )


@pytest.mark.parametrize(
    ("gitlab", "key", "platform"),
    [
        ("[linux]", "engine: docker", LINUX),
        ("{tags: [d], image: a}", PODMAN, LINUX),
        ("{tags: [d], image: a, services: ['docker:29-dind']}", "jobs: 1", LINUX),
        ("{tags: [d], image: a, variables: {DOCKER_HOST: x}}", "jobs: 1", LINUX),
        ("{tags: [mac], image: macos-15-xcode-16}", "jobs: 1", "macosx_12_0_arm64"),
    ],
)
def test_an_engine_that_can_be_there_is_no_doubt(gitlab: str, key: str, platform: str) -> None:
    assert judge(gitlab, key, platform=platform) == ""


def test_certificates_of_linux_on_windows_are_a_doubt() -> None:
    more = "network: {ca-bundle: /etc/ssl/house.pem}\n"

    assert judge("[w]", more=more, platform="win_amd64") == (
        "packages.yaml:5: runners[0]: network.ca-bundle is '/etc/ssl/house.pem', "
        "which is no path of Windows\n  hint: ca-bundle: PATH"
    )
    assert judge("[w]", "ca-bundle: C:/house.pem", more=more, platform="win_amd64") == ""
    assert judge("[l]", PODMAN, more=more) == ""


def test_a_recipe_that_takes_longer_than_a_job_is_a_doubt() -> None:
    more = "recipes: {netifaces: {timeout: 900}}\n"

    assert judge("[l]", PODMAN, more=more) == (
        "packages.yaml:5: runners[0]: recipes.netifaces.timeout is 900 minutes, "
        "builds stop after 330\n  hint: timeout: 920, where the service allows it"
    )
    assert judge("[l]", "timeout: 920", more=more) == ""
    assert judge("[l]", "timeout: 919", more=more) != ""
