import dataclasses
import json
from pathlib import Path

import pytest

from matrix.cli.build import find_jobs
from matrix.errors import UsageError
from matrix.manifest.model import Manifest
from matrix.plan.model import Plan
from matrix.plan.planning import create_plan
from matrix.report import explanation
from matrix.resolve.lock import Lock

from .locks import P39, P312, lock, sdist, wheel
from .manifests import manifest

ROOT = Path(__file__).parent.parent
WANTED = manifest("saml", more="environments:\n  web: [saml]\n")


@pytest.fixture
def locked() -> Lock:
    """saml (a wheel) needs xmlsec, which needs lxml; both are built."""
    whole = lock(
        wheel("saml", "xmlsec", targets=[P312]),
        sdist("xmlsec", "lxml", version="1.3.17"),
        sdist("lxml", version="6.1.3", targets=[P39, P312]),
    )
    (root,) = (solution for solution in whole.solutions if solution.root == "saml")
    joint = dataclasses.replace(root, root="environment web")
    return dataclasses.replace(whole, solutions=(joint, root))


@pytest.fixture
def made(locked: Lock) -> Plan:
    return create_plan(WANTED, locked)


def explained(made: Plan, locked: Lock, project: str, **more: str) -> explanation.Explanation:
    return explanation.explain(made, project, manifest=WANTED, lock=locked, **more)


def test_an_explanation_in_words(made: Plan, locked: Lock) -> None:
    (job,) = made.jobs

    told = explanation.text(explained(made, locked, "xmlsec", target=P312), made)

    digest, image = job.builds[1].sha256, made.job_classes[1].image
    assert told == (
        "xmlsec\n\n"
        "wanted by:\n"
        "  packages.yaml: environment web (saml): saml -> xmlsec\n"
        "  packages.yaml line 14: saml: saml -> xmlsec\n\n"
        "required by:\n  saml\n\n"
        "targets:\n"
        "  cp312-manylinux_2_28_x86_64: build 1.3.17 xmlsec-1.3.17.tar.gz"
        " (no wheel on the index for this target)\n\n"
        f"job {job.id}:\n"
        f"  sdist       xmlsec-1.3.17.tar.gz sha256:{digest}\n"
        "  identifiers cp312-manylinux_x86_64\n"
        "  runner      linux runner ubuntu-24.04, cibuildwheel 4.3.3,"
        " matched by '*linux*_x86_64'\n"
        f"  image       {image}\n"
        "  waits for   lxml 6.1.3\n"
        "  installs    the newest build requirements of the index:"
        " the lock has no build requirements for it\n"
        "  takes       about 3 min for the whole job\n"
        f"  reproduce   wheelyard build {job.id}\n"
    )


def test_an_explanation_names_who_waits(made: Plan, locked: Lock) -> None:
    (build,) = explained(made, locked, "lxml").builds

    assert (build.after, build.needed_by, build.beside) == ((), ("xmlsec 1.3.17",), ())


def test_an_explanation_of_one_target_leaves_the_others_out(made: Plan, locked: Lock) -> None:
    found = explained(made, locked, "lxml", target=P39)

    assert [choice.target for choice in found.targets] == [P39]
    assert found.wanted_by == ()


def test_the_command_names_what_is_needed_to_find_the_same_plan(made: Plan, locked: Lock) -> None:
    (build,) = explained(made, locked, "lxml", options=" --plan plan/plan.json").builds

    assert build.command == f"wheelyard build {build.job} --plan plan/plan.json"


def test_an_explanation_has_the_documented_keys(made: Plan, locked: Lock) -> None:
    whole = json.loads(json.dumps(dataclasses.asdict(explained(made, locked, "xmlsec"))))

    rows = {key: list(whole[key][0]) for key in ("wanted_by", "targets", "builds")}
    documented = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8").partition("## explain")[2]
    assert [key for key in whole if f"`{key}`" not in documented] == []
    assert [
        name for names in rows.values() for name in names if f"`{name}`" not in documented
    ] == []


def test_a_job_is_found_by_its_id_and_by_what_it_builds(made: Plan) -> None:
    assert find_jobs(made, made.jobs[0].id) == made.jobs
    assert find_jobs(made, "LXML") == made.jobs


def test_a_job_that_nobody_knows_is_an_error(made: Plan) -> None:
    with pytest.raises(UsageError) as caught:
        find_jobs(made, "zzz")

    assert str(caught.value) == (
        f"build: the plan has no job 'zzz'\n  hint: known jobs: {made.jobs[0].id}"
    )


def test_manifests_are_told_by_their_own_name(made: Plan, locked: Lock) -> None:
    other: Manifest = dataclasses.replace(WANTED, source="wheels.yaml")

    found = explanation.explain(made, "saml", manifest=other, lock=locked)

    assert "  wheels.yaml line 14: saml\n" in explanation.text(found, made)
