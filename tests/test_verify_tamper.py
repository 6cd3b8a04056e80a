"""
Any change of a bundle is refused, and never by another exception.

Files are changed without a new record; leaves of the record are changed with everything that is
computed from it, so that the rule for the leaf has to find them. ``UNCHECKED`` lists what nothing
in a bundle can contradict; only the digest of bundle.json, known from elsewhere, holds it.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matrix.errors import NotProven, NotVerified
from matrix.record import canonical, schema
from matrix.verify.verify import verify

from .bundles import LEGACY, LINUX, make_bundle, requirement
from .wheels import make_wheel

BOUNDED = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

UNCHECKED = {
    "created": "when and by what a bundle was made, only its maker knows",
    "generator": "the same",
    "source.commit": "what a bundle was made from, only its maker knows",
    "source.lock_sha256": "the same: the lock is not carried",
    "source.ref": "the same",
    "source.run": "the same",
    "source.untested": "the same",
    "name": "bundles of any name verify; the ledger of a destination compares sequences by name",
    "version": "the same",
    "sequence": "an import compares it with the ledger of the destination",
    "wheels[].origin": "where a wheel came from, its bytes do not tell",
    "wheels[].content_keys[]": "what a build depended on, a wheel does not tell",
    "wheels[].test_keys[]": "the same",
    "wheels[].unlocked": "the same",
    "wheels[].fetched[].filename": "the same",
    "wheels[].fetched[].sha256": "the same",
    "wheels[].build_seconds": "an estimate for the next plan",
    "wishes[].excluded[].reason": "a sentence for people",
    "missing[].reason": "the same",
    "missing[].project": "a release that is missing leaves nothing behind",
    "missing[].version": "the same, as long as it is a version",
    "missing[].target": "the same, as long as it is one of the targets",
    "wishes[].excluded[].target": "an exclusion proves nothing, as long as it names a target",
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("tamper")
    wheels = [
        make_wheel(top / "w", "app", "1.0", requires=["dep>=1"], requires_python=">=2.7"),
        make_wheel(top / "w", "dep", "1.5"),
    ]
    entries = [requirement("app", LINUX, LEGACY)]
    return make_bundle(top / "b", wheels, entries, targets=(LINUX, LEGACY))


@contextlib.contextmanager
def changed(bundle: Path, name: str, data: bytes | None) -> Iterator[None]:
    """The bundle with another content of one file (or without it) for a while."""
    path = bundle / name
    original = path.read_bytes() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if data is not None:
        path.write_bytes(data)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if original is None:
            for parent in path.relative_to(bundle).parents:
                with contextlib.suppress(OSError):
                    (bundle / parent).rmdir()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(original)


def names(bundle: Path) -> list[str]:
    return sorted(p.relative_to(bundle).as_posix() for p in bundle.rglob("*") if p.is_file())


def outcome(bundle: Path) -> str:
    try:
        verify(bundle)
    except (NotVerified, NotProven) as error:
        return type(error).__name__
    return "verified"


def differs_only_unchecked(data: bytes, original: bytes) -> bool:
    before, after = (dict(leaves(json.loads(text))) for text in (original, data))
    different = {path for path in before.keys() | after if before.get(path) != after.get(path)}
    return {generalize(path) for path in different} <= UNCHECKED.keys()


# any byte, any file


@BOUNDED
@given(data=st.data())
def test_any_changed_byte_is_refused(bundle: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names(bundle)))
    original = (bundle / name).read_bytes()
    position = data.draw(st.integers(0, len(original) - 1))
    flip = data.draw(st.integers(1, 255))
    tampered = bytearray(original)
    tampered[position] ^= flip

    with changed(bundle, name, bytes(tampered)):
        verdict = outcome(bundle)

    if verdict == "verified":
        assert name == schema.FILENAME
        assert differs_only_unchecked(bytes(tampered), original)


@pytest.mark.parametrize("damage", ["truncated", "cut in half", "appended", "replaced", "removed"])
def test_every_damaged_file_is_refused(bundle: Path, damage: str) -> None:
    for name in names(bundle):
        original = (bundle / name).read_bytes()
        tampered = {
            "truncated": original[:-1],
            "cut in half": original[: len(original) // 2],
            "appended": original + b"\n",
            "replaced": b"{}\n",
            "removed": None,
        }[damage]

        with changed(bundle, name, tampered):
            assert outcome(bundle) == "NotVerified", name


@BOUNDED
@given(
    directory=st.sampled_from(["", "files/", "simple/", "simple/app/", "proof/", "new/", "CON/"]),
    name=st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20),
    content=st.binary(max_size=20),
)
def test_any_added_file_is_refused(bundle: Path, directory: str, name: str, content: bytes) -> None:
    path = f"{directory}{name}"
    if name in {".", ".."} or (bundle / path).exists() or path == schema.SIGNATURE:
        return

    with changed(bundle, path, content):
        assert outcome(bundle) == "NotVerified"


def test_the_signature_of_the_record_may_lie_beside_it(bundle: Path) -> None:
    with changed(bundle, schema.SIGNATURE, b"not read here"):
        assert outcome(bundle) == "verified"


# any leaf of the record


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Every text and number of a JSON value, by its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def generalize(path: str) -> str:
    return "".join("[]" if part.isdigit() else part for part in path.replace("]", "[").split("["))


def replaced(value: Any, path: str, new: object) -> Any:  # noqa: ANN401 - JSON
    """A copy of a JSON value with another leaf at ``path``."""
    copy = json.loads(json.dumps(value))
    inner = copy
    parts = path.replace("]", "").replace("[", ".").split(".")
    *steps, last = (int(part) if part.isdigit() else part for part in parts)
    for step in steps:
        inner = inner[step]
    inner[last] = new
    return copy


OTHERS: dict[type, list[object]] = {
    str: ["", "x", "0", "../x", "\ud800", "a\nb", "9" * 5000, 1, None, True, [], {}, 1.5],
    int: [0, 1, 2**62, 2**63, -1, 10**4000, "1", None, True, 1.0, []],
}
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.just([]), st.just({})
)


def record_leaves(bundle: Path) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    record = json.loads((bundle / schema.FILENAME).read_text())
    return record, list(leaves(record))


def judge_leaf(bundle: Path, record: dict[str, Any], path: str, new: object) -> None:
    tampered = replaced(record, path, new)
    with changed(bundle, schema.FILENAME, canonical.dumps(tampered).encode()):
        verdict = outcome(bundle)
    if verdict == "verified":
        assert generalize(path) in UNCHECKED, (path, new)


def test_every_kind_of_leaf_is_checked_or_listed(bundle: Path) -> None:
    record, found = record_leaves(bundle)
    first_by_kind = {generalize(path): (path, value) for path, value in reversed(found)}

    for path, value in first_by_kind.values():
        for new in OTHERS[type(value)]:
            if (type(new), new) != (type(value), value):
                judge_leaf(bundle, record, path, new)


@BOUNDED
@given(data=st.data())
def test_any_changed_leaf_is_refused(bundle: Path, data: st.DataObject) -> None:
    record, found = record_leaves(bundle)
    path, value = data.draw(st.sampled_from(found))
    other = st.sampled_from([other for _, other in found if type(other) is type(value)])
    new = data.draw(st.one_of(VALUES, other))

    if (type(new), new) != (type(value), value):
        judge_leaf(bundle, record, path, new)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"9" * 5000,
        b"[]",
        b"null",
        b"NaN",
        b'{"schema": 2.0}',
        b'{"schema": 3}',
        b'{"schema": []}',
    ],
    ids=lambda data: repr(data[:12]),
)
def test_bytes_that_are_no_record_are_refused(bundle: Path, data: bytes) -> None:
    for name in (schema.FILENAME, f"proof/{LINUX.id}.json"):
        with changed(bundle, name, data):
            assert outcome(bundle) == "NotVerified"


def test_a_copy_of_the_bundle_still_verifies(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "copy")

    assert outcome(tmp_path / "copy") == outcome(bundle) == "verified"
