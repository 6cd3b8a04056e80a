"""Import into a real devpi-server, with a real pip and a real replica."""

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from matrix.destinations import undo
from matrix.destinations.devpi_api import Devpi
from matrix.destinations.imports import Imported, import_bundle
from matrix.destinations.kinds import parse_destination
from matrix.destinations.lines import Withdrawal
from matrix.errors import IndexUnavailable, NotProven, NotVerified, NotWritten
from matrix.farside.command import main as far

from ..bundles import make_bundle, requirement, sound
from ..destinations import quiet, second
from ..wheels import make_wheel
from .package_servers import (
    PASSWORD,
    STAMP,
    DevpiServer,
    install,
    run_devpi,
    run_replica,
)

APP = "app-1.0-py2.py3-none-any.whl"


@pytest.fixture(scope="module")
def devpi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevpiServer]:
    with run_devpi(tmp_path_factory.mktemp("devpi") / "d") as server:
        yield server


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """An index of the test's own."""
    return f"company/t{abs(hash(request.node.name)) % 10**8}"


def put(bundle: Path, devpi: DevpiServer, name: str, lines: list[str] | None = None) -> Imported:
    say = quiet if lines is None else lines.append
    destination = parse_destination(f"devpi:{devpi.url}/{name}", devpi.access)
    return import_bundle(bundle, destination, say, stamp=STAMP)


def show(devpi: DevpiServer, name: str, project: str) -> list[str]:
    api = Devpi(devpi.url, devpi.access)
    return sorted(file.filename for file in api.fetch_files(name, project))


def test_a_bundle_is_imported_and_installed_by_pip_and_again_changes_nothing(
    devpi: DevpiServer, name: str, tmp_path: Path
) -> None:
    first, newer = sound(tmp_path), second(tmp_path)

    imported = put(first, devpi, name)
    again = put(first, devpi, name)
    put(newer, devpi, name)

    assert [filename.split("-")[0] for filename in imported.copied] == ["dep", "app"]
    assert (again.is_new, again.copied, again.pages) == (False, (), 0)
    index = f"{devpi.url}/{name}/+simple/"
    assert install(index, "app", tmp_path / "i") == "app-2.0 dep-1.5 zeta-1.0"
    page = Devpi(devpi.url, devpi.access).fetch_files(name, "app")
    assert {file.requires_python for file in page if file.filename == APP} == {">=2.7"}
    parse_destination(f"devpi:{devpi.url}/{name}", devpi.access).verify()


def test_an_import_is_rolled_back_and_made_again(
    devpi: DevpiServer, name: str, tmp_path: Path
) -> None:
    put(sound(tmp_path), devpi, name)
    newer = second(tmp_path)
    put(newer, devpi, name)
    destination = parse_destination(f"devpi:{devpi.url}/{name}", devpi.access)

    dry = undo.roll_back(destination, "acme", quiet, stamp=STAMP, dry_run=True)
    unchanged = show(devpi, name, "app")
    undone = undo.roll_back(destination, "acme", quiet, stamp=STAMP)
    rolled_back = show(devpi, name, "app")
    again = put(newer, devpi, name)

    assert not dry.is_done
    assert unchanged == [APP, "app-2.0-py2.py3-none-any.whl"]
    assert undone.is_done
    assert rolled_back == [APP]
    assert show(devpi, name, "app") == unchanged
    assert again.is_new
    lines = parse_destination(f"devpi:{devpi.url}/{name}", devpi.access).read_ledger().lines
    assert [line.action for line in lines] == ["import", "import", "roll back", "import"]
    assert {line.who for line in lines} == {"ada@host.example"}


def test_a_release_is_withdrawn_by_a_generation_without_it(
    devpi: DevpiServer, name: str, tmp_path: Path
) -> None:
    put(sound(tmp_path), devpi, name)
    put(second(tmp_path), devpi, name)
    destination = parse_destination(f"devpi:{devpi.url}/{name}", devpi.access)

    with pytest.raises(NotProven):
        undo.withdraw(destination, ("dep", "1.5"), "", quiet, stamp=STAMP)
    undone = undo.withdraw(destination, ("app", "1.0"), "CVE-2026-1", quiet, stamp=STAMP)
    listed = undo.prune(destination, quiet, stamp=STAMP)
    pruned = undo.prune(destination, quiet, stamp=STAMP, dry_run=False)

    assert undone.lines == (Withdrawal("app", "1.0", "CVE-2026-1"),)
    assert show(devpi, name, "app") == ["app-2.0-py2.py3-none-any.whl"]
    assert show(devpi, name, "dep") == ["dep-1.5-py2.py3-none-any.whl"]
    assert listed.lines == pruned.lines
    assert not undo.prune(destination, quiet, stamp=STAMP).lines
    parse_destination(f"devpi:{devpi.url}/{name}", devpi.access).verify()
    index = f"{devpi.url}/{name}/+simple/"
    assert install(index, "app", tmp_path / "i") == "app-2.0 dep-1.5 zeta-1.0"


def test_a_second_import_is_refused_while_the_first_holds_the_lock(
    devpi: DevpiServer, name: str, tmp_path: Path
) -> None:
    bundle = sound(tmp_path)
    lock = {"type": "stage", "volatile": True, "title": "process 1 on elsewhere"}
    devpi.call("PUT", f"{name}-lock", lock)

    with pytest.raises(NotWritten) as caught:
        put(bundle, devpi, name)

    assert str(caught.value) == (
        f"{devpi.url}/{name}: another import is writing here: process 1 on elsewhere\n"
        "  hint: wait until it has ended; if it was killed, --break-lock removes its lock"
    )
    login = tmp_path / "login"
    login.write_text(f"company:{PASSWORD}\n")
    command = ["import", str(bundle), "--to", f"devpi:{devpi.url}/{name}", "--login", str(login)]
    assert far([*command, "--quiet", "--break-lock"]) == 0


def test_of_two_imports_at_once_none_is_lost(devpi: DevpiServer, name: str, tmp_path: Path) -> None:
    extra = make_wheel(tmp_path / "o", "extra", "1.0")
    bundles = [
        sound(tmp_path),
        make_bundle(tmp_path / "b2", [extra], [requirement("extra")], name="b"),
    ]
    refused: list[Path] = []

    def run(bundle: Path) -> None:
        try:
            put(bundle, devpi, name)
        except NotWritten:
            refused.append(bundle)

    threads = [threading.Thread(target=run, args=(bundle,), daemon=True) for bundle in bundles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for bundle in refused:
        put(bundle, devpi, name)

    assert len(refused) < 2
    destination = parse_destination(f"devpi:{devpi.url}/{name}", devpi.access)
    assert {entry.name for entry in destination.read_ledger().imports} == {"acme", "b"}
    assert show(devpi, name, "extra") == ["extra-1.0-py2.py3-none-any.whl"]


def test_what_others_put_there_is_read_and_proven_with(
    devpi: DevpiServer, name: str, tmp_path: Path
) -> None:
    """Import report I12: a base adds what nothing has proven."""
    base = f"{name}base"
    put(sound(tmp_path), devpi, base)
    devpi.call("PUT", name, {"type": "stage", "volatile": False, "bases": [base]})
    old = make_wheel(tmp_path / "o", "app", "0.9")
    lines: list[str] = []

    put(make_bundle(tmp_path / "b2", [old], [requirement("app")], name="old"), devpi, name, lines)

    assert lines[-1] == f"warning: {APP} of others is newer than 0.9, which was proven"
    assert show(devpi, name, "app") == ["app-0.9-py2.py3-none-any.whl", APP]
    assert show(devpi, base, "app") == [APP]
    breaking = make_wheel(tmp_path / "x", "web", "1", requires=["app<1", "dep"])
    bundle = make_bundle(
        tmp_path / "b3",
        [breaking, make_wheel(tmp_path / "x", "dep", "1"), old],
        [requirement("web")],
        name="web",
    )
    # dep 1.5 of the base is newer, and proven with.
    put(bundle, devpi, name, lines)
    assert "warning: dep-1.5-py2.py3-none-any.whl of others is newer than 1, which was proven" in (
        lines
    )


def test_a_mirror_among_the_bases_is_refused(devpi: DevpiServer, name: str, tmp_path: Path) -> None:
    mirror = f"{name}mirror"
    url = "http://127.0.0.1:9/simple/"
    devpi.call("PUT", mirror, {"type": "mirror", "volatile": False, "mirror_url": url})
    devpi.call("PUT", name, {"type": "stage", "volatile": False, "bases": [mirror]})

    with pytest.raises((NotVerified, IndexUnavailable)) as caught:
        put(sound(tmp_path), devpi, name)

    assert "mirror" in str(caught.value)


def test_a_killed_import_is_gone_on_with_and_another_one_clears_it(
    devpi: DevpiServer, name: str, tmp_path: Path
) -> None:
    bundle = sound(tmp_path)
    destination = parse_destination(f"devpi:{devpi.url}/{name}", devpi.access)
    calls = iter(range(2))

    def stop(*_: object, **__: object) -> None:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        original(*_, **__)

    original = destination._api.upload  # type: ignore[attr-defined]
    destination._api.upload = stop  # type: ignore[attr-defined]
    with contextlib.suppress(KeyboardInterrupt):
        import_bundle(bundle, destination, quiet, stamp=STAMP)
    lines: list[str] = []

    assert not devpi_has(devpi, name)
    put(bundle, devpi, name, lines)

    assert f"going on with {name}-g1, which was interrupted" in lines
    assert show(devpi, name, "app") == [APP]


def devpi_has(devpi: DevpiServer, name: str) -> bool:
    return Devpi(devpi.url, devpi.access).find_stage(name) is not None


def test_a_file_that_was_deleted_comes_back_with_its_bundle(
    devpi: DevpiServer, name: str, tmp_path: Path
) -> None:
    """Import report I16: a janitor was there between two imports."""
    first = sound(tmp_path)
    put(first, devpi, name)
    put(second(tmp_path), devpi, name)
    devpi.call("DELETE", f"{name}-g1/app/1.0?force")
    destination = parse_destination(f"devpi:{devpi.url}/{name}", devpi.access)

    with pytest.raises(NotVerified) as caught:
        destination.verify()
    healed = put(first, devpi, name)

    assert str(caught.value) == (
        f"{APP}: expected the page to show it, got a page without it\n"
        "  hint: import acme 2026.1 again"
    )
    assert (healed.is_new, healed.copied) == (False, (APP,))
    parse_destination(f"devpi:{devpi.url}/{name}", devpi.access).verify()


def test_a_replica_shows_the_same_after_the_import(
    devpi: DevpiServer, name: str, tmp_path: Path
) -> None:
    with run_replica(devpi, tmp_path / "replica") as replica:
        through = parse_destination(f"devpi:{replica.url}/{name}", devpi.access)
        import_bundle(sound(tmp_path), through, quiet, stamp=STAMP)

        assert show(replica, name, "app") == [APP]
        assert install(f"{replica.url}/{name}/+simple/", "app", tmp_path / "i") == "app-1.0 dep-1.5"


def test_no_output_holds_the_password(
    devpi: DevpiServer,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    bundle, to = sound(tmp_path), f"devpi:{devpi.url}/{name}"
    monkeypatch.setenv("WHEELYARD_USER", "company")
    outputs = []
    for password in (PASSWORD, f"wrong-{PASSWORD}"):
        monkeypatch.setenv("WHEELYARD_PASSWORD", password)
        for command in (["import", str(bundle), "--to", to], ["history", to], ["roll-back", to]):
            far(command)
            outputs.append("".join(capfd.readouterr()))
    state = json.dumps(outputs)

    assert "login of 'company' refused: 401" in state
    assert PASSWORD not in state
