"""Files that change or vanish while a bundle is verified, and pages that are none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.errors import NotVerified
from matrix.record import schema
from matrix.verify import contents, tree, view
from matrix.verify.verify import verify

from .bundles import problems_of, sound, write

APP = "files/app-1.0-py2.py3-none-any.whl"
GONE = "cannot be read: No such file or directory"


def test_files_that_vanish_after_they_were_listed_are_named(tmp_path: Path) -> None:
    bundle = sound(tmp_path)
    record = schema.parse((bundle / "bundle.json").read_text())
    path_by_name, _ = tree.list_files(bundle)
    vanishing = [
        APP,
        "NOTES.md",
        "simple/index.html",
        "files/dep-1.5-py2.py3-none-any.whl.metadata",
    ]
    for name in vanishing:
        (bundle / name).unlink()

    problems = {str(problem) for problem in contents.find_problems(record, path_by_name)}

    assert problems == {f"{name}: {GONE}" for name in vanishing}


def test_a_proof_that_vanishes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = sound(tmp_path)
    listed = tree.list_files(bundle)
    path = f"proof/{min((bundle / 'proof').iterdir()).name}"
    monkeypatch.setattr(contents, "find_problems", lambda *_: [])
    monkeypatch.setattr(tree, "list_files", lambda _: listed)
    (bundle / path).unlink()

    assert problems_of(bundle) == [f"{path}: {GONE}"]


# a digest from elsewhere


def test_the_digest_of_the_record_is_compared_before_it_is_parsed(tmp_path: Path) -> None:
    bundle = sound(tmp_path)
    digest = verify(bundle).record_sha256
    assert verify(bundle, sha256=digest).record_sha256 == digest
    assert verify(bundle, sha256=digest.upper()).record_sha256 == digest

    write(bundle, "bundle.json", "{}")
    with pytest.raises(NotVerified) as caught:
        verify(bundle, sha256=digest)

    assert str(caught.value) == (
        f"bundle.json: expected sha256 {digest}, got "
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )


# pages and core metadata


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(NotVerified) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"projects": 1}', '{"projects": [1]}', '{"projects": [{}]}', "[" * 100_000],
    ids=lambda text: text[:20],
)
def test_a_file_that_is_no_page_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, "index.json", text)
    opener = view.make_opener(tmp_path)

    assert refusal(lambda: view.read(tmp_path, open_wheel=opener)) == (
        f"{tmp_path}/index.json: expected a Simple API page with 'projects', got something else"
    )


@pytest.mark.parametrize("name", ['"../x"', '"a\\\\b"', '""', '"."', '".."', "1", "null"])
def test_a_page_with_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, "index.json", f'{{"projects": [{{"name": {name}}}]}}')
    opener = view.make_opener(tmp_path)

    assert refusal(lambda: view.read(tmp_path, open_wheel=opener)).startswith(
        f"{tmp_path}/index.json: expected the name of a file or directory, got "
    )


def test_a_page_that_does_not_exist_is_named(tmp_path: Path) -> None:
    opener = view.make_opener(tmp_path)

    assert (
        refusal(lambda: view.read(tmp_path, open_wheel=opener)) == f"{tmp_path}/index.json: {GONE}"
    )


@pytest.mark.parametrize(
    ("filename", "metadata", "expected"),
    [
        ("app.whl", "", "Invalid wheel filename (wrong number of parts): 'app'"),
        ("app-1-py3-none-any.whl", "Name: app\n\n", "core metadata without 'version'"),
    ],
    ids=["filename", "metadata"],
)
def test_core_metadata_that_cannot_be_used_are_refused(
    tmp_path: Path, filename: str, metadata: str, expected: str
) -> None:
    write(tmp_path, f"{filename}.metadata", metadata)

    assert refusal(lambda: view.make_opener(tmp_path)(filename)) == (
        f"{filename}.metadata: {expected}"
    )
