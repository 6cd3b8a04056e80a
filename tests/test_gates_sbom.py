"""The bill of materials: what stands in it, and that a validator of others takes it."""

import json
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from matrix.edge.archives import InvalidArchive
from matrix.gates.sbom import format_purl, render_sbom
from matrix.gates.vendored import Vendored, find_vendored, read_vendored
from matrix.record.schema import NO_SOURCE, Record

from .bundles import LINUX, recorded_target, recorded_wheel
from .wheels import make_wheel

SSL = Vendored(name="libssl", version="1.1", purl="pkg:deb/debian/libssl1.1@1.1.1w")


def make_record(*wheels: Path) -> Record:
    return Record(
        name="acme",
        version="2026.1",
        sequence=1,
        created="2026-11-22T00:00:00Z",
        generator="wheelyard 0.2.0",
        targets=(recorded_target(LINUX),),
        wishes=(),
        wheels=tuple(
            sorted((recorded_wheel(w, (LINUX,)) for w in wheels), key=lambda w: w.filename)
        ),
        missing=(),
        files=(),
        source=NO_SOURCE,
    )


def render(record: Record, *vendored: Vendored, licence: str = "") -> str:
    filename = record.wheels[0].filename
    return render_sbom(
        record,
        vendored_by_filename={filename: vendored},
        licence_by_release={(w.project, w.version): licence for w in record.wheels},
        names_by_project={"app": frozenset({"dep", "absent", "app"})},
    )


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    directory = tmp_path_factory.mktemp("wheels")
    return make_record(make_wheel(directory, "app", "1.0"), make_wheel(directory, "dep", "1.5+cpu"))


def test_a_release_has_its_wheels_libraries_and_requirements(record: Record) -> None:
    document = json.loads(render(record, SSL, licence="MIT"))

    app, dep = document["components"]
    assert (app["purl"], app["licenses"]) == ("pkg:pypi/app@1.0", [{"license": {"name": "MIT"}}])
    assert app["externalReferences"] == [
        {
            "type": "distribution",
            "url": f"files/{record.wheels[0].filename}",
            "comment": "published",
            "hashes": [{"alg": "SHA-256", "content": record.wheels[0].sha256}],
        }
    ]
    assert [(c["name"], c["version"], c["purl"]) for c in app["components"]] == [
        ("libssl", "1.1", "pkg:deb/debian/libssl1.1@1.1.1w")
    ]
    assert "components" not in dep
    assert document["dependencies"] == [
        {"ref": "acme", "dependsOn": ["pkg:pypi/app@1.0", "pkg:pypi/dep@1.5%2Bcpu"]},
        {"ref": "pkg:pypi/app@1.0", "dependsOn": ["pkg:pypi/dep@1.5%2Bcpu"]},
        {"ref": "pkg:pypi/dep@1.5%2Bcpu", "dependsOn": []},
    ]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


@given(name=TEXTS.filter(bool), version=TEXTS, licence=TEXTS)
@settings(max_examples=30)
def test_the_schema_of_cyclonedx_takes_every_document(
    record: Record, name: str, version: str, licence: str
) -> None:
    libraries = [Vendored(name=name, version=version), SSL]

    text = render(record, *libraries, licence=licence)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_same_bundle_gives_the_same_bytes(record: Record) -> None:
    assert render(record, SSL) == render(record, SSL)


def test_a_package_url_escapes_its_version() -> None:
    assert format_purl("torch", "1!2.1+cpu") == "pkg:pypi/torch@1%212.1%2Bcpu"


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("lxml.libs/libxml2-0f3b1a2c.so.2.9.14", ("libxml2", "2.9.14")),
        ("lxml.libs/libxml2-0f3b1a2c.so", ("libxml2", "")),
        ("numpy.libs/libscipy_openblas64_-99b71e71.so", ("libscipy_openblas64_", "")),
        ("pkg/.dylibs/libjpeg.62.4.0.dylib", ("libjpeg", "62.4.0")),
        ("pkg/.dylibs/libz.dylib", ("libz", "")),
        ("a.libs/msvcp140-d64049c6e3865410a7dda6a7e9f0c575.dll", ("msvcp140", "")),
        ("a.libs/.load-order-a-1.0", None),
        ("pkg/_speedups.cpython-312-x86_64-linux-gnu.so", None),
        ("libxml2-0f3b1a2c.so.2", None),
    ],
)
def test_repairing_tools_leave_names_and_versions(
    member: str, expected: tuple[str, str] | None
) -> None:
    libraries = [(library.name, library.version) for library in find_vendored([member])]

    assert libraries == ([expected] if expected else [])


def add_members(path: Path, **texts: str) -> Path:
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return path


def test_a_wheels_own_document_comes_before_the_names_of_its_files(tmp_path: Path) -> None:
    components = [
        {"name": "libssl", "version": "1.1", "purl": SSL.purl},
        {"name": 7},
        "text",
        {"name": "zlib"},
    ]
    path = add_members(
        make_wheel(tmp_path, "app", "1.0"),
        **{
            "app.libs/libother-0f3b1a2c.so.1": "",
            "app-1.0.dist-info/sboms/auditwheel.cdx.json": json.dumps({"components": components}),
        },
    )

    assert read_vendored(path) == (SSL, Vendored(name="zlib", version=""))


@pytest.mark.parametrize("text", ["", "[", "[]", '{"components": 1}', "[" * 100_000])
def test_a_document_that_is_none_leaves_the_names_of_files(tmp_path: Path, text: str) -> None:
    path = add_members(
        make_wheel(tmp_path, "app", "1.0"),
        **{"app.libs/libz-0f3b1a2c.so.1": "", "app-1.0.dist-info/sboms/x.json": text},
    )

    assert read_vendored(path) == (Vendored(name="libz", version="1"),)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.whl").write_bytes(b"PK no")

    with pytest.raises(InvalidArchive):
        read_vendored(tmp_path / "app.whl")
