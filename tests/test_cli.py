import datetime
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.cli import main
from matrix.cli.arguments import Common
from matrix.cli.parser import make_summary
from matrix.cli.printing import Printer
from matrix.cli.session import Session
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import KINDS

from .index_server import IndexServer
from .manifests import text
from .wheels import make_sdist, make_wheel

Run = Callable[..., int]


@pytest.fixture
def here(tmp_path: Path, index: IndexServer) -> Path:
    """A repository whose manifest wants a pure project and one that must be built."""
    index.add(make_wheel(index.directory, "six", "1.0"))
    index.add(make_sdist(index.directory, "native", "2.0"))
    index.add(make_wheel(index.directory, "wheelyard", "0.1.0"))
    write_manifest(tmp_path, index, "six", "{requirement: native, targets: [prod]}")
    return tmp_path


def write_manifest(directory: Path, index: IndexServer, *packages: str, more: str = "") -> None:
    network = f"network: {{index: '{index.url}'}}\ntool: wheelyard==0.1.0\n"
    manifest = text(*packages, more=network + more)
    (directory / "packages.yaml").write_text(manifest, encoding="utf-8")


@pytest.fixture
def run(here: Path) -> Run:
    """Run a verb on that repository; the exit code comes back."""

    def ran(verb: str, *arguments: str) -> int:
        manifest, cache = str(here / "packages.yaml"), str(here / "cache")
        return main([verb, *arguments, "--manifest", manifest, "--cache", cache, "--quiet"])

    return ran


def test_the_lock_is_written_and_then_current(
    run: Run, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("lock") == 0
    assert run("check") == 0

    printed = capsys.readouterr().out
    assert printed.endswith("packages.yaml: 2 requirements, 4 targets, 2 locked, 0 impossible\n")
    assert (here / "packages.lock").exists()


def test_a_stale_lock_is_an_error_that_names_the_command(
    run: Run, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run("lock")
    write_manifest(here, index, "six", "native")
    capsys.readouterr()

    assert run("plan") == 4
    assert capsys.readouterr().err == (
        "packages.lock: native is not locked on cp27-manylinux_2_17_x86_64, cp312-win_amd64\n"
        "  hint: wheelyard lock\n"
    )


def test_relock_plans_with_a_lock_that_it_hands_on(
    run: Run, here: Path, index: IndexServer
) -> None:
    run("lock")
    before = (here / "packages.lock").read_bytes()
    write_manifest(here, index, "six", "native")

    assert run("plan", "--relock", "--out", str(here / "out")) == 0

    assert (here / "packages.lock").read_bytes() == before
    assert b"cp312-win_amd64" in (here / "out" / "packages.lock").read_bytes()
    plan = json.loads((here / "out" / "plan.json").read_text(encoding="utf-8"))
    assert len(plan["jobs"]) == 3


def test_a_requirement_nobody_can_satisfy_is_told_and_locked_as_such(
    run: Run, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    write_manifest(here, index, "{requirement: six >=99, targets: [desktop]}")

    assert run("lock") == 5
    assert capsys.readouterr().err == (
        "packages.yaml:14: six>=99 is impossible on cp312-win_amd64: "
        "no release of 'six' satisfies >=99; "
        "newest is 1.0\n"
        "  hint: exclude those targets with a reason, or ask for another version\n"
    )
    assert run("plan") == 5
    assert "impossible:\n  six on cp312-win_amd64: no release" in capsys.readouterr().out
    assert run("check") == 5
    printed = capsys.readouterr()
    assert printed.out.endswith(": 1 requirement, 4 targets, 0 locked, 1 impossible\n")
    assert printed.err.startswith("packages.yaml:14: six>=99 is impossible on cp312-win_amd64: ")


UNUSED = "is used on no target: its marker is true for none"


def test_a_requirement_that_no_target_installs_is_warned_of(
    here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "reason: none"
    everywhere = ", ".join(
        f"{{target: {name}, {reason}}}" for name in ("prod", "legacy", "desktop")
    )
    write_manifest(
        here,
        index,
        """'six; python_version < "2"'""",
        f"{{requirement: native, exclude: [{everywhere}]}}",
        more="""environments: {web: ['six; sys_platform == "plan9"']}\n""",
    )
    for verb in ("lock", "check", "plan"):
        capsys.readouterr()

        code = main([verb, "--manifest", str(here / "packages.yaml"), "--cache", str(here / "c")])

        assert code == 0
        warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
        assert warnings == [
            f'warning: packages.yaml:14: six; python_version < "2" {UNUSED}',
            "warning: packages.yaml:15: native is excluded from every target",
            f'warning: packages.yaml: environments.web: six; sys_platform == "plan9" {UNUSED}',
        ]


def test_an_index_that_cannot_be_reached_leaves_the_lock_alone(
    run: Run, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run("lock")
    before = (here / "packages.lock").read_bytes()
    index.raw_pages["six"] = b"<html>a login page, as proxies like to send</html>"
    capsys.readouterr()

    assert run("lock") == 6
    assert capsys.readouterr().err.startswith(
        f"{index.url}six/: expected a page of the Simple API, got one that cannot be read: "
    )
    assert (here / "packages.lock").read_bytes() == before


def test_a_file_that_was_replaced_on_the_index_is_refused(
    run: Run, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    write_manifest(here, index, "six")
    run("lock")
    name = "six-1.0-py2.py3-none-any.whl"
    locked = index.listed[name].sha256
    index.listed[name].sha256 = "f" * 64
    (here / "wheels").mkdir()
    capsys.readouterr()

    assert run("bundle", "--wheels", str(here / "wheels"), "--out", str(here / "out")) == 12
    assert capsys.readouterr().err == (
        f"{name}: expected sha256 {locked}, got {'f' * 64} from {index.url}\n"
        "  hint: find out who replaced it; then wheelyard lock --upgrade six\n"
    )
    assert not list((here / "out").glob("*"))


def test_the_whole_way_from_manifest_to_a_served_directory(
    run: Run, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    write_manifest(here, index, "six")
    (here / "wheels").mkdir()
    bundle = here / "out" / "small-1"

    codes = [
        run("lock"),
        run("tool", "--lock"),
        run("generate"),
        run("generate", "--check"),
        run("plan"),
        run("collect", str(here / "wheels")),
        run("bundle", "--wheels", str(here / "wheels"), "--out", str(here / "out"),
            "--version", "1", "--outputs", str(here / "outputs")),
        run("verify", str(here / "out")),
        run("import", str(bundle), "--to", f"static:{here / 'served'}"),
        run("import", str(bundle), "--to", str(here / "served")),
    ]  # fmt: skip

    assert codes == [0] * 10
    printed = capsys.readouterr().out
    assert "small 1: verified" in printed
    digest = hashlib.sha256((bundle / "bundle.json").read_bytes()).hexdigest()
    assert (here / "outputs").read_text(encoding="utf-8") == f"sha256={digest}\n"
    assert "small 1 imported into" in printed
    assert "small 1 already imported into" in printed
    assert (here / "served" / "simple" / "six" / "index.html").exists()


def test_the_outputs_of_a_packed_bundle_are_what_sha256sum_reads(
    run: Run, here: Path, index: IndexServer
) -> None:
    write_manifest(here, index, "six")
    (here / "wheels").mkdir()
    run("lock")
    code = run(
        *("bundle", "--wheels", str(here / "wheels"), "--out", str(here / "out")),
        *("--version", "1", "--outputs", str(here / "outputs")),
        *("--pack", "10kB", "--parts", str(here / "parts")),
    )

    assert code == 0
    lines = (here / "outputs").read_text(encoding="utf-8").splitlines()
    start, end = lines.index("sums<<END"), lines.index("END")
    written = {
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in (here / "parts").iterdir()
    }
    assert len(written) > 3
    assert set(lines[start + 1 : end]) == written


@pytest.mark.parametrize(
    ("manifest_has", "variables", "expected"),
    [
        (True, {}, "/manifest.pem"),
        (True, {"WHEELYARD_CA_BUNDLE": "/machine.pem", "PIP_CERT": "/pip.pem"}, "/machine.pem"),
        (False, {"PIP_CERT": "/pip.pem"}, "/pip.pem"),
        (False, {}, ""),
    ],
)
def test_the_certificates_of_a_machine_go_before_those_of_the_manifest(
    here: Path, *, manifest_has: bool, variables: dict[str, str], expected: str
) -> None:
    more = "network: {ca-bundle: /manifest.pem}\n" if manifest_has else ""
    (here / "packages.yaml").write_text(text("six", more=more), encoding="utf-8")
    session = Session(
        Common(manifest=here / "packages.yaml"),
        environment=variables,
        reporter=Reporter(loudness=Loudness.QUIET),
        printer=Printer(),
        now=datetime.datetime.now(tz=datetime.UTC),
    )

    assert session.certificates == expected


def test_a_real_pip_installs_from_the_imported_directory(
    run: Run, here: Path, index: IndexServer
) -> None:
    write_manifest(here, index, "six")
    (here / "wheels").mkdir()
    run("lock")
    run("bundle", "--wheels", str(here / "wheels"), "--out", str(here / "out"))
    run("import", str(here / "out"), "--to", str(here / "served"))

    installed = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--isolated", "--quiet", "six"),
            *("--index-url", (here / "served" / "simple").as_uri(), "--target", str(here / "t")),
        ],
        check=False,
        capture_output=True,
        text=True,
    )

    assert installed.returncode == 0, installed.stderr
    assert (here / "t" / "six.py").read_text(encoding="utf-8") == "VERSION = '1.0'\n"


def _disk_with_room_for(writes: int) -> Callable[[int], None]:
    room, fsync = iter(range(writes)), os.fsync

    def full(descriptor: int) -> None:
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    return full


def test_a_disk_that_is_full_half_way_leaves_no_bundle(
    run: Run,
    here: Path,
    index: IndexServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_manifest(here, index, "six")
    (here / "wheels").mkdir()
    run("lock")
    arguments = ("bundle", "--wheels", str(here / "wheels"), "--out", str(here / "out"))
    for writes in range(4):
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", _disk_with_room_for(writes))

            assert run(*arguments) == 13
        assert capsys.readouterr().err.endswith(
            ": cannot be written: No space left on device\n"
            "  hint: free space or choose another directory; nothing was left half-written\n"
        )
        assert not [path for path in here.rglob("*") if ".part" in path.name]
        assert not list((here / "out").glob("*"))
    assert run(*arguments) == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "cancelled"])
def test_an_interrupt_leaves_nothing_half_written(
    here: Path, index: IndexServer, sent: signal.Signals
) -> None:
    write_manifest(here, index, "six")
    index.busy = 10_000
    command = [sys.executable, "-m", "matrix", "lock", "--cache", str(here / "cache")]
    with subprocess.Popen(
        command,
        cwd=here,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what runs in the background with Ctrl-C ignored, and so all its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads
    ) as running:
        deadline = time.monotonic() + 30
        while not index.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(sent)
        _, said = running.communicate(timeout=30)

    assert running.returncode == 130
    assert said == "interrupted: nothing was left half-written\n"
    assert not (here / "packages.lock").exists()


def test_explain_tells_who_asks_and_how_to_reproduce(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("lock")
    capsys.readouterr()

    assert run("explain", "Native", "cp312-manylinux_2_28_x86_64") == 0

    told = capsys.readouterr().out
    assert "wanted by:\n  packages.yaml line 15: native\n" in told
    assert "build 2.0 native-2.0.tar.gz (no wheel on the index for this target)" in told
    assert "reproduce   wheelyard build manylinux-x86-64-cibw4.3e --manifest " in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "sic"), "explain: the plan has no 'sic'\n  hint: did you mean 'six'?\n"),
        (
            ("explain", "six", "cp312-win_amd63"),
            (
                "explain: the plan has no target 'cp312-win_amd63'\n"
                "  hint: did you mean 'cp312-win_amd64'?\n"
            ),
        ),
        (
            ("build", "manylinux-x86-64-cibw4.3z"),
            (
                "build: the plan has no job 'manylinux-x86-64-cibw4.3z'\n"
                "  hint: did you mean 'manylinux-x86-64-cibw4.3e'?\n"
            ),
        ),
        (
            ("build", "nativ"),
            "build: the plan has no job 'nativ'\n  hint: did you mean 'native'?\n",
        ),
        (
            ("collect", "wheels", "--allow-missing", "six@cp312-win_amd64"),
            (
                "bundle: --allow-missing 'six@cp312-win_amd64' names nothing that the plan builds\n"
                "  hint: wheelyard plan, and see `to build`\n"
            ),
        ),
        (
            ("lock", "--upgrade", "sic"),
            "lock: --upgrade: sic is not in the lock\n  hint: wheelyard explain PROJECT\n",
        ),
    ],
)
def test_arguments_that_name_nothing_get_a_hint(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    run("lock")
    capsys.readouterr()

    assert run(*arguments) == 2
    assert capsys.readouterr().err == said


def test_a_release_without_a_tool_writes_no_pipeline_and_says_so(
    here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    network = f"network: {{index: '{index.url}'}}\n"
    (here / "packages.yaml").write_text(text("six", more=network), encoding="utf-8")
    places = ["--manifest", str(here / "packages.yaml"), "--cache", str(here / "cache")]

    status = main(["release", "--out", str(here / "out"), "--version", "1", *places])

    assert status == 0
    assert not (here / ".gitlab-ci.yml").exists()
    messages = capsys.readouterr().err
    assert "no pipelines written: packages.yaml has no key `tool`\n" in messages


@pytest.mark.parametrize("verb", ["check", "lock", "plan", "targets"])
def test_a_manifest_without_a_tool_does_for_all_but_pipelines(
    verb: str, here: Path, index: IndexServer
) -> None:
    network = f"network: {{index: '{index.url}'}}\n"
    (here / "packages.yaml").write_text(text("six", more=network), encoding="utf-8")
    places = ["--manifest", str(here / "packages.yaml"), "--cache", str(here / "cache")]
    assert main(["lock", "--quiet", *places]) == 0

    assert main([verb, "--quiet", *places]) == 0
    assert main(["generate", "--quiet", *places]) == 3


def test_a_drifted_pipeline_is_an_error(
    run: Run, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("generate")
    path = here / ".github" / "workflows" / "wheels.yml"
    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    capsys.readouterr()

    assert run("generate", "--check") == 7
    assert capsys.readouterr().err.startswith(".github/workflows/wheels.yml: ")


def test_verify_of_no_bundle_says_so(
    run: Run, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("verify", str(here)) == 11
    assert capsys.readouterr().err == (
        f"{here}: expected a bundle, or a directory that holds one, got none\n"
        "  hint: name the bundle's own directory\n"
    )


def test_an_unreadable_previous_bundle_is_an_error_and_not_an_empty_one(
    run: Run, here: Path
) -> None:
    run("lock")

    assert run("plan", "--previous", str(here / "nothing")) == 11


def test_every_result_can_be_had_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("lock")
    run("tool", "--lock")
    for verb in ("check", "lock", "plan", "targets", "generate", "tool"):
        capsys.readouterr()
        assert run(verb, "--json") == 0
        json.loads(capsys.readouterr().out)


def test_the_help_lists_every_exit_code_once() -> None:
    told = make_summary().format_help()

    codes = [kind.exit_code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(f"{kind.exit_code:>5}  {kind.meaning}" in told for kind in KINDS)


def test_options_are_not_guessed_from_their_beginnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["plan", "--rel"]) == 2
    assert "unrecognized arguments: --rel" in capsys.readouterr().err


def test_a_reader_that_stops_early_is_no_error(here: Path) -> None:
    command = f"{sys.executable} -m matrix targets --manifest {here / 'packages.yaml'} | head -n 1"

    ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)  # noqa: S602

    assert ran.stderr == ""


def test_bundle_reuses_the_wheels_of_the_previous_bundle(
    run: Run, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    write_manifest(here, index, "{requirement: native, targets: [prod]}")
    run("lock")
    for tag in ("cp39-cp39-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_x86_64"):
        make_wheel(here / "wheels", "native", "2.0", tag=tag)
    out, previous = str(here / "out"), str(here / "out" / "small-1")
    built = ("--version", "1", "--sequence", "1", "--wheels", str(here / "wheels"), "--out", out)
    assert run("bundle", *built) == 0
    (here / "none").mkdir()

    reused = ("--version", "2", "--sequence", "2", "--wheels", str(here / "none"), "--out", out)
    assert run("bundle", *reused, "--previous", previous) == 0
    capsys.readouterr()
    assert run("verify", str(here / "out" / "small-2")) == 0
    record = json.loads((here / "out" / "small-2" / "bundle.json").read_text(encoding="utf-8"))
    assert {wheel["origin"] for wheel in record["wheels"]} == {"reused"}


def test_a_second_bundle_of_the_day_gets_a_number(run: Run, here: Path, index: IndexServer) -> None:
    write_manifest(here, index, "six")
    (here / "wheels").mkdir()
    run("lock")
    for _ in range(3):
        run("bundle", "--wheels", str(here / "wheels"), "--out", str(here / "out"))

    first, second, third = sorted(path.name for path in (here / "out").iterdir())
    assert (second, third) == (f"{first}.1", f"{first}.2")


def test_a_tagged_bundle_travels_in_parts(
    run: Run, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    write_manifest(here, index, "six")
    (here / "wheels").mkdir()
    run("lock")
    parts = here / "parts"
    packed = ("--tag", "bundle-7", "--pack", "20000", "--parts", str(parts))

    codes = [
        run("bundle", "--wheels", str(here / "wheels"), "--out", str(here / "out"), *packed),
        run("verify", str(parts)),
        run("import", str(parts), "--to", str(here / "served")),
    ]

    assert codes == [0, 0, 0]
    assert len(list(parts.glob("**/small-7.tar.part*"))) > 1
    assert "small 7: verified" in capsys.readouterr().out
    assert (here / "served" / "simple" / "six" / "index.html").exists()
    assert not list((here / "cache" / "joined").iterdir())


def test_two_manifests_beside_each_other_have_a_lock_each(
    run: Run, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("lock")
    before = (here / "packages.lock").read_bytes()
    other = here / "lab.yaml"
    other.write_text(
        (here / "packages.yaml").read_text(encoding="utf-8").replace("bundle: small", "bundle: lab")
    )
    common = ["--manifest", str(other), "--cache", str(here / "cache"), "-q"]
    capsys.readouterr()

    assert main(["check", *common]) == 4
    assert capsys.readouterr().err.startswith("lab.lock: not found\n")
    assert main(["lock", *common]) == 0
    assert main(["check", *common]) == 0

    assert (here / "packages.lock").read_bytes() == before
    assert (here / "lab.lock").exists()


def test_a_bundle_needs_wheels_only_where_the_plan_builds_any(
    run: Run, here: Path, index: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run("lock")
    capsys.readouterr()

    assert run("bundle", "--out", str(here / "out")) == 2
    assert capsys.readouterr().err == (
        "bundle: expected --wheels DIR, because the plan builds wheels, got none\n"
        "  hint: wheelyard build --local, then wheelyard bundle --wheels wheels\n"
    )
    write_manifest(here, index, "six")
    run("lock")
    assert (
        run("bundle", "--out", str(here / "out"), "--pack", "20kB", "--parts", str(here / "p")) == 0
    )
    assert list((here / "p").glob("**/*.tar.part*"))


@pytest.mark.parametrize("size", ["", "MB", "ten", "1iB", "0", "-1", "1e9", "1.2345GB"])
def test_a_size_that_is_none_is_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundle", f"--pack={size}"]) == 2
    assert "argument --pack: expected a size" in capsys.readouterr().err


def test_check_warns_before_a_runner_label_retires(
    run: Run,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = here / "packages.yaml"
    old = manifest.read_text(encoding="utf-8").replace("ubuntu-24.04", "ubuntu-22.04")
    manifest.write_text(old, encoding="utf-8")
    run("lock")
    arguments = ["check", "--manifest", str(manifest), "--cache", str(here / "cache")]
    capsys.readouterr()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1776000000")  # 2026-04-12

    long_before = main(arguments)
    said_long_before = capsys.readouterr().err
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1805000000")  # 2027-03-14
    shortly_before = main(arguments)
    said_shortly_before = capsys.readouterr().err
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1808600000")  # 2027-04-24
    after = main(arguments)

    assert (long_before, said_long_before) == (0, "")
    assert shortly_before == 0
    assert said_shortly_before.startswith("warning: packages.yaml:")
    assert after == 3
    assert "ubuntu-22.04" in capsys.readouterr().err


def test_an_expired_exclusion_is_an_error_of_check_lock_and_plan(
    run: Run,
    here: Path,
    index: IndexServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    exclude = "exclude: [{target: prod, reason: no wheel, until: 2026-06-01}]"
    write_manifest(here, index, "six", f"{{requirement: native, targets: [prod], {exclude}}}")
    arguments = ["--manifest", str(here / "packages.yaml"), "--cache", str(here / "cache")]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")  # 2026-05-28
    assert run("lock") == 0
    capsys.readouterr()

    assert main(["plan", *arguments]) == 0
    printed = capsys.readouterr()
    assert "no wheel (until 2026-06-01)" in printed.out
    assert "ends on 2026-06-01: no wheel\n" in printed.err
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780400000")  # 2026-06-02
    assert [run(verb) for verb in ("check", "lock", "plan")] == [3, 3, 3]
    assert "the exclusion of native from 'prod' ended on 2026-06-01" in capsys.readouterr().err
