"""Import by the legacy upload API, into small servers that answer as their families do."""

import os
from pathlib import Path

import pytest

from matrix.destinations import undo
from matrix.destinations.access import Access
from matrix.destinations.destination import Destination
from matrix.destinations.imports import import_bundle
from matrix.destinations.kinds import parse_destination
from matrix.edge import files
from matrix.errors import IndexUnavailable, NotProven, NotVerified, NotWritten, UsageError

from .bundles import make_bundle, requirement, sound
from .destinations import quiet, second
from .upload_api import DUPLICATE, Form, UploadApi, run_upload_api
from .wheels import make_wheel

APP, DEP = "app-1.0-py2.py3-none-any.whl", "dep-1.5-py2.py3-none-any.whl"


def open_api(api: UploadApi, tmp_path: Path, waits: list[float] | None = None) -> Destination:
    sleep = (waits if waits is not None else []).append
    access = Access(ledgers=tmp_path / "ledgers", limit=2, sleep=sleep)
    return parse_destination(f"twine:{api.family}:{api.url}", access)


@pytest.mark.parametrize("family", DUPLICATE)
def test_a_bundle_is_uploaded_leaves_first_and_only_once(family: str, tmp_path: Path) -> None:
    first, newer = sound(tmp_path), second(tmp_path)
    with run_upload_api(UploadApi(family)) as api:
        imported = import_bundle(first, open_api(api, tmp_path), quiet)
        again = import_bundle(first, open_api(api, tmp_path), quiet)
        import_bundle(newer, open_api(api, tmp_path), quiet)
        destination = open_api(api, tmp_path)
        destination.verify()

    assert imported.copied == (DEP, APP)
    assert (again.is_new, again.copied) == (False, ())
    assert len(api.forms) == 4
    assert [entry.sequence for entry in destination.read_ledger().imports] == [1, 2]


def test_the_form_holds_what_pages_show_and_no_description(tmp_path: Path) -> None:
    """Import report I4: the server judges the form, not the file."""

    def judge(form: Form) -> tuple[int, bytes] | None:
        if "requires_python" not in form:
            return 400, b'{"error": "requires_python is missing"}'
        if len(form.get("description", [b""])[0]) > 4000:
            return 400, b'{"message": "Description is too long"}'
        return None

    with run_upload_api(UploadApi("gitlab", judge=judge)) as api:
        import_bundle(sound(tmp_path), open_api(api, tmp_path), quiet)

    dep, app = api.forms
    assert (app["name"], app["version"], app["filetype"]) == ([b"app"], [b"1.0"], [b"bdist_wheel"])
    assert (app["requires_python"], dep["requires_python"]) == ([b">=2.7"], [b""])
    assert app["requires_dist"] == [b"dep>=1"]
    assert app["pyversion"] == [b"py2.py3"]
    assert app["sha256_digest"] == [files.digest(tmp_path / "w" / APP).encode()]
    assert app["content"] == [(tmp_path / "w" / APP).read_bytes()]
    assert not {"description", "keywords", "author"} & app.keys()


def test_a_server_that_takes_everything_and_shows_nothing_is_named(tmp_path: Path) -> None:
    """Import report I1: told that it worked, and nothing arrived."""
    waits: list[float] = []
    with (
        run_upload_api(UploadApi("nexus", swallows=True)) as api,
        pytest.raises(IndexUnavailable) as caught,
    ):
        import_bundle(sound(tmp_path), open_api(api, tmp_path, waits), quiet)

    assert str(caught.value) == (
        f"{api.url}/simple/dep/: 200 OK, but the page does not show {DEP}; 0 of 2 files arrived\n"
        "  hint: check the address; expected https://HOST/repository/REPOSITORY"
    )
    assert sum(waits) == 2


@pytest.mark.parametrize("family", DUPLICATE)
@pytest.mark.parametrize("shows_digests", [True, False], ids=["digests", "no digests"])
def test_other_bytes_under_a_name_are_refused_before_any_upload(
    family: str, shows_digests: bool, tmp_path: Path
) -> None:
    """Import report I2: "it is there already" does not say which bytes are there."""
    bundle = sound(tmp_path)
    with run_upload_api(UploadApi(family, shows_digests=shows_digests)) as api:
        api.bytes_by_filename[DEP] = b"other"
        api.python_by_filename[DEP] = ""
        with pytest.raises(NotVerified) as caught:
            import_bundle(bundle, open_api(api, tmp_path), quiet)

    assert api.forms == []
    assert str(caught.value).startswith(f"files/{DEP}: expected sha256 ")


def test_equal_bytes_under_a_name_are_no_upload(tmp_path: Path) -> None:
    bundle = sound(tmp_path)
    with run_upload_api(UploadApi("gitlab", shows_digests=False)) as api:
        api.bytes_by_filename[DEP] = (tmp_path / "w" / DEP).read_bytes()
        api.python_by_filename[DEP] = ""
        imported = import_bundle(bundle, open_api(api, tmp_path), quiet)

    assert (imported.copied, imported.reused) == ((APP,), 1)


def test_a_refusal_shows_the_servers_sentence_and_how_much_arrived(tmp_path: Path) -> None:
    """Import report I3: the server does not know the wheel's metadata version."""
    bundle = sound(tmp_path)
    text = b"Metadata version '2.4' is unsupported. Supported versions are: 1.0,1.1,1.2,2.0,2.1."
    refuses = [True]

    def judge(form: Form) -> tuple[int, bytes] | None:
        return (400, text) if form["name"] == [b"app"] and refuses else None

    with run_upload_api(UploadApi("artifactory", judge=judge)) as api:
        with pytest.raises(NotWritten) as caught:
            import_bundle(bundle, open_api(api, tmp_path), quiet)
        ledger = open_api(api, tmp_path).read_ledger()
        refuses.clear()
        finished = import_bundle(bundle, open_api(api, tmp_path), quiet)

    assert str(caught.value) == (
        f"{api.url}: {APP} (0.0 MB) not uploaded, 1 of 2 files arrived: 400 Bad Request: "
        f"{text.decode()}"
    )
    assert ledger.lines == ()
    assert finished.copied == (APP,)


def test_a_page_that_shows_no_requires_python_is_named(tmp_path: Path) -> None:
    """Import report I5: the page forgets which Python a release needs."""
    lines: list[str] = []
    with run_upload_api(UploadApi("nexus", shows_python=False)) as api:
        import_bundle(sound(tmp_path), open_api(api, tmp_path), lines.append)

    assert (
        "warning: the page of app shows no Requires-Python (>=2.7): "
        "old installers may take a wrong release"
    ) in lines


def test_a_page_that_lags_is_waited_for(tmp_path: Path) -> None:
    """Import report I13: accepted, but not there yet."""
    waits: list[float] = []
    with run_upload_api(UploadApi("gitea")) as api:
        destination = open_api(api, tmp_path, waits)

        def judge(form: Form) -> None:
            if form["name"] == [b"dep"]:
                api.hidden_reads = 3

        api.judge = judge
        import_bundle(sound(tmp_path), destination, quiet)

    assert waits == [0.5, 0.5, 0.5]


def test_a_file_that_is_too_big_is_named_with_its_size(tmp_path: Path) -> None:
    """Import report I14: too big for something in between."""

    def judge(form: Form) -> tuple[int, bytes] | None:
        size = len(form["content"][0])
        return (413, b"<html>nginx</html>") if size > 1_000_000 else None

    noise = os.urandom(2_000_000).hex()
    wheels = [make_wheel(tmp_path / "w", "big", "1.0", members={"big.py": f"# {noise}\n"})]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("big")])
    with (
        run_upload_api(UploadApi("nexus", judge=judge)) as api,
        pytest.raises(NotWritten) as caught,
    ):
        import_bundle(bundle, open_api(api, tmp_path), quiet)

    assert len(api.forms) == 1
    assert "MB) not uploaded, 0 of 1 file arrived: 413 Request Entity Too Large\n  hint: raise" in (
        str(caught.value)
    )


def test_what_others_uploaded_is_proven_with_before_any_upload(tmp_path: Path) -> None:
    newer = make_wheel(tmp_path / "o", "dep", "9.0", requires=["gone"])
    with run_upload_api(UploadApi("gitlab")) as api:
        api.bytes_by_filename[newer.name] = newer.read_bytes()
        api.python_by_filename[newer.name] = ""
        lines: list[str] = []
        import_bundle(sound(tmp_path), open_api(api, tmp_path), lines.append)

    # The prover goes back to dep 1.5, as pip does.
    assert f"warning: {newer.name} of others is newer than 1.5, which was proven" in lines
    with run_upload_api(UploadApi("gitlab")) as api:
        bad = make_wheel(tmp_path / "x", "app", "1.0", requires=["nothing"])
        bundle_api = open_api(api, tmp_path / "n")
        with pytest.raises(NotProven):
            import_bundle(
                make_bundle(tmp_path / "b9", [bad], [requirement("app")]), bundle_api, quiet
            )
    assert api.forms == []


def test_a_local_version_is_found_by_its_page(tmp_path: Path) -> None:
    """Import report I6: a plus sign in a file's address."""
    wheels = [make_wheel(tmp_path / "w", "acme_local", "1.0+cu118.g1")]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("acme-local")])
    with run_upload_api(UploadApi("artifactory", shows_digests=False)) as api:
        imported = import_bundle(bundle, open_api(api, tmp_path), quiet)
        open_api(api, tmp_path).verify()

    assert imported.copied == (wheels[0].name,)


def test_what_cannot_be_undone_there_is_refused(tmp_path: Path) -> None:
    with (
        run_upload_api(UploadApi("nexus")) as api,
        pytest.raises(UsageError, match="expected a destination that can roll back, got http"),
    ):
        undo.roll_back(open_api(api, tmp_path), "", quiet)
