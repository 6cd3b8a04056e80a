"""Labels of machines that cannot build for the targets of their runner."""

import pytest

from matrix.errors import ManifestError
from matrix.manifest.reading import read
from matrix.pipelines import machines, providers

TEXT = """\
bundle: small
targets:
  prod: {platform: PLATFORM, python: [3.12.4]}
runners:
  - {match: "*", github: GITHUB, gitlab: GITLAB}
packages: [netifaces]
tool: tools/wheelyard-0.1.0-py3-none-any.whl
"""


def judge(platform: str, github: str, gitlab: str = "[mine]") -> list[str]:
    text = TEXT.replace("PLATFORM", platform).replace("GITHUB", github).replace("GITLAB", gitlab)
    return [str(problem) for problem in machines.find_wrong_machines(read(text))]


@pytest.mark.parametrize(
    ("platform", "github", "gitlab"),
    [
        ("manylinux_2_28_x86_64", "ubuntu-24.04", "[saas-linux-small-amd64]"),
        ("manylinux_2_28_i686", "ubuntu-24.04", "[mine]"),
        ("musllinux_1_2_aarch64", "ubuntu-24.04-arm", "[saas-linux-medium-arm64]"),
        ("win32", "windows-2022", "[saas-windows-medium-amd64]"),
        ("win_amd64", "[self-hosted, Windows, X64]", "[mine]"),
        ("win_arm64", "windows-11-arm", "[mine]"),
        ("macosx_12_0_universal2", "macos-15", "[saas-macos-medium-m1]"),
        ("macosx_12_0_x86_64", "macos-15-intel", "[mine]"),
        ("macosx_12_0_x86_64", "macos-15", "[mine]"),
        ("win_amd64", "[self-hosted, gpu]", "[linux]"),
        ("win_amd64", "{group: builders, labels: [ubuntu-24.04]}", "[mine]"),
    ],
)
def test_a_machine_that_can_build_is_not_named(platform: str, github: str, gitlab: str) -> None:
    assert judge(platform, github, gitlab) == []


WINDOWS = ("windows x86_64 for win_amd64", "win_amd64", "windows-2022")
ARM = ("linux aarch64 for manylinux_aarch64", "manylinux_2_28_aarch64", "ubuntu-24.04-arm")
APPLE = ("macos aarch64 for macosx_arm64", "macosx_12_0_arm64", "macos-15")


@pytest.mark.parametrize(
    ("wanted", "github", "machine"),
    [
        (WINDOWS, "ubuntu-24.04", "'ubuntu-24.04', which has linux x86_64"),
        (WINDOWS, "[self-hosted, linux]", "'linux', which has linux"),
        (ARM, "Ubuntu-24.04", "'Ubuntu-24.04', which has linux x86_64"),
        (ARM, "[self-hosted, X64]", "'X64', which has x86_64"),
        (APPLE, "macos-15-intel", "'macos-15-intel', which has macos x86_64"),
    ],
)
def test_a_wrong_machine_is_an_error_of_check_and_generate(
    wanted: tuple[str, str, str], github: str, machine: str
) -> None:
    expected, platform, label = wanted
    message = (
        f"packages.yaml:5: runners[0].github: expected a machine with {expected}, got {machine}\n"
        f'  hint: put `- {{match: "{platform}", github: {label}}}` before this runner'
    )

    assert judge(platform, github) == [message]
    text = TEXT.replace("PLATFORM", platform).replace("GITHUB", github).replace("GITLAB", "[mine]")
    with pytest.raises(ManifestError) as error:
        providers.render_committed(read(text))
    assert str(error.value) == message


def test_a_machine_that_no_service_hosts_is_asked_for() -> None:
    found = judge("manylinux_2_28_s390x", "[self-hosted]", "[saas-linux-small-amd64]")

    assert "".join(found) == (
        "packages.yaml:5: runners[0].gitlab: expected a machine with linux s390x for "
        "manylinux_s390x, got 'saas-linux-small-amd64', which has linux x86_64\n"
        '  hint: put a runner with `match: "manylinux_2_28_s390x"` before this one'
    )


def test_every_hosted_label_has_a_system_and_a_processor() -> None:
    facts = [facts for rows in machines.read_machines().values() for facts in rows.values()]

    assert {fact["system"] for fact in facts} == {"linux", "windows", "macos"}
    assert {fact["processor"] for fact in facts} == {"x86_64", "aarch64"}


def test_no_hint_offers_a_label_that_ends() -> None:
    hosted = machines.read_machines()["github"]
    retired = {label for label, facts in hosted.items() if "retired" in facts}

    hints = "".join(
        judge(platform, "[self-hosted, windows]")[0]
        for platform in ("manylinux_2_28_x86_64", "macosx_12_0_arm64", "musllinux_1_2_aarch64")
    )
    assert [label for label in retired if f"github: {label}}}" in hints] == []
