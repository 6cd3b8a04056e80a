import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .bundles import (
    LINUX,
    problems_of,
    reseal,
    sound,
    write,
)
from .wheels import make_wheel, metadata

APP = "files/app-1.0-py2.py3-none-any.whl"


def bundle_unreadable_record(bundle: Path) -> None:
    write(bundle, "bundle.json", "{}")


def bundle_missing_wheel(bundle: Path) -> None:
    (bundle / APP).unlink()


def bundle_extra_wheel(bundle: Path) -> None:
    make_wheel(bundle / "files", "evil", "1.0")


def bundle_wrong_digest(bundle: Path) -> None:
    data = bytearray((bundle / "NOTES.md").read_bytes())
    data[0] ^= 1
    (bundle / "NOTES.md").write_bytes(data)


def bundle_wrong_size(bundle: Path) -> None:
    with (bundle / "NOTES.md").open("ab") as stream:
        stream.write(b"more")


def bundle_symlink_out(bundle: Path) -> None:
    (bundle / "NOTES.md").unlink()
    (bundle / "NOTES.md").symlink_to("/etc/hostname")


def bundle_special_file(bundle: Path) -> None:
    os.mkfifo(bundle / "pipe")


def bundle_case_collision(bundle: Path) -> None:
    write(bundle, "notes.MD", "# Notes\n")
    reseal(bundle)


def bundle_reserved_name(bundle: Path) -> None:
    write(bundle, "reports/Aux.txt", "")
    reseal(bundle)


def bundle_backslash(bundle: Path) -> None:
    write(bundle, "a\\b", "")
    reseal(bundle)


def bundle_changed_sidecar(bundle: Path) -> None:
    write(bundle, f"{APP}.metadata", metadata("app", "1.0"))
    reseal(bundle)


def bundle_changed_page(bundle: Path) -> None:
    page = bundle / "simple/app/index.html"
    write(bundle, "simple/app/index.html", page.read_text().replace("../../files", "//evil"))
    reseal(bundle)


def bundle_extra_page(bundle: Path) -> None:
    write(bundle, "simple/evil/index.html", "<a href='evil.whl'>evil</a>")
    reseal(bundle)


def bundle_missing_page(bundle: Path) -> None:
    (bundle / "simple/index.json").unlink()
    reseal(bundle)


def bundle_changed_environment(bundle: Path) -> None:
    write(bundle, f"targets/{LINUX.id}/env.json", "{}")
    reseal(bundle)


def bundle_changed_proof(bundle: Path) -> None:
    path = f"proof/{LINUX.id}.json"
    text = (bundle / path).read_text().replace("dep-1.5", "dep-1.4", 1)
    write(bundle, path, text)
    reseal(bundle)


ATTACKS: list[tuple[Callable[[Path], None], list[str]]] = [
    (bundle_unreadable_record, ["bundle.json: top: missing key 'schema'"]),
    (bundle_missing_wheel, [f"{APP}: is in the record, but not in the bundle"]),
    (
        bundle_extra_wheel,
        ["files/evil-1.0-py2.py3-none-any.whl: is in the bundle, but not in the record"],
    ),
    (
        bundle_wrong_digest,
        [
            (
                "NOTES.md: expected sha256 "
                "365d0b84ae63c2afc293dedd2b00bdf0dc8d6ef70c9297d90f9e5682ab0d72ee, got "
                "81a3c8b4b4b2227c18b27391f6ca897b64888a1750ea09510a4308b0ff18ba77"
            )
        ],
    ),
    (bundle_wrong_size, ["NOTES.md: expected 8 bytes, got 12"]),
    (
        bundle_symlink_out,
        [
            "NOTES.md: expected a file, got a link",
            "NOTES.md: is in the record, but not in the bundle",
        ],
    ),
    (bundle_special_file, ["pipe: expected a file, got a special file"]),
    (
        bundle_case_collision,
        [
            "'notes.MD': differs from 'NOTES.md' only in case or accents",
            "bundle.json: 'notes.MD' differs from 'NOTES.md' only in case or accents",
        ],
    ),
    (
        bundle_reserved_name,
        [
            "'reports/Aux.txt': 'Aux.txt' is the name of a device on Windows",
            "bundle.json: 'reports/Aux.txt' 'Aux.txt' is the name of a device on Windows",
        ],
    ),
    (
        bundle_backslash,
        [
            "'a\\\\b': a backslash separates directories on Windows",
            "bundle.json: 'a\\\\b' a backslash separates directories on Windows",
        ],
    ),
    (bundle_changed_sidecar, [f"{APP}.metadata: is not the METADATA inside the wheel"]),
    (
        bundle_changed_page,
        ["simple/app/index.html: is not what the record's wheels make it"],
    ),
    (
        bundle_extra_page,
        ["simple/evil/index.html: is not a page of the record's wheels"],
    ),
    (bundle_missing_page, ["simple/index.json: is not in the bundle"]),
    (
        bundle_changed_environment,
        [f"targets/{LINUX.id}/env.json: is not what the record's wheels make it"],
    ),
    (
        bundle_changed_proof,
        [
            (
                f"proof/{LINUX.id}.json: app (target view): expected "
                "app-1.0-py2.py3-none-any.whl, dep-1.5-py2.py3-none-any.whl, got "
                "app-1.0-py2.py3-none-any.whl, dep-1.4-py2.py3-none-any.whl"
            )
        ],
    ),
]


@pytest.mark.skipif(os.name == "nt", reason="the attacks use names that Windows cannot write")
@pytest.mark.parametrize(("attack", "expected"), ATTACKS, ids=[a.__name__ for a, _ in ATTACKS])
def test_a_bundle_that_was_changed_is_refused(
    tmp_path: Path, attack: Callable[[Path], None], expected: list[str]
) -> None:
    bundle = sound(tmp_path)
    attack(bundle)

    assert problems_of(bundle) == expected
