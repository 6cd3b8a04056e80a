import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.record import proof, schema
from matrix.record.schema import Exclusion, Missing, Record

from .bundles import (
    LINUX,
    change_record,
    problems_of,
    replace_target,
    replace_wheel,
    reseal,
    seal,
    sound,
    write,
)
from .wheels import make_wheel, metadata

APP = "files/app-1.0-py2.py3-none-any.whl"
MANY = ".".join(f"a{number}" for number in range(1000))
EXPLOSION = f"{MANY}-{MANY}-{MANY}"  # stands for a billion tags


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


def bundle_other_wheel_of_the_same_size(bundle: Path) -> None:
    size = (bundle / APP).stat().st_size
    changed = metadata("app", "1.0", requires=["dep>=1"], requires_python=">=2.7")
    make_wheel(
        bundle / "files", "app", "1.0", stated=changed, members={"app.py": "VERSION = '6.6'\n"}
    )
    assert (bundle / APP).stat().st_size == size


def bundle_wrong_metadata_digest(bundle: Path) -> None:
    change_record(bundle, lambda record: replace_wheel(record, metadata_sha256="0" * 64))


def bundle_unlisted_sidecar(bundle: Path) -> None:
    (bundle / f"{APP}.metadata").unlink()
    reseal(bundle)


def bundle_unlisted_proof(bundle: Path) -> None:
    (bundle / f"proof/{LINUX.id}.json").unlink()
    reseal(bundle)


def bundle_unreadable_proof(bundle: Path) -> None:
    write(bundle, f"proof/{LINUX.id}.json", "{}")
    reseal(bundle)


def bundle_proof_with_an_incomplete_requirement(bundle: Path) -> None:
    path = f"proof/{LINUX.id}.json"
    carried = proof.parse((bundle / path).read_text())
    lack = proof.IncompleteRequirement(root="app", view="union", needs=("dep 2",))
    write(bundle, path, proof.dump(dataclasses.replace(carried, missing=(lack,))))
    reseal(bundle)


def bundle_proof_without_a_requirement(bundle: Path) -> None:
    path = f"proof/{LINUX.id}.json"
    carried = proof.parse((bundle / path).read_text())
    write(bundle, path, proof.dump(dataclasses.replace(carried, proofs=carried.proofs[1:])))
    reseal(bundle)


def bundle_project_unlike_the_filename(bundle: Path) -> None:
    change_record(bundle, lambda record: replace_wheel(record, project="dep"))


def bundle_version_unlike_the_filename(bundle: Path) -> None:
    change_record(bundle, lambda record: replace_wheel(record, version="9.0"))


def bundle_wheel_without_a_name(bundle: Path) -> None:
    change_record(bundle, lambda record: replace_wheel(record, filename="app.whl"))


def bundle_marker_variable_of_no_pep(bundle: Path) -> None:
    def spoil(record: Record) -> Record:
        first, *rest = record.targets
        environment = {**first.marker_environment, "phase_of_moon": "full"}
        first = dataclasses.replace(first, marker_environment=environment)
        return dataclasses.replace(record, targets=(first, *rest))

    change_record(bundle, spoil)


def bundle_other_python(bundle: Path) -> None:
    change_record(bundle, lambda record: replace_target(record, python_full_version="3.12.5"))


def bundle_platform_without_a_tag(bundle: Path) -> None:
    change_record(bundle, lambda record: replace_target(record, platform="win_amd64"))


def bundle_explosive_tag(bundle: Path) -> None:
    tags = schema.parse((bundle / "bundle.json").read_text()).targets[0].tags
    change_record(bundle, lambda record: replace_target(record, tags=(*tags, EXPLOSION)))


def bundle_two_targets_of_one_name(bundle: Path) -> None:
    def spoil(record: Record) -> Record:
        return dataclasses.replace(record, targets=(*record.targets, record.targets[0]))

    change_record(bundle, spoil)


def bundle_path_listed_twice(bundle: Path) -> None:
    record = schema.parse((bundle / "bundle.json").read_text())
    record = dataclasses.replace(record, files=(*record.files, record.files[0]))
    write(bundle, "bundle.json", schema.dump(record))


def bundle_missing_release_without_a_version(bundle: Path) -> None:
    lack = Missing(project="gone", version="9" * 5000, target=LINUX.id, reason="")
    change_record(bundle, lambda record: dataclasses.replace(record, missing=(lack,)))


def bundle_missing_release_of_an_unknown_target(bundle: Path) -> None:
    lack = Missing(project="gone", version="1", target="cp39-win_amd64", reason="")
    change_record(bundle, lambda record: dataclasses.replace(record, missing=(lack,)))


def bundle_excluded_target_unknown(bundle: Path) -> None:
    def spoil(record: Record) -> Record:
        excluded = (Exclusion(target="cp39-win_amd64", reason=""),)
        entry = dataclasses.replace(record.wishes[0], excluded=excluded)
        return dataclasses.replace(record, wishes=(entry,))

    change_record(bundle, spoil)


def bundle_requires_python_of_5000_digits(bundle: Path) -> None:
    change_record(bundle, lambda record: replace_wheel(record, requires_python=">=" + "9" * 5000))


def bundle_extra_program(bundle: Path) -> None:
    write(bundle, "setup.exe", "")
    reseal(bundle)


def bundle_extra_listed_wheel(bundle: Path) -> None:
    make_wheel(bundle / "files", "evil", "1.0")
    reseal(bundle)


def bundle_changed_requirements(bundle: Path) -> None:
    write(bundle, f"targets/{LINUX.id}/requirements.txt", "--index-url http://evil.example\n")
    reseal(bundle)


def bundle_changed_checksums(bundle: Path) -> None:
    write(bundle, "SHA256SUMS", "")
    record = schema.parse((bundle / "bundle.json").read_text())
    seal(bundle, record)


def bundle_empty_directory(bundle: Path) -> None:
    (bundle / "CON").mkdir()


def bundle_parts_beside(bundle: Path) -> None:
    write(bundle, "parts.json", "{}")


def bundle_console_device(bundle: Path) -> None:
    write(bundle, "simple/CONIN$/index.html", "")
    reseal(bundle)


ATTACKS: list[tuple[Callable[[Path], None], list[str]]] = [
    (bundle_unreadable_record, ["bundle.json: missing key 'schema'"]),
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
            "bundle.json: lists 'notes.MD', which no bundle holds",
        ],
    ),
    (
        bundle_reserved_name,
        [
            "'reports/Aux.txt': 'Aux.txt' is the name of a device on Windows",
            "bundle.json: 'reports/Aux.txt' 'Aux.txt' is the name of a device on Windows",
            "bundle.json: lists 'reports/Aux.txt', which no bundle holds",
        ],
    ),
    (
        bundle_backslash,
        [
            "'a\\\\b': a backslash separates directories on Windows",
            "bundle.json: 'a\\\\b' a backslash separates directories on Windows",
            "bundle.json: lists 'a\\\\b', which no bundle holds",
        ],
    ),
    (bundle_changed_sidecar, [f"{APP}.metadata: is not the METADATA inside the wheel"]),
    (
        bundle_changed_page,
        ["simple/app/index.html: is not what the record gives"],
    ),
    (
        bundle_extra_page,
        ["bundle.json: lists 'simple/evil/index.html', which no bundle holds"],
    ),
    (bundle_missing_page, ["bundle.json: does not list 'simple/index.json'"]),
    (
        bundle_changed_environment,
        [f"targets/{LINUX.id}/env.json: is not what the record gives"],
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
    (
        bundle_other_wheel_of_the_same_size,
        [
            (
                f"{APP}: expected sha256 "
                "f31271d94ce28a4953422a016cbc1c9b6f8baec10fc3c4fcbc821767607cb49d, got "
                "c5d9bbfa635ec2df90cff0ec1c5189e051a04d75b1b5f66b471612affce12b86"
            )
        ],
    ),
    (
        bundle_wrong_metadata_digest,
        [
            (
                f"{APP}.metadata: expected metadata_sha256 "
                "24448fc09ca9ab955bbeaba293bcf9fbd7d238bc80d88e8b3642d79fc7ff3c77 in the record, "
                f"got {'0' * 64}"
            )
        ],
    ),
    (bundle_unlisted_sidecar, [f"bundle.json: does not list '{APP}.metadata'"]),
    (bundle_unlisted_proof, [f"bundle.json: does not list 'proof/{LINUX.id}.json'"]),
    (bundle_unreadable_proof, [f"proof/{LINUX.id}.json: missing key 'target'"]),
    (
        bundle_proof_with_an_incomplete_requirement,
        [
            (
                f"proof/{LINUX.id}.json: expected no requirement incomplete, got app (union view, "
                "needs dep 2)"
            )
        ],
    ),
    (
        bundle_proof_without_a_requirement,
        [
            (
                f"proof/{LINUX.id}.json: app (target view): expected "
                "app-1.0-py2.py3-none-any.whl, dep-1.5-py2.py3-none-any.whl, got no proof"
            )
        ],
    ),
    (
        bundle_project_unlike_the_filename,
        [
            (
                "bundle.json: expected app-1.0-py2.py3-none-any.whl to be recorded as app 1.0, "
                "got dep 1.0"
            )
        ],
    ),
    (
        bundle_version_unlike_the_filename,
        [
            (
                "bundle.json: expected app-1.0-py2.py3-none-any.whl to be recorded as app 1.0, "
                "got app 9.0"
            )
        ],
    ),
    (
        bundle_wheel_without_a_name,
        [
            "bundle.json: Invalid wheel filename (wrong number of parts): 'app'",
            "bundle.json: does not list 'files/app.whl.metadata'",
            f"bundle.json: lists '{APP}', which no bundle holds",
            f"bundle.json: lists '{APP}.metadata', which no bundle holds",
            "files/app.whl: is in the record, but not in the bundle",
        ],
    ),
    (
        bundle_marker_variable_of_no_pep,
        [f"bundle.json: targets.{LINUX.id}: unknown marker variable 'phase_of_moon'"],
    ),
    (
        bundle_other_python,
        [(f"bundle.json: targets.{LINUX.id}: expected python_full_version '3.12.5', got '3.12.4'")],
    ),
    (
        bundle_platform_without_a_tag,
        [f"bundle.json: targets.{LINUX.id}: no tag is for its platform 'win_amd64'"],
    ),
    (
        bundle_explosive_tag,
        [
            (
                f"bundle.json: targets.{LINUX.id}: expected a tag such as "
                f"'cp312-cp312-win_amd64', got '{EXPLOSION}'"
            )
        ],
    ),
    (bundle_two_targets_of_one_name, [f"bundle.json: 2 targets are named '{LINUX.id}'"]),
    (bundle_path_listed_twice, ["bundle.json: 'NOTES.md' is listed 2 times"]),
    (
        bundle_missing_release_without_a_version,
        [f"bundle.json: expected a version of missing 'gone', got '{'9' * 5000}'"],
    ),
    (
        bundle_missing_release_of_an_unknown_target,
        ["bundle.json: refers to the unknown target 'cp39-win_amd64'"],
    ),
    (
        bundle_excluded_target_unknown,
        ["bundle.json: refers to the unknown target 'cp39-win_amd64'"],
    ),
    (
        bundle_requires_python_of_5000_digits,
        [f"{APP}: expected requires_python '>=2.7' in the record, got '>={'9' * 5000}'"],
    ),
    (bundle_extra_program, ["bundle.json: lists 'setup.exe', which no bundle holds"]),
    (
        bundle_extra_listed_wheel,
        ["bundle.json: lists 'files/evil-1.0-py2.py3-none-any.whl', which no bundle holds"],
    ),
    (
        bundle_changed_requirements,
        [f"targets/{LINUX.id}/requirements.txt: is not what the record gives"],
    ),
    (bundle_changed_checksums, ["SHA256SUMS: is not what the record gives"]),
    (bundle_empty_directory, ["CON: expected files, got none"]),
    (bundle_parts_beside, ["parts.json: is in the bundle, but not in the record"]),
    (
        bundle_console_device,
        [
            "'simple/CONIN$/index.html': 'CONIN$' is the name of a device on Windows",
            ("bundle.json: 'simple/CONIN$/index.html' 'CONIN$' is the name of a device on Windows"),
            "bundle.json: lists 'simple/CONIN$/index.html', which no bundle holds",
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
