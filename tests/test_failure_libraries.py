import importlib.resources
import json
import re
from collections import Counter
from typing import Any

import pytest
from packaging.requirements import Requirement

from matrix.builds import hints, libraries
from matrix.builds.causes import Cause, Finding
from matrix.builds.libraries import Kind
from matrix.manifest.model import Manifest
from matrix.manifest.reading import read

ENTRIES: list[dict[str, Any]] = json.loads(
    (importlib.resources.files("matrix") / "data" / "libraries.json").read_text("utf-8")
)
NAMED = ("headers", "libraries", "modules", "programs")
MANIFEST = """\
bundle: b
targets: {t: {platform: manylinux_2_28_x86_64, python: [3.12.4]}}
runners: [{match: "*", github: ubuntu-24.04}]
packages: [thing]
"""


@pytest.mark.parametrize(
    ("kind", "name", "debian"),
    [
        ("headers", "mysql.h", ("libmariadb-dev", "pkg-config")),
        ("headers", "openssl/x509v3.h", ("libssl-dev",)),
        ("headers", "linux/input.h", ("linux-libc-dev",)),
        ("libraries", "z", ("zlib1g-dev",)),
        ("libraries", "libxml2", ("libxml2-dev",)),
        ("libraries", "snappy.lib", ("libsnappy-dev",)),
        ("libraries", "OpenSSL", ("libssl-dev",)),
        ("libraries", "libpcre2-8", ("libpcre2-dev",)),
        ("programs", "pg_config", ("libpq-dev",)),
        ("programs", "Rust", ("rustc", "cargo")),
    ],
)
def test_a_missing_thing_is_known_by_the_name_that_a_build_gives_it(
    kind: Kind, name: str, debian: tuple[str, ...]
) -> None:
    assert libraries.find_packages(kind, [name])["apt"] == debian


def test_packages_of_several_things_are_put_together() -> None:
    assert libraries.find_packages("headers", ["lber.h", "nobody/knows.h", "sasl.h"])["apt"] == (
        "libldap2-dev",
        "libsasl2-dev",
    )
    assert libraries.find_packages("headers", ["nobody/knows.h", "linux/nothing.h"]) == {}


def test_no_name_stands_twice_in_the_table() -> None:
    names = Counter(
        (kind, name) for entry in ENTRIES for kind in NAMED for name in entry.get(kind, ())
    )

    assert [name for name, count in names.items() if count > 1] == []
    assert [e["name"] for e in ENTRIES] == sorted(e["name"] for e in ENTRIES)
    assert len(ENTRIES) >= 60


def test_system_packages_of_the_table_can_stand_in_a_recipe() -> None:
    named = {name for entry in ENTRIES for listed in entry["system"].values() for name in listed}

    assert [name for name in sorted(named) if not re.fullmatch(r"[A-Za-z0-9][\w.+@-]*", name)] == []


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("headers", Cause.HEADER), ("libraries", Cause.LIBRARY), ("programs", Cause.PROGRAM)],
)
def test_the_advice_is_manifest_that_reads(kind: str, cause: Cause) -> None:
    for entry in (entry for entry in ENTRIES if entry.get(kind)):
        text = hints.suggest_hint(Finding(cause=cause, things=(entry[kind][0],)), project="thing")

        assert pasted(text).recipes["thing"].system == {
            manager: tuple(names) for manager, names in entry["system"].items()
        }


def pasted(text: str) -> Manifest:
    return read(f"{MANIFEST}{text}\n")


@pytest.mark.parametrize("thing", ["pkg_resources", "use_2to3", "numpy.distutils", "cython"])
def test_advice_about_requirements_is_manifest_that_reads(thing: str) -> None:
    text = hints.suggest_hint(Finding(cause=Cause.REQUIREMENT, things=(thing,)), project="thing")

    (required,) = pasted(text).recipes["thing"].requires
    assert Requirement(required).name in {"setuptools", "numpy", "cython"}
