"""
Upload an artifact by the rules of ``actions/upload-artifact`` 4 to 7; the store is a directory.

Each artifact is a directory ``ID`` with ``artifact.json`` and ``files``. Ids grow; a name is taken
once in an attempt, and a later attempt's hides an earlier one's.
"""

import datetime
import fnmatch
import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

ILLEGAL: Final = frozenset('":<>|*?\r\n\\/')


def fail(message: str) -> None:
    sys.stdout.write(f"::error::{message}\n")
    sys.exit(1)


def find_files(workspace: Path, asked: str, *, hidden: bool) -> tuple[Path, list[Path]]:
    """The files that ``path`` asks for, and the directory that becomes the artifact's top."""
    lines = [line.strip() for line in asked.splitlines() if line.strip()]
    tops = []
    files: set[Path] = set()
    for line in lines:
        if line.startswith("!"):
            left_out = os.path.normpath(workspace / line[1:])
            files = {file for file in files if not fnmatch.fnmatchcase(str(file), left_out)}
            continue
        path = Path(os.path.normpath(workspace / line))
        fixed = itertools.takewhile(lambda part: not set("*?[") & set(part), path.parts)
        tops.append(Path(*fixed))
        files |= set(walk(path))
    if not hidden:
        files = {file for file in files if not is_hidden(file.relative_to(workspace))}
    # One path is its own top, several share the deepest directory above all of them.
    top = Path(os.path.commonpath(tops)) if tops else workspace
    if len(files) == 1 and len(lines) == 1 and next(iter(files)) == top:
        top = top.parent
    return top, sorted(files)


def walk(path: Path) -> Iterable[Path]:
    found = path.parent.glob(path.name) if set("*?[") & set(path.name) else [path]
    for each in found:
        yield from (file for file in each.rglob("*") if file.is_file()) if each.is_dir() else ()
        if each.is_file():
            yield each


def is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def make_place(store: Path) -> Path:
    """A directory of an id that is nobody's yet; jobs run at the same time."""
    number = max((int(path.name) for path in store.iterdir() if path.name.isdigit()), default=0)
    while True:
        number += 1
        try:
            (store / str(number)).mkdir()
        except FileExistsError:
            continue
        return store / str(number)


def check_name(store: Path, name: str, inputs: Mapping[str, str], run: Mapping[str, str]) -> None:
    """End unless the name is legal, and free in this attempt or to be overwritten."""
    if not name or ILLEGAL & set(name):
        fail(f"The artifact name is not valid: {name!r}")
    outage = store / f"outage-{name}"
    if outage.exists():
        outage.unlink()
        fail("Failed to FinalizeArtifact: Received non-retryable error: Failed request: (403)")
    for path in store.glob("*/artifact.json"):
        artifact = json.loads(path.read_text(encoding="utf-8"))
        if artifact["name"] == name and run.items() <= artifact.items():
            if inputs["overwrite"] != "true":
                what = "an artifact with this name already exists on the workflow run"
                fail(f"(409) Conflict: {what}")
            shutil.rmtree(path.parent)


def main() -> None:
    inputs = json.loads(os.environ["INPUTS"])
    store, workspace = Path(os.environ["E2E_ARTIFACTS"]), Path.cwd()
    run = {"run": os.environ["GITHUB_RUN_ID"], "attempt": os.environ["GITHUB_RUN_ATTEMPT"]}
    check_name(store, inputs["name"], inputs, run)
    hidden = inputs["include-hidden-files"] == "true"
    top, files = find_files(workspace, inputs["path"], hidden=hidden)
    if not files:
        message = f"No files were found with the provided path: {inputs['path']!r}"
        if inputs["if-no-files-found"] == "error":
            fail(message)
        if inputs["if-no-files-found"] == "warn":
            sys.stdout.write(f"::warning::{message}. No artifacts will be uploaded.\n")
        return
    place = make_place(store)
    for file in files:
        copy = place / "files" / file.relative_to(top)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)  # modes are lost on the way
    facts = {
        **run,
        "id": int(place.name),
        "name": inputs["name"],
        "created_at": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "retention_days": int(inputs["retention-days"] or 0),
    }
    # Last: an artifact whose upload was killed is none.
    (place / "artifact.json").write_text(json.dumps(facts), encoding="utf-8")
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.write(f"artifact-id={place.name}\n")
    sys.stdout.write(f"{inputs['name']}: {len(files)} files, artifact {place.name}\n")


if __name__ == "__main__":
    main()
