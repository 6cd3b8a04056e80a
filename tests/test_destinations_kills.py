"""One point of the kill test; ``nox -s kills`` has all of them."""

import os
from pathlib import Path

import pytest

from .kills import count_operations, kill_imports


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_import_leaves_every_client_able_to_install(tmp_path: Path) -> None:
    operations = count_operations(tmp_path)
    # Among the pages, which a client could notice; the session has all other points too.
    outcome = kill_imports(tmp_path, [operations - 5], clients=1)

    assert outcome.failures == ()
    assert outcome.kills == 1
    assert outcome.installs >= 1
