"""What real pip would install, without installing it."""

import json
import subprocess
import sys
from pathlib import Path


def pip_chooses(pool: Path, wanted: list[str]) -> set[str] | None:
    """The filenames that real pip would install, or None if it refuses."""
    options = ["--isolated", "--disable-pip-version-check", "--no-cache-dir", "--quiet"]
    install = ["--dry-run", "--ignore-installed", "--report", "-", "--only-binary", ":all:"]
    index = ["--index-url", (pool / "simple").as_uri()]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *options, "install", *install, *index, *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        assert "No matching distribution" in done.stderr or "ResolutionImpossible" in done.stderr
        return None
    found = json.loads(done.stdout)["install"]
    return {item["download_info"]["url"].rpartition("/")[2] for item in found}
