import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # its stubs are another dependency
import pytest

from matrix.cli import main
from matrix.errors import LockError
from matrix.resolve import lock_schema, lockfile

ROOT = Path(__file__).parent.parent


def test_the_documented_schema_is_that_of_the_types() -> None:
    assert (ROOT / "docs" / "lock.schema.json").read_text() == lock_schema.text()


def test_the_repository_s_lock_is_what_the_schema_says() -> None:
    loaded = json.loads((ROOT / "packages.lock").read_text())

    jsonschema.validate(loaded, lock_schema.schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**loaded, "files": [{}]}, lock_schema.schema())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"size": 60567', '"size": "many"', "files[0].size: expected an integer, got a string"),
        (
            '"sha256": "2d27e3784d7a565d36ab851fe94887c5eccd6a463168875832a1be79c82828b4"',
            '"sha256": 7',
            "files[0].sha256: expected a string, got an integer",
        ),
        (
            '"2d27e3784d7a565d36ab851fe94887c5eccd6a463168875832a1be79c82828b4"',
            '"a\\n--index-url http://index.example"',
            ("files[0].sha256: expected 64 hexadecimal digits, "
            "got 'a\\n--index-url http://index.example'"),
        ),
    ],
)  # fmt: skip
def test_check_refuses_a_value_of_another_type_with_its_place(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    message: str,
) -> None:
    lock = (ROOT / lockfile.FILENAME).read_text(encoding="utf-8")
    assert old in lock
    (tmp_path / "packages.yaml").write_bytes((ROOT / "packages.yaml").read_bytes())
    (tmp_path / lockfile.FILENAME).write_text(lock.replace(old, new, 1), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert main(["check"]) == LockError.exit_code

    assert f"packages.lock: {message}\n" in capsys.readouterr().err
