"""Failures that were provoked for real, in containers, and what is said of them."""

import dataclasses
import json
from pathlib import Path

import pytest

from matrix.builds import failure, log_text
from matrix.builds.causes import Cause
from matrix.builds.failure import Failure, NotBuilt, build_error, classify_failure, select_reasons
from matrix.builds.log_text import Step
from matrix.edge.programs import TIMED_OUT, Finished
from matrix.errors import BuildFailed, MatrixError

LOGS = Path(__file__).parent / "data" / "logs"
MARIADB = (
    "recipes: {x: {system: {dnf: [mariadb-connector-c-devel], apk: [mariadb-connector-c-dev], "
    "apt: [libmariadb-dev, pkg-config], brew: [mariadb-connector-c, pkgconf]}}}"
)
FOR_310 = "its C sources are for CPython 3.10 and older"
FOR_311 = "it is for CPython 3.11 and older"


def finished(name: str, status: int = 1) -> Finished:
    output = (LOGS / f"{name}.log").read_text(encoding="utf-8")
    return Finished(command=("cibuildwheel",), status=status, output=output)


def of(name: str, status: int = 1, *, is_isolated: bool = False) -> Failure:
    return classify_failure(finished(name, status), project="x", is_isolated=is_isolated)


@pytest.mark.parametrize(
    ("name", "cause", "things"),
    [
        ("header", Cause.HEADER, ("mysql.h",)),
        ("header-of-a-directory", Cause.HEADER, ("lber.h",)),
        ("lane-1-header", Cause.HEADER, ("mysql.h",)),
        ("linker", Cause.LIBRARY, ("snappy",)),
        ("pkg-config", Cause.LIBRARY, ("libxml-2.0",)),
        ("pkg-config-of-cairo", Cause.LIBRARY, ("cairo",)),
        (
            "pkg-config-probes",
            Cause.LIBRARY,
            ("mysqlclient", "mariadb", "libmariadb", "perconaserverclient"),
        ),
        ("cmake-module", Cause.LIBRARY, ("OpenSSL",)),
        ("said-in-words", Cause.LIBRARY, ("libxml2 and libxslt",)),
        ("curl-config", Cause.PROGRAM, ("curl-config",)),
        ("pg-config", Cause.PROGRAM, ("pg_config",)),
        ("swig", Cause.PROGRAM, ("swig",)),
        ("no-cmake", Cause.PROGRAM, ("cmake",)),
        ("rust", Cause.PROGRAM, ("Rust",)),
        ("no-compiler", Cause.COMPILER_MISSING, ("icc",)),
        ("compiler-error", Cause.COMPILER, ()),
        ("longintrepr", Cause.REQUIREMENT, ("longintrepr.h",)),
        ("imp", Cause.REQUIREMENT, ("imp",)),
        ("pkg-resources", Cause.REQUIREMENT, ("pkg_resources",)),
        ("undeclared", Cause.REQUIREMENT, ("numpy",)),
        ("backend", Cause.REQUIREMENT, ("poetry.core.masonry.api", "poetry")),
        ("not-on-the-index", Cause.REQUIREMENT, ("no-such-project-xyz-1",)),
        ("constraint", Cause.REQUIREMENT, ()),
        ("system-package", Cause.SYSTEM_PACKAGE, ("libnosuch-dev",)),
        ("too-recent-symbols", Cause.REPAIR, ()),
        ("repair-library", Cause.REPAIR, ("libprivate.so.1",)),
        ("undefined-symbol", Cause.TEST, ("nowhere",)),
        ("lane-1-symbol", Cause.TEST, ("nowhere",)),
        ("import-error", Cause.TEST, ()),
        ("segfault", Cause.TEST, ()),
        ("test-module", Cause.TEST, ("toy_tests",)),
        ("test-requirement", Cause.TEST, ("no-such-project-xyz-1",)),
        ("no-space", Cause.RESOURCES, ()),
        ("no-memory", Cause.RESOURCES, ()),
        ("no-index", Cause.INFRASTRUCTURE, ()),
        ("no-mirror", Cause.INFRASTRUCTURE, ()),
        ("no-registry", Cause.INFRASTRUCTURE, ()),
        ("own-download", Cause.INFRASTRUCTURE, ()),
        ("crates", Cause.NETWORK, ("base64",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_real_failure_is_told_by_its_cause(
    name: str, cause: Cause, things: tuple[str, ...]
) -> None:
    told = of(name)

    assert (told.cause, told.things) == (cause, things)
    assert told.is_retryable == (cause is Cause.INFRASTRUCTURE)
    assert 1 <= len(told.lines) <= 6


def test_every_recorded_log_is_in_a_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")

    assert [path.stem for path in LOGS.iterdir() if f'"{path.stem}"' not in source] == []


@pytest.mark.parametrize(
    ("name", "status", "cause", "what"),
    [
        (
            "pure",
            5,
            Cause.PURE,
            "cibuildwheel ended with status 5: the sdist makes a pure wheel, which cibuildwheel",
        ),
        (
            "unknown-option",
            2,
            Cause.CONFIGURATION,
            "cibuildwheel ended with status 2: it refused its configuration",
        ),
        (
            "timeout",
            TIMED_OUT,
            Cause.TIMEOUT,
            "cibuildwheel ended with status 124: it took too long",
        ),
        (
            "no-such",
            1,
            Cause.UNKNOWN,
            "cibuildwheel ended with status 1: a command of the build failed",
        ),
        (
            "no-such",
            77,
            Cause.UNKNOWN,
            "cibuildwheel ended with status 77: a status without a documented meaning",
        ),
    ],
    ids=["pure", "configuration", "timeout", "unknown", "unknown-status"],
)
def test_what_a_status_says_alone_is_enough(
    name: str, status: int, cause: Cause, what: str
) -> None:
    if name == "no-such":
        told = classify_failure(Finished(command=(), status=status, output="one\ntwo\n"))
        assert told.lines == ("one", "two")
    else:
        told = of(name, status)

    assert told.cause is cause
    assert told.what.startswith(what)


def test_the_lines_say_why_and_nothing_else() -> None:
    assert of("pkg-config").lines == (
        "Package libxml-2.0 was not found in the pkg-config search path.",
        "Package 'libxml-2.0', required by 'virtual:world', not found",
        (
            "subprocess.CalledProcessError: Command '['pkg-config', '--cflags', 'libxml-2.0']' "
            "returned non-zero exit status 1."
        ),
    )
    assert of("timeout", TIMED_OUT).lines[-2:] == ("compiling", "stopped after 25 seconds")
    assert of("compiler-error").lines == (
        "toy.c:5:66: error: expected \u2018,\u2019 or \u2018;\u2019 before \u2018y\u2019",
    )


def test_lines_that_build_has_folded_are_whole() -> None:
    folded = "< ERROR: no-such-\n  project-1 is\n  not there\n<   indented\n\nafter\n"

    assert log_text.split_log(folded) == (
        "ERROR: no-such-project-1 is not there",
        "indented",
        "",
        "after",
    )
    assert of("not-on-the-index").lines == (
        "ERROR: No matching distribution found for no-such-project-xyz-1>=3",
    )
    assert of("no-space").lines == (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("header", MARIADB),
        ("pkg-config-probes", MARIADB),
        ("undeclared", 'recipes: {x: {requires: ["numpy"]}}'),
        ("backend", 'recipes: {x: {requires: ["poetry-core"]}}'),
        ("pkg-resources", 'recipes: {x: {requires: ["setuptools<81"]}}'),
        (
            "longintrepr",
            f'packages: [{{requirement: x, exclude: [{{target: NAME, reason: "{FOR_310}"}}]}}]',
        ),
        (
            "imp",
            f'packages: [{{requirement: x, exclude: [{{target: NAME, reason: "{FOR_311}"}}]}}]',
        ),
        ("too-recent-symbols", "build it in an older image: runners[].images"),
        ("no-memory", "give the runner more disk or memory"),
        ("compiler-error", ""),
        ("segfault", ""),
    ],
    ids=lambda value: value if " " not in value else "",
)
def test_the_hint_can_be_pasted(name: str, hint: str) -> None:
    assert of(name).hint == hint


def test_a_build_without_network_that_wants_one_is_not_tried_again() -> None:
    told = of("own-download", is_isolated=True)

    assert told.cause is Cause.NETWORK
    assert not told.is_retryable
    assert told.what == "network wanted: this build fetches something, and builds have no network"
    assert told.hint == "recipes: {x: {before-all: [COMMAND THAT FETCHES IT]}}"
    # What is fetched before the build may be fetched again.
    assert of("no-mirror", is_isolated=True).is_retryable


def test_a_server_that_a_test_wants_is_the_tests_business() -> None:
    refused = "Testing wheel...\nConnectionRefusedError: [Errno 111] Connection refused\n"
    retrying = "WARNING: Retrying (Retry(total=0\n"
    pip = f"Testing wheel...\n{retrying}ERROR: No matching distribution found for x\n"

    causes = [
        classify_failure(Finished(command=(), status=1, output=output)).cause
        for output in (refused, pip)
    ]

    assert causes == [Cause.TEST, Cause.INFRASTRUCTURE]


def test_the_step_at_which_a_log_ends_is_known_on_every_service() -> None:
    github = "::group::Repairing wheel...\n::endgroup::\n::group::Testing wheel...\n x\n"

    assert log_text.find_last_step(log_text.split_log(github)) == (
        Step.TEST,
        ("Testing wheel...", " x"),
    )
    assert (
        log_text.find_last_step(log_text.split_log("\x1b[1mBuilding wheel...\x1b[0m\n"))[0]
        is Step.BUILD
    )
    # pip talks about wheels, too.
    assert log_text.find_last_step(("Building wheels for collected packages: x",))[0] is Step.START


def test_a_failure_is_an_error_that_names_cause_lines_and_log() -> None:
    error = build_error("x.00: x 1", finished("header"), log=Path("logs/x.log"), project="x")

    assert isinstance(error, BuildFailed)
    assert error.exit_code == BuildFailed.exit_code
    assert str(error) == (
        "x.00: x 1: missing header: mysql.h\n"
        "  src/MySQLdb/_mysql.c:29:10: fatal error: mysql.h: No such file or directory\n"
        f"  read logs/x.log\n  hint: {MARIADB}"
    )


def test_without_a_hint_the_log_is_what_to_read() -> None:
    error = build_error("x.00: x 1", finished("segfault"), log=Path("logs/x.log"))

    assert isinstance(error, NotBuilt)
    assert str(error) == (
        "x.00: x 1: test: the wheel was built and does not pass its test\n"
        "  Segmentation fault\n"
        "  hint: read logs/x.log"
    )


def test_a_failure_is_written_beside_its_log_and_read_again(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    told = of("header")

    failure.write_note(log, told)

    assert json.loads((tmp_path / "x.log.json").read_text(encoding="utf-8")) == {
        **dataclasses.asdict(told),
        "things": ["mysql.h"],
        "lines": [*told.lines],
        "schema": 2,
    }
    assert failure.read_note(tmp_path / "x.log.json") == told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "x.log.json:1: not JSON: Expecting value"),
        ('{"schema": 1}', "x.log.json: expected schema 2, got 1"),
        (
            '{"schema": 2, "cause": "magic", "what": "", "things": [], "lines": [], "hint": ""}',
            "x.log.json: cause: ",
        ),
        (
            '{"schema": 2, "cause": "test", "what": "", "things": [7], "lines": [], "hint": ""}',
            "x.log.json: things[0]: expected a string, got an integer",
        ),
    ],
    ids=["not-json", "schema", "cause", "type"],
)
def test_a_damaged_failure_is_an_error_with_its_place(
    text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.log.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(MatrixError) as caught:
        failure.read_note(path)

    assert str(caught.value).startswith(message)


def test_a_log_without_reasons_is_told_by_its_end() -> None:
    assert select_reasons("\n".join(map(str, range(10)))) == ("4", "5", "6", "7", "8", "9")
