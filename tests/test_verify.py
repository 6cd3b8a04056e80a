import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.edge import files
from matrix.errors import NotProven
from matrix.record import canonical, schema
from matrix.record.schema import Missing, Record
from matrix.targets.target import Target
from matrix.verify.verify import Report, verify

from .bundles import (
    LEGACY,
    LINUX,
    change_record,
    make_bundle,
    problems_of,
    replace_requirement,
    requirement,
    reseal,
    sound,
    write,
    write_pages,
)
from .wheels import make_wheel, metadata

APP = "files/app-1.0-py2.py3-none-any.whl"


def test_a_sound_bundle_is_verified_and_proven(tmp_path: Path) -> None:
    bundle = sound(tmp_path)

    report = verify(bundle)

    assert isinstance(report, Report)
    assert (report.record.label, report.proven, report.incomplete) == ("acme 2026.1", 4, ())
    assert report.files == len([path for path in bundle.rglob("*") if path.is_file()])
    assert [file.target for file in report.proofs] == [LEGACY.id, LINUX.id]


def test_a_directory_without_a_record_is_refused(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == [
        (
            f"{tmp_path}: expected a bundle with bundle.json, got none\n"
            "  hint: name the directory that holds it"
        )
    ]


def test_a_bundle_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "gone") == [
        f"{tmp_path / 'gone'}: cannot be read: No such file or directory"
    ]


def spoilt_record(**changes: object) -> Callable[[Record], Record]:
    return lambda record: dataclasses.replace(record, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        pytest.param(
            spoilt_record(name="../acme"),
            ["bundle.json: name: expected letters, digits and hyphens, got '../acme'"],
            id="name-leads-out",
        ),
        pytest.param(
            spoilt_record(version="1\n2"),
            [("bundle.json: version: expected letters, digits, dots and hyphens, got '1\\n2'")],
            id="version",
        ),
        pytest.param(
            spoilt_record(wishes=()), ["bundle.json: expected requirements, got none"], id="no"
        ),
        pytest.param(
            spoilt_record(wishes=(requirement("app", Target.parse("3.9.18", "win_amd64")),)),
            ["bundle.json: refers to the unknown target 'cp39-win_amd64'"],
            id="target",
        ),
        pytest.param(
            lambda record: dataclasses.replace(
                record,
                wheels=tuple(
                    dataclasses.replace(one, requires_python=">=3") for one in record.wheels[:1]
                )
                + record.wheels[1:],
            ),
            [
                f"{APP}: expected requires_python '>=2.7' in the record, got '>=3'",
                *(
                    f"{home}simple/app/index.{kind}: is not what the record gives"
                    for home in (f"targets/{LEGACY.id}/", f"targets/{LINUX.id}/", "")
                    for kind in ("html", "json")
                ),
            ],
            id="requires-python",
        ),
        pytest.param(
            lambda record: dataclasses.replace(
                record,
                targets=tuple(
                    dataclasses.replace(
                        target,
                        marker_environment={
                            key: value
                            for key, value in target.marker_environment.items()
                            if key != "os_name"
                        },
                    )
                    for target in record.targets[:1]
                )
                + record.targets[1:],
            ),
            [f"bundle.json: targets.{LINUX.id}: missing marker variable 'os_name'"],
            id="marker",
        ),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(
    tmp_path: Path, spoil: Callable[[Record], Record], expected: list[str]
) -> None:
    bundle = sound(tmp_path, spoil=spoil)

    assert sorted(problems_of(bundle)) == sorted(expected)


def test_a_built_wheel_has_a_key_of_each_kind_for_each_target(tmp_path: Path) -> None:
    def spoil(record: Record) -> Record:
        first = dataclasses.replace(record.wheels[0], origin="built", content_keys=("a",))
        second = dataclasses.replace(record.wheels[1], test_keys=("b", "c"))
        return dataclasses.replace(record, wheels=(first, second, *record.wheels[2:]))

    bundle = sound(tmp_path, spoil=spoil)

    record = schema.parse((bundle / "bundle.json").read_text())
    first, second = record.wheels[:2]
    owed = len(first.targets)
    assert sorted(problems_of(bundle)) == sorted(
        [
            (
                f"bundle.json: expected {owed} content keys and test keys of {first.filename}, "
                "got 1 and 0"
            ),
            (
                f"bundle.json: expected 0 content keys and test keys of {second.filename}, "
                "got 0 and 2"
            ),
        ]
    )


def test_a_record_without_targets_is_refused(tmp_path: Path) -> None:
    bundle = sound(tmp_path, spoil=spoilt_record(targets=()))

    assert "bundle.json: expected targets, got none" in problems_of(bundle)


def test_a_project_named_like_a_device_is_refused(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path / "w", "con", "1.0")]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("con")])

    assert "bundle.json: 'con' 'con' is the name of a device on Windows" in problems_of(bundle)


def test_a_field_of_another_type_is_named_with_its_place(tmp_path: Path) -> None:
    bundle = sound(tmp_path)
    record = json.loads((bundle / "bundle.json").read_text())
    record["wheels"][1]["size"] = "many"
    write(bundle, "bundle.json", canonical.dumps(record))

    assert problems_of(bundle) == [
        "bundle.json: wheels[1].size: expected a whole number, got a text"
    ]


def test_an_empty_bundle_never_verifies(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b", [], [])

    assert problems_of(bundle) == [
        "bundle.json: expected requirements, got none",
        "bundle.json: expected wheels, got none",
    ]


def test_a_wheel_that_lies_is_refused_although_its_digest_fits(tmp_path: Path) -> None:
    bundle = sound(tmp_path)
    make_wheel(bundle / "files", "app", "1.0", stated=metadata("app", "9.0"))
    record = schema.parse((bundle / "bundle.json").read_text())
    path = bundle / APP
    lying = dataclasses.replace(
        record.wheels[0], sha256=files.digest(path), size=path.stat().st_size
    )
    record = dataclasses.replace(record, wheels=(lying, *record.wheels[1:]))
    write_pages(bundle, record)
    write(bundle, "bundle.json", schema.dump(record))
    reseal(bundle)

    assert problems_of(bundle) == [
        f"{APP}: expected METADATA of app 1.0 in app-1.0-py2.py3-none-any.whl, got app 9.0"
    ]


def test_a_record_that_lists_a_path_outside_is_refused(tmp_path: Path) -> None:
    bundle = sound(tmp_path)
    record = schema.parse((bundle / "bundle.json").read_text())
    outside = tuple(
        dataclasses.replace(record.files[0], path=path) for path in ("/etc/passwd", "../x")
    )
    record = dataclasses.replace(record, files=(*record.files, *outside))
    write(bundle, "bundle.json", schema.dump(record))

    assert problems_of(bundle) == [
        "../x: is in the record, but not in the bundle",
        "/etc/passwd: is in the record, but not in the bundle",
        "bundle.json: '../x' leads elsewhere by '..'",
        "bundle.json: '/etc/passwd' expected a path below the bundle, got an absolute one",
        "bundle.json: lists '../x', which no bundle holds",
        "bundle.json: lists '/etc/passwd', which no bundle holds",
    ]


def test_every_requirement_that_does_not_install_is_named(tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path / "w", "app", "1.0", requires=["dep"])]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("app"), requirement("gone")])

    assert problems_of(bundle, NotProven) == [
        f"app on {LINUX.id} (target view): dep <- app 1.0: no wheel of dep",
        f"app on {LINUX.id} (union view): dep <- app 1.0: no wheel of dep",
        f"gone on {LINUX.id} (target view): gone: no wheel of gone",
        f"gone on {LINUX.id} (union view): gone: no wheel of gone",
    ]


@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ("os_name ~= 'x'", "Undefined <Op('~=')> on 'posix' and 'x'."),
        ("'x' in extras", "'extras'"),
    ],
    ids=["comparison", "variable"],
)
def test_markers_without_a_value_are_not_proven(tmp_path: Path, marker: str, reason: str) -> None:
    wheels = [make_wheel(tmp_path / "w", "app", "1.0")]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("app")])
    change_record(bundle, lambda record: replace_requirement(record, f"app; {marker}"))

    assert problems_of(bundle, NotProven) == [
        f"app on {LINUX.id} ({view} view): a marker has no value: {reason}"
        for view in ("target", "union")
    ]


@pytest.mark.parametrize(
    "text", ["", "app @", "app;" + "(" * 5000, "app; os_name == 'x' and" + "9" * 5000], ids=range(4)
)
def test_requirements_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    bundle = sound(tmp_path)
    change_record(bundle, lambda record: replace_requirement(record, text))

    assert problems_of(bundle) == [
        f"bundle.json: wishes: expected a PEP 508 requirement, got {text[:200]!r}"
    ]


def test_a_release_that_is_known_to_be_missing_makes_a_requirement_incomplete(
    tmp_path: Path,
) -> None:
    lack = Missing(project="dep", version="1.5", target=LINUX.id, reason="allowed")
    wheels = [make_wheel(tmp_path / "w", "app", "1.0", requires=["dep>=1"])]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("app")], missing=[lack])

    report = verify(bundle)

    assert [(target, root.root, root.view, root.needs) for target, root in report.incomplete] == [
        (LINUX.id, "app", "target", ("dep 1.5",)),
        (LINUX.id, "app", "union", ("dep 1.5",)),
    ]


def test_a_missing_release_excuses_only_requirements_that_need_it(tmp_path: Path) -> None:
    lack = Missing(project="dep", version="0.5", target=LINUX.id, reason="allowed")
    wheels = [make_wheel(tmp_path / "w", "app", "1.0", requires=["dep>=1"])]
    bundle = make_bundle(tmp_path / "b", wheels, [requirement("app")], missing=[lack])

    assert problems_of(bundle, NotProven)[0] == (
        f"app on {LINUX.id} (target view): dep>=1 <- app 1.0: no wheel of dep"
    )
