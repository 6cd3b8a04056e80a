from pathlib import Path

import pytest

from matrix.destinations.destination import Destination
from matrix.destinations.kinds import KINDS, parse_destination
from matrix.destinations.static import Static
from matrix.errors import UsageError

HINT = "\n  hint: static:DIRECTORY; ./NAME for a directory with a colon in its name"


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
        ("s3://wheels/prod", "s3"),
        ("statc:/srv/wheels", "statc"),
        ("devpi:https://user:SECRET@devpi.example/alice/prod", "devpi"),
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


@pytest.mark.parametrize("word", KINDS)
def test_every_kind_says_what_it_promises(word: str) -> None:
    destination: Destination = parse_destination(f"{word}:/srv/wheels")

    capabilities = destination.capabilities()

    assert capabilities.lock
    assert capabilities.promotion
    assert destination.label == "/srv/wheels"
    assert destination.directory == Path("/srv/wheels")
