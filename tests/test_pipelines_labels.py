"""Runner labels: what GitHub hosts and until when, and what the manifest says of its own."""

import datetime
import re

import pytest

from matrix.errors import ManifestError
from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.pipelines import github, gitlab, labels, providers

from .golden import cases, semantics

RETIRED = datetime.date(2027, 4, 17)
DAY = datetime.timedelta(days=1)


def with_runner(runner: str, github: str = "") -> Manifest:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")
    assert "github: ubuntu-24.04" in text
    return read(text.replace("github: ubuntu-24.04", f"github: {runner}") + github)


def judge(manifest: Manifest, today: datetime.date) -> tuple[list[str], list[str]]:
    warnings, errors = labels.judge_labels(manifest, today)
    return [str(problem) for problem in warnings], [str(problem) for problem in errors]


def test_a_hosted_label_without_an_end_is_fine() -> None:
    assert judge(with_runner("ubuntu-24.04"), RETIRED) == ([], [])


def test_a_label_is_warned_of_from_90_days_before_its_end() -> None:
    manifest = with_runner("Ubuntu-22.04")
    warned = RETIRED - labels.WARNED_BEFORE

    assert judge(manifest, warned - DAY) == ([], [])
    assert judge(manifest, warned) == judge(manifest, RETIRED - DAY)
    assert judge(manifest, warned) == (
        [
            (
                "packages.yaml:5: runners[0].github: the label 'Ubuntu-22.04' "
                "goes away on 2027-04-17\n"
                "  hint: write 'ubuntu-24.04'"
            )
        ],
        [],
    )


def test_a_label_that_is_gone_is_an_error() -> None:
    assert judge(with_runner("ubuntu-22.04"), RETIRED) == (
        [],
        [
            (
                "packages.yaml:5: runners[0].github: the label 'ubuntu-22.04' "
                "is gone since 2027-04-17\n"
                "  hint: write 'ubuntu-24.04'"
            )
        ],
    )


def test_an_unknown_label_is_an_error_with_a_near_name() -> None:
    manifest = with_runner("ubuntu-2404")
    message = (
        "packages.yaml:5: runners[0].github: unknown label 'ubuntu-2404'\n"
        "  hint: did you mean 'ubuntu-24.04'?"
    )

    assert judge(manifest, RETIRED) == ([], [message])
    with pytest.raises(ManifestError) as error:
        providers.render_committed(manifest)
    assert str(error.value) == message


def test_an_unknown_label_like_nothing_can_be_listed() -> None:
    assert judge(with_runner("gpu"), RETIRED) == (
        [],
        [
            (
                "packages.yaml:5: runners[0].github: unknown label 'gpu'\n"
                "  hint: list it under `github.labels`"
            )
        ],
    )


@pytest.mark.parametrize(
    "runner", ["[self-hosted, linux, mine]", "{group: builders}", "{group: builders, labels: mine}"]
)
def test_labels_of_own_runners_are_unknown_without_an_inventory(runner: str) -> None:
    assert judge(with_runner(runner), RETIRED)[1] == []


@pytest.mark.parametrize(
    "runner", ["[self-hosted, linux, mine]", "mine", "{group: g, labels: mine}"]
)
def test_a_listed_label_is_known(runner: str) -> None:
    assert judge(with_runner(runner, "github: {labels: [Mine]}\n"), RETIRED)[1] == []


@pytest.mark.parametrize("runner", ["[self-hosted, linux, mien]", "{group: g, labels: mien}"])
def test_with_an_inventory_a_label_that_is_not_listed_is_an_error(runner: str) -> None:
    assert judge(with_runner(runner, "github: {labels: [mine]}\n"), RETIRED)[1] == [
        (
            "packages.yaml:5: runners[0].github: expected a label of `github.labels`, "
            "got 'mien'\n"
            "  hint: did you mean 'mine'?"
        )
    ]


def test_an_enterprise_server_hosts_no_runner() -> None:
    manifest = with_runner("ubuntu-24.04", "github: {dialect: enterprise-server}\n")

    assert judge(manifest, RETIRED) == (
        [],
        [
            (
                "packages.yaml:5: runners[0].github: "
                "expected 'self-hosted' or a label of `github.labels`, got 'ubuntu-24.04'\n"
                "  hint: list it under `github.labels`"
            )
        ],
    )


def test_only_hosted_runners_get_a_python_installed() -> None:
    def steps(manifest: Manifest) -> set[str]:
        workflow = semantics.parse(providers.render_committed(manifest)[github.WORKFLOW])
        return {step["name"] for job in workflow["jobs"].values() for step in job["steps"]}

    assert "Set up Python" in steps(with_runner("ubuntu-24.04"))
    assert "Set up Python" not in steps(with_runner("[self-hosted, ubuntu-24.04]"))
    assert "Set up Python" not in steps(with_runner("mine", "github: {labels: mine}\n"))


def test_every_label_that_ends_names_one_that_stays() -> None:
    for facts in labels.read_hosted().values():
        if "retired" in facts:
            datetime.date.fromisoformat(facts["retired"])
            assert "retired" not in labels.read_hosted()[facts["instead"]]


def test_a_retired_label_is_never_a_hint() -> None:
    offered = {
        hint
        for label in ("windows-9999", "ubuntu-18.04", "macos-10", "ubuntu-20.40", "windows-2091")
        for message in judge(with_runner(label), RETIRED)[1]
        for hint in re.findall(r"did you mean '([^']+)'", message)
    }

    assert offered
    assert {label for label in offered if "retired" in labels.read_hosted()[label]} == set()


def test_tags_of_gitlab_are_the_instances_own() -> None:
    manifest = with_runner("ubuntu-24.04")

    assert gitlab.GitLab().judge_runners(manifest, RETIRED) == ((), ())


SHARED = (
    "packages.yaml:5: runners[0].github: plans and publishes on a machine that also builds\n"
    "  hint: name another machine as `coordinator`: see docs/security.md on shared runners"
)


@pytest.mark.parametrize("runner", ["[self-hosted, linux, mine]", "{group: builders}"])
def test_an_own_runner_that_publishes_and_builds_is_a_warning(runner: str) -> None:
    assert judge(with_runner(runner), RETIRED) == ([SHARED], [])


def test_an_own_runner_may_build_behind_one_that_publishes() -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")
    for publisher in ("ubuntu-24.04", "[self-hosted, publisher]"):
        runners = f'runners:\n  - {{match: "publisher", github: {publisher}}}'
        manifest = read(text.replace("runners:", runners).replace("ubuntu-24.04", "[self-hosted]"))

        assert judge(manifest, RETIRED) == ([], [])


def test_a_coordinator_publishes_in_place_of_the_first_runner() -> None:
    manifest = with_runner("[self-hosted]", "coordinator: {github: ubuntu-24.04}\n")

    assert judge(manifest, RETIRED) == ([], [])


def test_a_runner_of_gitlab_alone_is_no_publisher_of_github() -> None:
    text = (cases.ROOT / "closed-runners" / "packages.yaml").read_text(encoding="utf-8")

    assert judge(read(text), RETIRED) == ([], [])
