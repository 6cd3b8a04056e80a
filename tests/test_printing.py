"""What is printed: text from outside stays on its line, and no CI service obeys it."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from matrix.cli.printing import VERB_NAMES, Format, Printer, has_colour
from matrix.cli.verbs import VERBS
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import KINDS, LockError, ManifestError, Problem, printable
from matrix.report.annotations import name_rule

from .manifests import text

# Words of ours that clear a screen and hide what follows.
VERIFIED = "\x1b[2J\x1b[1;1Hacme 2026.9.21: verified\n  8 proofs, nothing missing\n\x1b[8m"
COMMANDS = "because\n::set-output name=empty::true\n::add-mask::x"


@pytest.mark.parametrize(
    ("raw", "printed"),
    [
        ("plain text with spaces", "plain text with spaces"),
        ("räder ✓", "räder ✓"),
        ("a\nb\r\x0b\x85", "a\\nb\\r\\x0b\\x85"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb\u2066\u200f", "a\\u202eb\\u2066\\u200f"),
        ("\ud800", "\\ud800"),
        ("\u2028\u2029\ufeff", "\\u2028\\u2029\\ufeff"),
    ],
    ids=["plain", "unicode", "lines", "escape", "c1", "bidi", "surrogate", "separators"],
)
def test_what_a_terminal_would_obey_is_escaped(raw: str, printed: str) -> None:
    assert printable(raw) == printed


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("::add-mask::x", ": :add-mask::x"),
        ("   ::stop-commands::x", "   : :stop-commands::x"),
        ("see ##[set-output name=x]", "see # #[set-output name=x]"),
        ("std::vector", "std::vector"),
    ],
)
def test_commands_of_github_s_runner_are_broken(line: str, printed: str) -> None:
    assert printable(line, service="github") == printed
    assert printable(line) == line


def test_sections_of_gitlab_s_runner_are_broken() -> None:
    line = "section_start:1:x\r\x1b[0Ksection_end:1:x"

    assert printable(line, service="gitlab") == "section_start :1:x\\r\\x1b[0Ksection_end :1:x"


def test_a_problem_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem(place=VERIFIED, what=COMMANDS, hint="a\nb", lines=("c\rd",))

    code = Printer(service="github").fail(LockError(problem))

    printed = capsys.readouterr()
    assert code == 4
    assert printed.out == ""
    assert printed.err.splitlines() == [
        (
            r"\x1b[2J\x1b[1;1Hacme 2026.9.21: verified\n  8 proofs, nothing missing\n\x1b[8m: "
            r"because\n::set-output name=empty::true\n::add-mask::x"
        ),
        r"  c\rd",
        r"  hint: a\nb",
    ]


@pytest.mark.parametrize("service", ["github", "gitlab", ""])
def test_progress_stays_on_its_line(service: str) -> None:
    stream = io.StringIO()
    reporter = Reporter(
        loudness=Loudness.VERBOSE,
        console=Console(file=stream, width=40),
        service=service,  # type: ignore[arg-type]  # the three of the parameters
    )

    reporter.say(f"reading {COMMANDS}")
    reporter.detail(VERIFIED)

    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert "\x1b[2J" not in stream.getvalue()


def test_a_reason_of_the_manifest_is_no_command_of_the_pipeline(tmp_path: Path) -> None:
    reason = '"because\\n::set-output name=empty::true\\n  ##[error]x\\n\\e[2J"'
    package = f"{{requirement: six, exclude: [{{target: desktop, reason: {reason}}}]}}"
    (tmp_path / "packages.yaml").write_text(text(package), encoding="utf-8")
    script = (
        "from matrix.cli import main, plan\nfrom matrix.resolve.lock import Lock\n"
        "lock = Lock(targets=(), files=(), solutions=(), impossible=())\n"
        "plan._renew_lock = lambda session, old, is_renewed: lock\n"
        "raise SystemExit(main(['plan']))\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "GITHUB_ACTIONS": "true", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    shown = ran.stdout + ran.stderr
    assert "because" in shown, shown
    assert [line for line in shown.splitlines() if line.lstrip().startswith("::")] == []
    assert "##[" not in shown
    assert "\x1b" not in shown


def test_json_keeps_its_values_on_github(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"reason": "##[error]x\n::y"}

    Printer(format=Format.JSON, service="github").show_json(json.dumps(value))

    printed = capsys.readouterr().out
    assert "##[" not in printed
    assert json.loads(printed) == value


def test_hints_name_the_command_as_it_was_called(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem(place="packages.lock", what="not found", hint="wheelyard lock")

    Printer(program="python -m matrix").fail(LockError(problem))
    Printer().fail(LockError(problem))

    assert capsys.readouterr().err == (
        "packages.lock: not found\n  hint: python -m matrix lock\n"
        "packages.lock: not found\n  hint: wheelyard lock\n"
    )


def test_hints_name_a_manifest_of_another_name(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem(place="lab.lock", what="not found", hint="wheelyard lock")

    Printer(manifest=Path("a b/lab.yaml")).fail(LockError(problem))

    assert capsys.readouterr().err == (
        "lab.lock: not found\n  hint: wheelyard lock --manifest 'a b/lab.yaml'\n"
    )


def test_a_hint_of_many_problems_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(place="packages.lock", what=f"p{n} is not locked", hint="wheelyard lock")
                for n in range(1000)]  # fmt: skip

    Printer().fail(LockError(*problems))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1001
    assert lines[-2:] == ["packages.lock: p999 is not locked", "  hint: wheelyard lock"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals_or_forced(environment: dict[str, str], *, expected: bool) -> None:
    assert has_colour(io.StringIO(), environment) is expected


def test_errors_are_coloured_where_that_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem(place="packages.yaml", line=3, what="x: y", hint="z")

    Printer(is_coloured=True).fail(ManifestError(problem))

    assert capsys.readouterr().err == (
        "\x1b[1mpackages.yaml:3:\x1b[0m x: y\n\x1b[36m  hint: z\x1b[0m\n"
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "packages.yaml").touch()
    return Path("wheels/packages.yaml")


ERROR = ManifestError(
    Problem(place="packages.yaml", line=3, what="100% odd, a:b", hint="wheelyard check"),
    Problem(place="https://index.example/simple/", what="no answer\n::x"),
)


def test_problems_as_annotations_of_github(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printer = Printer(format=Format.GITHUB, manifest=repository, service="github")
    printer.warnings.append(Problem(place="packages.yaml", what="old"))

    printer.fail(ERROR)

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "::warning file=wheels/packages.yaml,title=wheelyard::old\n"
        "::error file=wheels/packages.yaml,line=3,title=wheelyard::"
        "100%25 odd, a:b%0Ahint: wheelyard check\n"
        "::error title=wheelyard::https://index.example/simple/: no answer\\n::x\n"
    )


def test_problems_as_a_code_quality_report_of_gitlab(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printer = Printer(format=Format.GITLAB, manifest=repository)

    printer.show("a result")
    printer.fail(ERROR)

    printed = capsys.readouterr()
    rows = json.loads(printed.out)
    assert [(row["severity"], row["check_name"], row["location"]) for row in rows] == [
        ("critical", "manifest-error", {"path": "wheels/packages.yaml", "lines": {"begin": 3}}),
        ("critical", "manifest-error", {"path": "wheels/packages.yaml", "lines": {"begin": 1}}),
    ]
    assert rows[0]["description"] == "100% odd, a:b\nhint: wheelyard check"
    assert len({row["fingerprint"] for row in rows}) == 2
    assert "packages.yaml:3: 100% odd" in printed.err


def test_problems_as_sarif(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Printer(format=Format.SARIF, manifest=repository).fail(ERROR)

    log = json.loads(capsys.readouterr().out)
    run = log["runs"][0]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"] == [{"id": "manifest-error"}]
    assert run["results"][0] == {
        "ruleId": "manifest-error",
        "level": "error",
        "message": {"text": "100% odd, a:b\nhint: wheelyard check"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "wheels/packages.yaml"},
                    "region": {"startLine": 3},
                }
            }
        ],
    }


def test_without_problems_the_documents_are_empty(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Printer(format=Format.GITLAB, manifest=repository).finish()
    assert json.loads(capsys.readouterr().out) == []
    Printer(format=Format.SARIF, manifest=repository).finish()
    assert json.loads(capsys.readouterr().out)["runs"][0]["results"] == []
    for quiet in (Format.TEXT, Format.JSON, Format.GITHUB):
        Printer(format=quiet, manifest=repository).finish()
    assert capsys.readouterr().out == ""


def test_an_error_as_json_is_an_object_with_its_problems(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Printer(format=Format.JSON, manifest=repository).fail(ERROR)

    printed = json.loads(capsys.readouterr().out)
    assert printed["exit_code"] == 3
    assert printed["problems"][0] == {
        "level": "error",
        "rule": "manifest-error",
        "path": "wheels/packages.yaml",
        "place": "packages.yaml",
        "line": 3,
        "what": "100% odd, a:b",
        "hint": "wheelyard check",
        "lines": [],
    }


def test_a_result_as_json_stays_the_only_text_on_stdout(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printer = Printer(format=Format.JSON, manifest=repository)

    printer.show_json("{}")
    printer.fail(ERROR)

    assert capsys.readouterr().out == "{}\n"


def test_every_kind_of_error_has_a_rule_of_its_own() -> None:
    rules = [name_rule(kind) for kind in KINDS]

    assert len(set(rules)) == len(KINDS)
    assert "not-verified" in rules


def test_every_verb_in_a_hint_is_shown_as_this_program_was_called() -> None:
    assert sorted(verb.name for verb in VERBS) == [*VERB_NAMES]
