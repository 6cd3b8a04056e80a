"""The store in GitLab's package registry: what is believed, and what is named and built."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from matrix.cli import main
from matrix.errors import IndexUnavailable, UsageError
from matrix.record import ed25519
from matrix.store import gitlab_job, signed_index
from matrix.store.entries import Entry, StoreIndex, dump
from matrix.store.lookup import Damaged, Lookup, Store, StoredWheel
from matrix.store.packages import SIGNED, WHEELS, Packages

from .gitlab_api import FORK, PROJECT, Failure, GitLabServer, Pipeline, Variable
from .stored import entry, index, make_wheels, wanted

SEED = bytes(range(32))
KEY = ed25519.derive_key(SEED).hex()
OTHER_KEY = ed25519.derive_key(SEED[::-1]).hex()
ENVIRONMENT = "wheelyard-store"


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    with GitLabServer.running() as server:
        secret = Variable(value=SEED.hex(), environment=ENVIRONMENT)
        server.variables[signed_index.VARIABLE] = secret
        yield server


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    (path,) = make_wheels(tmp_path, "six")
    return path


def open_store(variables: Mapping[str, str], *, key: str = KEY) -> Packages:
    return gitlab_job.open_packages(variables, key=key, sleep=lambda _seconds: None)


def keep(gitlab: GitLabServer, wheel: Path, pipeline: Pipeline) -> StoreIndex:
    """What the job ``keep`` of a pipeline does: it has the secret where the ref is protected."""
    row = entry(wheel, run=str(pipeline.id))
    stored = index(row, run=str(pipeline.id))
    store = open_store(gitlab.start_job(pipeline, environment=ENVIRONMENT))
    store.put(stored, {row: wheel})
    return stored


def look_up(gitlab: GitLabServer, pipeline: Pipeline | None = None, *, key: str = KEY) -> Lookup:
    """What the job ``plan`` of a pipeline finds, without the secret."""
    variables = gitlab.start_job(pipeline or gitlab.start_pipeline())
    assert signed_index.VARIABLE not in variables
    return open_store(variables, key=key).find([wanted("six")])


def found(answer: Lookup) -> StoredWheel | None:
    return answer.wheel_by_wanted.get(wanted("six"))


def messages(answer: Lookup) -> list[str]:
    return [problem.what for problem in answer.problems]


def test_the_registry_is_a_store(gitlab: GitLabServer) -> None:
    assert isinstance(open_store(gitlab.start_job(gitlab.start_pipeline())), Store)


def test_what_the_default_branch_built_is_reused_by_it_and_by_merge_requests(
    gitlab: GitLabServer, wheel: Path, tmp_path: Path
) -> None:
    run = gitlab.start_pipeline()
    keep(gitlab, wheel, run)

    on_branch = look_up(gitlab)
    in_request = look_up(gitlab, gitlab.start_pipeline("topic", request=3))

    stored = found(on_branch)
    assert stored is not None
    assert (stored.run, stored.filename, stored.seconds) == (f"pipeline {run.id}", wheel.name, 60)
    assert found(in_request) == stored
    assert on_branch.lines == ("1 of 1 wheels are in the package registry",)
    open_store(gitlab.start_job(gitlab.start_pipeline())).fetch(stored, tmp_path / "copy.whl")
    assert (tmp_path / "copy.whl").read_bytes() == wheel.read_bytes()


def test_what_a_release_tag_built_is_reused(gitlab: GitLabServer, wheel: Path) -> None:
    keep(gitlab, wheel, gitlab.start_pipeline("bundle-1", tag=True))

    assert found(look_up(gitlab))


def test_a_merge_request_reuses_its_own_wheels_and_no_other_run_does(
    gitlab: GitLabServer, wheel: Path
) -> None:
    keep(gitlab, wheel, gitlab.start_pipeline("topic", request=3))

    assert found(look_up(gitlab, gitlab.start_pipeline("topic", request=3)))
    assert found(look_up(gitlab, gitlab.start_pipeline("topic", request=3, parent=9)))
    assert found(look_up(gitlab, gitlab.start_pipeline("topic", request=33))) is None
    assert found(look_up(gitlab)) is None
    assert messages(look_up(gitlab)) == []


def test_a_build_job_of_the_default_branch_uploads_wheels_and_the_job_keep_signs_for_them(
    gitlab: GitLabServer, wheel: Path
) -> None:
    run = gitlab.start_pipeline()
    row = entry(wheel)
    open_store(gitlab.start_job(run)).put(index(row), {row: wheel})

    before = look_up(gitlab)
    keep(gitlab, wheel, run)

    assert found(before) is None
    assert found(look_up(gitlab))
    assert len(gitlab.asked(rf"PUT .*/generic/{WHEELS}/")) == 1, "the wheel is uploaded once"


def test_the_wheels_of_another_branch_are_not_kept(gitlab: GitLabServer, wheel: Path) -> None:
    row = entry(wheel)
    store = open_store(gitlab.start_job(gitlab.start_pipeline("topic")))

    (problem,) = store.put(index(row), {row: wheel})

    assert problem.what == "not-kept: wheels of an unprotected branch"
    assert gitlab.packages == []


def test_without_a_key_only_merge_requests_reuse_and_it_is_said(
    gitlab: GitLabServer, wheel: Path
) -> None:
    row = entry(wheel)
    store = open_store(gitlab.start_job(gitlab.start_pipeline()), key="")

    (problem,) = store.put(index(row), {row: wheel})
    answer = look_up(gitlab, key="")

    assert problem.what.startswith("not-kept: gitlab.store-key is not set")
    assert answer.lines[1].startswith("gitlab.store-key is not set, so wheels of the default")
    assert gitlab.packages == []


@pytest.mark.parametrize("forgery", ["unsigned", "other-key", "other-project", "changed"])
def test_an_index_that_the_secret_did_not_sign_is_named_and_not_believed(
    gitlab: GitLabServer, wheel: Path, forgery: str
) -> None:
    """A developer's pipeline on a tag called ``main`` looks like one of the default branch."""
    content = dump(index(entry(wheel))).encode()
    seed = SEED[::-1] if forgery == "other-key" else SEED
    project = str(FORK if forgery == "other-project" else PROJECT)
    signature = signed_index.sign_index(content, project=project, seed=seed)
    pipeline = gitlab.start_pipeline("main", tag=True)
    if forgery == "changed":
        content = content.replace(b'"60"', b'"61"').replace(b'"seconds": 60', b'"seconds": 61')
        content += b"\n"
    gitlab.upload(SIGNED, "1.2", "store.json", content, pipeline)
    if forgery != "unsigned":
        gitlab.upload(SIGNED, "1.2", "store.json.sig", signature, pipeline)

    answer = look_up(gitlab)

    assert found(answer) is None
    assert messages(answer) == ["forged: the index of run 1.2 is not signed with gitlab.store-key"]


@pytest.mark.parametrize("uploader", ["person", "other-request", "branch", "fork", "shadow"])
def test_an_index_of_a_merge_request_that_others_uploaded_is_named_and_not_believed(
    gitlab: GitLabServer, wheel: Path, uploader: str
) -> None:
    content = dump(index(entry(wheel))).encode()
    pipelines = {
        "person": (),
        "other-request": (gitlab.start_pipeline("topic", request=4),),
        "branch": (gitlab.start_pipeline("refs/merge-requests/3/head"),),
        "fork": (gitlab.start_pipeline("topic", request=3, project=FORK),),
        "shadow": (gitlab.start_pipeline("topic", request=4),),
    }
    if uploader == "shadow":
        own = gitlab.start_pipeline("topic", request=3)
        gitlab.upload("wheelyard-request-3", "1.2", "store.json", content, own)
    gitlab.upload("wheelyard-request-3", "1.2", "store.json", content, *pipelines[uploader])

    answer = look_up(gitlab, gitlab.start_pipeline("topic", request=3))

    assert found(answer) is None
    assert messages(answer) == ["forged: the index of run 1.2 is not of merge request 3 alone"]


def test_a_wheel_that_somebody_replaced_is_damaged(
    gitlab: GitLabServer, wheel: Path, tmp_path: Path
) -> None:
    keep(gitlab, wheel, gitlab.start_pipeline())
    stored = found(look_up(gitlab))
    assert stored is not None
    gitlab.upload(WHEELS, stored.sha256, wheel.name, b"other bytes")

    with pytest.raises(Damaged, match="expected sha256") as error:
        open_store(gitlab.start_job(gitlab.start_pipeline())).fetch(stored, tmp_path / "x.whl")

    assert error.value.code == "damaged"
    assert not (tmp_path / "x.whl").exists()


def test_a_replaced_wheel_is_uploaded_again_when_it_is_built_again(
    gitlab: GitLabServer, wheel: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    gitlab.upload(WHEELS, digest, wheel.name, b"other bytes")

    keep(gitlab, wheel, gitlab.start_pipeline())

    stored = found(look_up(gitlab))
    assert stored is not None
    open_store(gitlab.start_job(gitlab.start_pipeline())).fetch(stored, tmp_path / "copy.whl")
    assert (tmp_path / "copy.whl").read_bytes() == wheel.read_bytes()


def test_a_wheel_that_was_deleted_has_expired(
    gitlab: GitLabServer, wheel: Path, tmp_path: Path
) -> None:
    keep(gitlab, wheel, gitlab.start_pipeline())
    stored = found(look_up(gitlab))
    assert stored is not None
    gitlab.packages = [package for package in gitlab.packages if package.name != WHEELS]

    with pytest.raises(Damaged, match="without the wheel") as error:
        open_store(gitlab.start_job(gitlab.start_pipeline())).fetch(stored, tmp_path / "x.whl")

    assert error.value.code == "expired"


def test_a_row_under_the_key_of_another_project_is_forged(
    gitlab: GitLabServer, wheel: Path
) -> None:
    row = dataclasses.replace(entry(wheel), project=canonicalize_name("seven"))
    content = dump(index(row)).encode()
    signature = signed_index.sign_index(content, project=str(PROJECT), seed=SEED)
    gitlab.upload(SIGNED, "1.2", "store.json.sig", signature)
    gitlab.upload(SIGNED, "1.2", "store.json", content)

    answer = look_up(gitlab)

    assert found(answer) is None
    assert messages(answer) == [f"forged: {wheel.name} for {row.target} lies under the key of six"]


def test_a_signed_index_that_cannot_be_read_is_named(gitlab: GitLabServer) -> None:
    content = b'{"schema": 99}'
    signature = signed_index.sign_index(content, project=str(PROJECT), seed=SEED)
    gitlab.upload(SIGNED, "1.2", "store.json.sig", signature)
    gitlab.upload(SIGNED, "1.2", "store.json", content)

    (message,) = messages(look_up(gitlab))

    assert message.startswith("damaged: store.json of run 1.2: ")


def test_the_newest_run_counts_and_at_most_twenty_are_read(
    gitlab: GitLabServer, tmp_path: Path
) -> None:
    rows: dict[str, Entry] = {}
    for number in range(23):
        (wheel,) = make_wheels(tmp_path / str(number), "six", content=str(number))
        rows[str(number)] = entry(wheel)
        keep(gitlab, wheel, gitlab.start_pipeline())
    gitlab.requests.clear()

    stored = found(look_up(gitlab))

    assert stored is not None
    assert stored.sha256 == rows["22"].sha256
    assert len(gitlab.asked(r"GET .*/store\.json$")) == 20
    assert len(gitlab.requests) == 41


def test_names_that_only_look_alike_are_passed_over(gitlab: GitLabServer, wheel: Path) -> None:
    """GitLab searches names by likeness."""
    gitlab.upload(f"{SIGNED}-2", "1.2", "store.json", b"{}")
    keep(gitlab, wheel, gitlab.start_pipeline())

    answer = look_up(gitlab)

    assert found(answer)
    assert messages(answer) == []


@pytest.mark.parametrize("failure", [Failure(status=502), Failure(status=0)], ids=["502", "reset"])
def test_requests_are_tried_again(gitlab: GitLabServer, wheel: Path, failure: Failure) -> None:
    gitlab.failures += [("PUT", failure), (r"GET .*/packages\?", failure), ("json.sig$", failure)]
    keep(gitlab, wheel, gitlab.start_pipeline())
    gitlab.failures += [(r"GET .*/packages\?", failure), (r"GET .*store\.json$", failure)]

    assert found(look_up(gitlab))
    assert gitlab.failures == []


def test_an_outage_is_an_error_and_never_an_empty_store(gitlab: GitLabServer) -> None:
    gitlab.failures += [("GET", Failure(status=503))] * 4

    with pytest.raises(IndexUnavailable) as error:
        look_up(gitlab)

    assert str(error.value).endswith(
        "expected the packages of the store, got status 503\n"
        "  hint: run the pipeline again when GitLab answers; --no-store plans without the store"
    )


def test_a_project_without_a_registry_is_told_what_to_switch_on(gitlab: GitLabServer) -> None:
    variables = {**gitlab.start_job(gitlab.start_pipeline()), "CI_PROJECT_ID": "404"}

    with pytest.raises(IndexUnavailable) as error:
        open_store(variables).find([wanted("six")])

    assert "the package registry of the project was not found" in str(error.value)
    assert "Settings > General > Visibility" in str(error.value)


def test_a_role_that_may_not_upload_is_named(gitlab: GitLabServer, wheel: Path) -> None:
    variables = gitlab.start_job(gitlab.start_pipeline("topic", request=3), role=10)
    row = entry(wheel)

    with pytest.raises(IndexUnavailable, match=f"expected to upload {wheel.name}, got status 403"):
        open_store(variables).put(index(row), {row: wheel})


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("abc", "expected 64 hexadecimal digits, got 3 characters"),
        (
            SEED[::-1].hex(),
            f"expected the secret of gitlab.store-key {KEY}, got that of {OTHER_KEY}",
        ),
    ],
    ids=["no-key", "another-key"],
)
def test_a_secret_that_is_not_of_the_key_is_refused_without_being_shown(
    gitlab: GitLabServer, secret: str, expected: str
) -> None:
    variables = gitlab.start_job(gitlab.start_pipeline())

    with pytest.raises(UsageError) as error:
        open_store({**variables, signed_index.VARIABLE: secret})

    assert str(error.value) == (
        f"WHEELYARD_STORE_KEY: {expected}\n"
        "  hint: set the protected variable WHEELYARD_STORE_KEY to the secret of gitlab.store-key"
    )
    assert secret not in str(error.value)


def test_the_variables_of_a_job_are_required() -> None:
    assert gitlab_job.find_missing({"CI_API_V4_URL": "x", "CI_PROJECT_ID": "7"}) == [
        "CI_JOB_ID",
        "CI_JOB_TOKEN",
        "CI_PIPELINE_ID",
    ]


def test_the_certificates_of_the_instance_go_before_those_of_the_network(
    gitlab: GitLabServer,
) -> None:
    variables = gitlab.start_job(gitlab.start_pipeline())

    with pytest.raises(IndexUnavailable, match=r"^of-gitlab\.pem: cannot be used"):
        gitlab_job.open_packages(
            {**variables, "CI_SERVER_TLS_CA_FILE": "of-gitlab.pem"}, key="", ca_bundle="network.pem"
        )


def test_a_pair_of_keys_is_made_that_fits(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["store", "key", "--json"]) == 0

    pair = json.loads(capsys.readouterr().out)
    assert signed_index.parse_seed(pair["secret"], key=pair["store-key"])
    assert main(["store", "key"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch("WHEELYARD_STORE_KEY=[0-9a-f]{64}", first)
    assert re.fullmatch('gitlab: {store-key: "[0-9a-f]{64}"}', second)
