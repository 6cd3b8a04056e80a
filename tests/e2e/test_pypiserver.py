"""Import into a real pypiserver, by its directory and by upload."""

from pathlib import Path

from matrix.destinations import undo
from matrix.destinations.access import Access
from matrix.destinations.imports import import_bundle
from matrix.destinations.kinds import parse_destination

from ..bundles import sound
from ..destinations import quiet, second
from .package_servers import install, run_devpi, run_pypiserver


def test_pip_installs_what_was_imported_into_the_directory(tmp_path: Path) -> None:
    served = tmp_path / "served"
    destination = parse_destination(f"pypiserver:{served}")
    with run_pypiserver(served) as url:
        import_bundle(sound(tmp_path), destination, quiet)
        first = install(f"{url}/simple/", "app", tmp_path / "i1")
        import_bundle(second(tmp_path), destination, quiet)
        newer = install(f"{url}/simple/", "app", tmp_path / "i2")
        undo.roll_back(destination, "", quiet)
        rolled_back = install(f"{url}/simple/", "app", tmp_path / "i3")

    assert first == "app-1.0 dep-1.5"
    assert newer == "app-2.0 dep-1.5 zeta-1.0"
    assert rolled_back == first


def test_pip_installs_what_was_uploaded(tmp_path: Path) -> None:
    bundle = sound(tmp_path)
    with run_pypiserver(tmp_path / "served", "-P", ".", "-a", ".") as url:
        access = Access(ledgers=tmp_path / "ledgers", limit=10)
        destination = parse_destination(f"pypiserver:{url}", access)
        imported = import_bundle(bundle, destination, quiet)
        again = import_bundle(bundle, destination, quiet)
        destination.verify()
        installed = install(f"{url}/simple/", "app", tmp_path / "i")

    assert len(imported.copied) == 2
    assert (again.is_new, again.copied) == (False, ())
    assert installed == "app-1.0 dep-1.5"


def test_devpi_takes_plain_uploads_too(tmp_path: Path) -> None:
    with run_devpi(tmp_path / "devpi") as devpi:
        devpi.call("PUT", "company/plain", {"type": "stage", "volatile": False, "bases": []})
        environment = devpi.access.environment
        access = Access(environment, ledgers=tmp_path / "ledgers", limit=10)
        destination = parse_destination(f"twine:devpi:{devpi.url}/company/plain", access)
        import_bundle(sound(tmp_path), destination, quiet)
        destination.verify()
        index = f"{devpi.url}/company/plain/+simple/"

        assert install(index, "app", tmp_path / "i") == "app-1.0 dep-1.5"
