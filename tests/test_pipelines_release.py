"""When a run publishes, with which rights, and what it runs then."""

import dataclasses
import functools
import itertools
import re
from typing import Any, Literal

import pytest

from matrix.errors import UsageError
from matrix.manifest.operations import Keep
from matrix.manifest.reading import read
from matrix.manifest.services import GitLab as GitLabInstance
from matrix.pipelines import github, gitlab, providers, release
from matrix.pipelines.pins import read_actions

from .golden import cases, semantics

TAG = {"event_name": "push", "ref": "refs/tags/bundle-1"}
BRANCH = {"event_name": "push", "ref": "refs/heads/main"}
MERGE = {"event_name": "pull_request", "ref": "refs/pull/7/merge"}
QUEUE = {"event_name": "merge_group", "ref": "refs/heads/gh-readonly-queue/main/pr-7"}
BY_HAND = {"event_name": "workflow_dispatch", "ref": "refs/heads/main"}
TAG_BY_HAND = {"event_name": "workflow_dispatch", "ref": "refs/tags/bundle-1"}
OTHER_TAG = {"event_name": "workflow_dispatch", "ref": "refs/tags/v1"}
EVENTS = (TAG, BRANCH, MERGE, QUEUE, BY_HAND, TAG_BY_HAND, OTHER_TAG)
MADE = {"plan.bundle": "true"}
OUTCOMES = ("success", "skipped", "failure", "cancelled")


@functools.cache
def workflow(case: str = "one-linux") -> Any:  # noqa: ANN401 - YAML
    return semantics.parse(providers.render_committed(cases.manifest(case))[github.WORKFLOW])


def child(case: str = "one-linux") -> Any:  # noqa: ANN401 - YAML
    manifest = cases.manifest(case)
    return semantics.parse(gitlab.GitLab().render_child(manifest, cases.plan(manifest)))


@pytest.mark.parametrize("outcomes", list(itertools.product(OUTCOMES, repeat=2)))
@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_github_publishes_tags_and_nothing_after_a_failed_build(
    event: dict[str, str], outcomes: tuple[str, ...]
) -> None:
    jobs = workflow()["jobs"]
    results = {"plan": "success", "build-a": outcomes[0], "build-b": outcomes[1]}
    are_good = set(outcomes) <= {"success", "skipped"}

    bundled = semantics.runs(jobs["bundle"], results=results, github=event, outputs=MADE)
    assert bundled == are_good
    for outcome in OUTCOMES if bundled else ("skipped",):
        published = semantics.runs(jobs["publish"], results={"bundle": outcome}, github=event)
        assert published == (event in (TAG, TAG_BY_HAND) and outcome == "success")


def test_no_bundle_is_made_when_planning_failed() -> None:
    job = workflow()["jobs"]["bundle"]

    for plan in OUTCOMES:
        results = {"plan": plan, "build-a": "skipped"}
        runs = semantics.runs(job, results=results, github=BRANCH, outputs=MADE)
        assert runs == (plan == "success")


def test_a_bundle_may_lack_what_failed_where_a_person_allows_it() -> None:
    job = workflow()["jobs"]["bundle"]
    results = {"plan": "success", "build-a": "failure"}
    allowed = {"allow-missing": "netifaces@cp312-manylinux_2_28_x86_64"}

    assert not semantics.runs(job, results=results, github=TAG_BY_HAND, outputs=MADE)
    assert semantics.runs(job, results=results, github=TAG_BY_HAND, outputs=MADE, inputs=allowed)
    results["build-a"] = "cancelled"
    assert not semantics.runs(
        job, results=results, github=TAG_BY_HAND, outputs=MADE, inputs=allowed
    )


@pytest.mark.parametrize("case", ["one-linux", "enterprise-server", "windows-first"])
def test_the_job_of_github_that_publishes_runs_nothing_of_a_build(case: str) -> None:
    whole = workflow(case)

    assert whole["permissions"] == {}
    rights = {name: job["permissions"] for name, job in whole["jobs"].items()}
    writing = {name: right for name, right in rights.items() if "write" in right.values()}
    assert writing == {
        "comment": {"pull-requests": "write"},
        "comment-result": {"pull-requests": "write"},
        "publish": {"contents": "write"},
    }
    publish = whole["jobs"]["publish"]
    assert publish["environment"] == "release"
    downloads = [step["with"] for step in publish["steps"] if "download" in step.get("uses", "")]
    assert downloads == [{"name": "bundle", "path": "parts"}] * 2
    scripts = " ".join(step["run"] for step in publish["steps"] if "run" in step)
    assert not re.search(r"\b(pip|python|wheelyard|curl|tar|unzip|bash|sh|\./)\b", scripts)


def test_a_release_of_github_is_made_of_parts_that_it_takes() -> None:
    (step,) = [s for s in workflow()["jobs"]["bundle"]["steps"] if s["name"] == "Bundle"]

    assert step["id"] == "bundle"
    assert '${UNTESTED:+--untested "$UNTESTED"} ${TAG:+' in step["run"]
    assert step["env"] == {
        "PLAN": "${{ needs.plan.outputs.digest }}",
        "TAG": "${{ startsWith(github.ref, 'refs/tags/bundle-') && github.ref_name || '' }}",
        "UNTESTED": "${{ needs.plan.outputs.untested }}",
        "WHEELYARD_ALLOW_MISSING": "${{ inputs.allow-missing }}",
    }
    size = github.GitHub().limits["release file bytes"]
    assert f'${{TAG:+--tag "$TAG" --pack {size} --parts parts}}' in step["run"]


def test_github_publishes_the_bundle_that_the_job_before_has_sealed() -> None:
    """Another job could replace the artifact, but not an output of the job."""
    jobs = workflow()["jobs"]
    steps = [step["name"] for step in jobs["publish"]["steps"]]
    (compare,) = [step for step in jobs["publish"]["steps"] if "sha256sum" in step.get("run", "")]

    assert jobs["bundle"]["outputs"]["sums"] == "${{ steps.bundle.outputs.sums }}"
    assert compare["env"] == {"SUMS": "${{ needs.bundle.outputs.sums }}"}
    assert steps.index(compare["name"]) < steps.index("Find the release, or draft it")


def test_an_enterprise_server_has_artifacts_of_the_older_kind() -> None:
    steps = [
        step for job in workflow("enterprise-server")["jobs"].values() for step in job["steps"]
    ]

    pinned = read_actions("enterprise-server")
    used = {step["uses"] for step in steps if "uses" in step}
    assert used == {f"{action.name}@{action.sha}" for action in pinned.values()}
    versions = [pinned["upload-artifact"].version, pinned["download-artifact"].version]
    assert {version[:3] for version in versions} == {"v3."}
    inputs = {key for step in steps for key in step.get("with", {})}
    assert inputs.isdisjoint({"pattern", "merge-multiple", "overwrite"})
    fetched = [step["with"] for step in steps if step["name"] == "Fetch the wheels"]
    assert fetched == [{"path": "wheels"}] * 2


def test_an_enterprise_server_keeps_every_bundle_in_parts() -> None:
    """Its artifacts are uploaded file by file, and a bundle may have a thousand."""
    steps = {s["name"]: s for s in workflow("enterprise-server")["jobs"]["bundle"]["steps"]}

    size = github.GitHub().limits["release file bytes"]
    assert f'--pack {size} --parts parts ${{TAG:+--tag "$TAG"}}' in steps["Bundle"]["run"]
    assert steps["Keep the bundle"]["with"]["path"] == "parts"


def test_gitlab_publishes_tags_only_and_bundles_everything_else() -> None:
    jobs = child()

    is_release = "$CI_COMMIT_TAG =~ /^bundle-[0-9]/"
    when_asked = "$WHEELYARD_ALLOW_MISSING =~ /@/"
    assert jobs["publish"]["rules"] == [{"if": is_release}]
    assert jobs["parts"]["rules"] == [
        {"if": f"{is_release} && {when_asked}", "when": "always"},
        {"if": is_release},
    ]
    assert jobs["bundle"]["rules"] == [
        {"if": is_release, "when": "never"},
        {"if": when_asked, "when": "always"},
        {"when": "on_success"},
    ]
    parent = semantics.parse(providers.render_committed(cases.manifest("one-linux"))[gitlab.PARENT])
    assert {"if": is_release} in parent["workflow"]["rules"]
    assert parent["tag"]["rules"] == [{"if": is_release}]


@pytest.mark.parametrize(("case", "env"), [("one-linux", "$"), ("windows-first", "$env:")])
def test_gitlab_approves_parts_that_are_sealed_verified_and_uploaded(case: str, env: str) -> None:
    jobs = child(case)
    size = gitlab.GitLab().limits["release file bytes"]

    fetch, bundle, upload = jobs["parts"]["script"]
    assert fetch.endswith("/wheelyard store fetch --plan plan/plan.json --out wheels")
    tag = f'--tag "{env}CI_COMMIT_TAG"'
    assert bundle.endswith(f" --wheels wheels --out release {tag} --pack {size} --parts parts")
    assert upload.endswith(f"/wheelyard upload parts {tag}")
    assert "environment" not in jobs["parts"]
    assert jobs["publish"]["environment"] == "release"
    assert jobs["publish"]["dependencies"] == ["parts"]
    assert "release/" not in jobs["parts"]["artifacts"]["paths"]


@pytest.mark.parametrize("case", ["one-linux", "windows-first"])
def test_the_job_of_gitlab_that_publishes_installs_nothing(case: str) -> None:
    job = child(case)["publish"]

    assert "wheelyard" not in str(job["before_script"] + job["script"])
    assert "pip" not in str(job["before_script"] + job["script"]).replace("PIP_CERT", "")


@pytest.mark.parametrize(
    ("tag", "version"),
    [("bundle-2026.11.1", "2026.11.1"), ("bundle-3", "3"), ("bundle-1.0-rc_1", "1.0-rc_1")],
)
def test_a_tag_names_the_bundle_s_version(tag: str, version: str) -> None:
    assert release.parse_tag(tag) == version


@pytest.mark.parametrize(
    "tag", ["", "v1.2", "bundle-", "main", "bundle-../x", "bundle-1 2", "bundle-1\n"]
)
def test_another_tag_is_refused(tag: str) -> None:
    with pytest.raises(UsageError) as error:
        release.parse_tag(tag)

    assert str(error.value) == (f"release: expected a tag such as 'bundle-2026.11.1', got {tag!r}")


def test_a_merge_request_is_reported_against_its_base() -> None:
    steps = {step["name"]: step for step in workflow()["jobs"]["plan"]["steps"]}
    parent = semantics.parse(providers.render_committed(cases.manifest("one-linux"))[gitlab.PARENT])

    base = steps["Fetch the lock of the base"]["with"]
    assert base["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert steps["Report"]["run"].endswith(
        '/wheelyard report --plan plan/plan.json ${BASE:+--base "$BASE"} --out report'
        ' --summary "$GITHUB_STEP_SUMMARY"'
    )
    report = parent["report"]
    assert report["rules"] == [{"if": "$CI_MERGE_REQUEST_IID", "when": "always"}]
    assert report["artifacts"]["expose_as"] == "wheel report"
    assert report["artifacts"]["paths"] == ["report/"]


def test_an_attestation_is_made_by_a_job_that_runs_one_action() -> None:
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")
    committed = providers.render_committed(read(f"{text}github: {{attest: true}}\n"))
    jobs = semantics.parse(committed[github.WORKFLOW])["jobs"]

    (step,) = jobs["attest"]["steps"]
    assert step["uses"].startswith("actions/attest-build-provenance@")
    assert step["with"] == {
        "subject-name": "bundle.json",
        "subject-digest": "sha256:${{ needs.bundle.outputs.sha256 }}",
    }
    assert jobs["attest"]["permissions"] == {"attestations": "write", "id-token": "write"}
    assert semantics.github_problems(committed[github.WORKFLOW], _outputs()) == []
    assert "attest" not in workflow()["jobs"]


def _outputs() -> dict[str, str]:
    manifest = cases.manifest("one-linux")
    return github.GitHub().render_outputs(manifest, cases.plan(manifest))


@pytest.mark.parametrize("when", ["weekly", "off"])
def test_a_schedule_of_gitlab_reports_what_an_upgrade_would_bring(
    when: Literal["weekly", "off"],
) -> None:
    manifest = dataclasses.replace(cases.manifest("one-linux"), schedule=when)
    parent = semantics.parse(providers.render_committed(manifest)[gitlab.PARENT])
    is_schedule = '$CI_PIPELINE_SOURCE == "schedule"'

    if when == "off":
        assert "upgrade" not in parent
        assert {"if": is_schedule, "when": "never"} in parent["workflow"]["rules"]
        return
    (line,) = parent["upgrade"]["script"]
    assert parent["upgrade"]["rules"] == [{"if": is_schedule}]
    assert line.endswith("/wheelyard lock --upgrade --report upgrade")


def test_nothing_of_the_default_branch_is_cancelled_by_a_newer_push() -> None:
    parent = semantics.parse(providers.render_committed(cases.manifest("one-linux"))[gitlab.PARENT])

    for pipeline in (parent, child()):
        assert pipeline["workflow"]["auto_cancel"] == {"on_new_commit": "none"}
        cancelled = [rule for rule in pipeline["workflow"]["rules"] if "auto_cancel" in rule]
        assert [rule["if"] for rule in cancelled] == ["$CI_MERGE_REQUEST_IID"]


@pytest.mark.parametrize(("requests", "is_built"), [("build", True), ("plan", False)])
def test_merge_requests_of_gitlab_build_unless_the_manifest_says_otherwise(
    requests: Literal["build", "plan"], is_built: bool
) -> None:
    manifest = dataclasses.replace(cases.manifest("one-linux"), merge_requests=requests)
    jobs = semantics.parse(gitlab.GitLab().render_child(manifest, cases.plan(manifest)))
    never = {"if": "$CI_MERGE_REQUEST_IID", "when": "never"}

    for name in (".manylinux-x86-64-cibw4", "results", "bundle"):
        assert (never in jobs[name].get("rules", [])) == (not is_built)


def test_only_the_job_that_signs_has_the_secret_of_the_store() -> None:
    manifest = dataclasses.replace(
        cases.manifest("one-linux"), gitlab=GitLabInstance(store_key="0a" * 32)
    )
    jobs = semantics.parse(gitlab.GitLab().render_child(manifest, cases.plan(manifest)))

    environments = {name: job["environment"] for name, job in jobs.items() if "environment" in job}
    assert environments == {
        "keep": {"name": "wheelyard-store", "action": "access"},
        "publish": "release",
    }
    assert jobs["keep"]["rules"] == [
        {
            "if": '$CI_COMMIT_REF_PROTECTED == "true" && $CI_MERGE_REQUEST_IID == null',
            "when": "always",
        }
    ]
    assert "keep" not in child()


def test_what_a_release_reads_is_kept_until_the_longest_approval() -> None:
    manifest = dataclasses.replace(
        cases.manifest("one-linux"), keep=Keep(wheels=2, bundles=1, reports=3)
    )
    parent = semantics.parse(providers.render_committed(manifest)[gitlab.PARENT])
    jobs = semantics.parse(gitlab.GitLab().render_child(manifest, cases.plan(manifest)))

    assert jobs["parts"]["artifacts"]["expire_in"] == "30 days"
    assert jobs["bundle"]["artifacts"]["expire_in"] == "1 days"
    assert jobs[".manylinux-x86-64-cibw4"]["artifacts"]["expire_in"] == "2 days"
    assert parent["plan"]["artifacts"]["expire_in"] == "3 days"


@functools.cache
def signed() -> Any:  # noqa: ANN401 - YAML
    text = (cases.ROOT / "one-linux" / "packages.yaml").read_text(encoding="utf-8")
    manifest = read(f"{text}sign: {{secret: MY_KEY, environment: vault}}\n")
    committed = providers.render_committed(manifest)[github.WORKFLOW]
    assert semantics.github_problems(committed, _outputs()) == []
    return semantics.parse(committed)["jobs"]


def test_the_job_that_signs_has_an_environment_and_no_rights_to_write() -> None:
    sign = signed()["sign"]

    assert (sign["environment"], sign["needs"]) == ("vault", ["bundle"])
    assert sign["permissions"] == {"contents": "read"}
    assert "sign" not in workflow()["jobs"]


def test_the_key_reaches_one_step_and_its_file_is_always_removed() -> None:
    whole = signed()
    holders = [
        (name, step["name"])
        for name, job in whole.items()
        for step in job["steps"]
        if "secrets.MY_KEY" in str(step)
    ]
    names = [step["name"] for step in whole["sign"]["steps"]]
    (remove,) = [step for step in whole["sign"]["steps"] if step["name"] == "Remove the key"]

    assert holders == [("sign", "Put the key where only this job reads it")]
    assert remove == {
        "name": "Remove the key",
        "if": "${{ always() }}",
        "run": "rm -rf .key",
    }
    last = names.index("Compare every file with the digest that the job before has told")
    assert last < names.index("Put the key where only this job reads it") < names.index("Sign")


@pytest.mark.parametrize("result", OUTCOMES)
def test_a_release_that_was_to_be_signed_is_published_only_signed(result: str) -> None:
    results = {"bundle": "success", "sign": result}

    runs = semantics.runs(signed()["publish"], results=results, github=TAG)

    assert runs == (result == "success")


def test_the_signature_is_compared_before_it_is_published() -> None:
    steps = {step["name"]: step for step in signed()["publish"]["steps"]}

    compare = steps["Compare the signature with the digest that the job before has told"]
    assert compare["env"] == {"SHA256": "${{ needs.sign.outputs.sha256 }}"}
    assert list(steps).index(compare["name"]) < list(steps).index("Upload the signature")
    assert list(steps).index("Upload the signature") < list(steps).index(
        "Upload the files, and parts.json last"
    )
    upload = steps["Upload the signature"]["run"]
    assert upload == 'gh release upload "$TAG" signature/bundle.dsse.json --clobber'
