from pathlib import Path

import pytest

from matrix.destinations.destination import Destination
from matrix.destinations.kinds import KINDS, parse_destination
from matrix.destinations.static import Static
from matrix.errors import UsageError

FORMS = ", ".join(kind.form for kind in KINDS.values())
HINT = f"\n  hint: {FORMS}; ./NAME for a directory with a colon in its name"
LOGIN = (
    "expected an address without a login: WHEELYARD_USER and WHEELYARD_PASSWORD, --login FILE, "
    "or netrc give it"
)


@pytest.mark.parametrize(
    ("text", "directory"),
    [
        ("static:/srv/wheels", "/srv/wheels"),
        ("static:wheels", "wheels"),
        ("/srv/wheels", "/srv/wheels"),
        ("wheels", "wheels"),
        ("./odd:name", "./odd:name"),
        ("/srv/https://x", "/srv/https://x"),
        ("C:\\wheels", "C:\\wheels"),
        ("d:/wheels", "d:/wheels"),
        ("static:D:\\wheels", "D:\\wheels"),
    ],
)
def test_a_directory_is_static(text: str, directory: str) -> None:
    assert parse_destination(text) == Static(Path(directory))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("statc:/srv/wheels", "statc"),
        ("http://127.0.0.1:1/x", "http"),
        ("https://user:SECRET@devpi.example/alice/prod/", "https"),
        ("nginx:foo", "nginx"),
        ("user:SECRET@devpi.example/root", "user"),
    ],
)
def test_an_unknown_kind_is_refused_with_the_list_of_kinds(text: str, word: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_destination(text)

    assert str(caught.value) == f"--to: unknown kind of destination: {word!r}{HINT}"


@pytest.mark.parametrize("text", ["SECRET@devpi.example:/srv", "SEC\x1bRET:/srv", ":/srv"])
def test_a_word_that_may_be_a_secret_is_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_destination(text)

    assert str(caught.value) == f"--to: unknown kind of destination{HINT}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "expected a directory, got an empty text"),
        ("  ", "expected a directory, got an empty text"),
        ("static:", "expected a directory, got an empty text"),
        ("static:https://user:SECRET@host/x", "expected a directory, got a URL"),
        ("static:~/wheels", "expected a directory in full, got one that starts with '~'"),
        ("wheels\0", "expected a directory, got a text with NUL"),
    ],
)
def test_what_names_no_directory_is_refused(text: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_destination(text)

    assert str(caught.value) == f"--to: {what}{HINT}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("devpi.example/alice/prod", "expected http:// or https:// and a host"),
        ("https:///alice/prod", "expected http:// or https:// and a host"),
        ("https://[/alice/prod", "expected http:// or https:// and a host"),
        ("https://devpi.example/prod", "expected an index of devpi, as http://HOST/USER/INDEX"),
        ("https://devpi.example/a/b?x", "expected an address without blanks, '?' and '#'"),
        ("https://user:SECRET@devpi.example/alice/prod", LOGIN),
    ],
)
def test_what_names_no_index_is_refused_without_its_password(text: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_destination(f"devpi:{text}")

    assert str(caught.value) == f"--to: {what}{HINT}"


@pytest.mark.parametrize("text", ["/alice/prod", "/alice/prod/", "/alice/prod/+simple/"])
def test_an_index_of_devpi_may_be_named_as_clients_name_it(text: str) -> None:
    destination = parse_destination(f"devpi:https://devpi.example:3141{text}")

    assert destination.label == "https://devpi.example:3141/alice/prod"
    assert destination.directory is None


WHERE = {
    "static": "/srv/wheels",
    "devpi": "https://devpi.example/alice/prod",
    "pypiserver": "/srv/wheels",
    "s3": "wheels/prod",
    "twine": "nexus:https://nexus.example/repository/wheels",
}


@pytest.mark.parametrize("word", KINDS)
def test_every_kind_says_what_it_promises(word: str) -> None:
    destination: Destination = parse_destination(f"{word}:{WHERE[word]}")

    capabilities = destination.capabilities()

    assert capabilities.lock
    assert capabilities.promotion
    assert destination.label.removeprefix("s3:") == WHERE[word].removeprefix("nexus:")


@pytest.mark.parametrize("text", ["s3:wheels/prod", "s3://wheels/prod/", "s3:wheels/prod/"])
def test_a_prefix_of_a_bucket_may_be_written_in_either_way(text: str) -> None:
    assert parse_destination(text).label == "s3:wheels/prod"


@pytest.mark.parametrize("text", ["s3:", "s3:UPPER/x", "s3:wheels/a?b", "s3:key:secret@wheels"])
def test_what_names_no_bucket_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_destination(text)

    assert str(caught.value) == (f"--to: expected a bucket and a prefix, as s3:BUCKET/PREFIX{HINT}")


@pytest.mark.parametrize(
    "text",
    [
        "twine:nexus:https://nexus.example/repository/wheels/",
        "twine:nexus:https://nexus.example/repository/wheels/simple/",
        "pypiserver:https://nexus.example/repository/wheels/simple",
    ],
)
def test_the_address_of_clients_names_a_server_of_uploads_too(text: str) -> None:
    assert parse_destination(text).label == "https://nexus.example/repository/wheels"


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        parse_destination("twine:https://user:SECRET@nexus.example")

    assert str(caught.value) == (
        "--to: expected twine:FAMILY:URL, FAMILY one of artifactory, nexus, gitlab, gitea, "
        f"pypiserver, pypicloud, pypiron, pulp, devpi{HINT}"
    )
