"""Download artifacts by the rules of ``actions/download-artifact`` 4 to 8, from a directory."""

import fnmatch
import json
import os
import shutil
import sys
from pathlib import Path


def find_artifacts(store: Path, run: str) -> dict[str, Path]:
    """The artifacts of a run, name to directory; the highest id has the name."""
    place_by_name = {}
    for path in sorted(store.glob("*/artifact.json"), key=lambda path: int(path.parent.name)):
        artifact = json.loads(path.read_text(encoding="utf-8"))
        if artifact["run"] == run:
            place_by_name[artifact["name"]] = path.parent / "files"
    return place_by_name


def main() -> None:
    inputs = json.loads(os.environ["INPUTS"])
    place = Path.cwd() / inputs["path"]
    store = Path(os.environ["E2E_ARTIFACTS"])
    outage = store / "outage-download"
    if outage.exists():
        outage.unlink()
        sys.exit("::error::Unable to download artifact(s): Failed to GetSignedArtifactURL: (503)")
    found = find_artifacts(store, os.environ["GITHUB_RUN_ID"])
    if name := inputs["name"]:
        if name not in found:
            message = f"Unable to download artifact(s): Artifact not found for name: {name}"
            sys.exit(f"::error::{message}")
        shutil.copytree(found[name], place, dirs_exist_ok=True)
        return
    names = [name for name in found if fnmatch.fnmatchcase(name, inputs["pattern"] or "*")]
    # One match alone makes no directory of its own: whoever counts on directories is surprised by
    # the first run with one job.
    is_flat = inputs["merge-multiple"] == "true" or len(names) == 1
    for name in names:
        shutil.copytree(found[name], place if is_flat else place / name, dirs_exist_ok=True)
    sys.stdout.write(f"downloaded {len(names)} artifacts\n")


if __name__ == "__main__":
    main()
