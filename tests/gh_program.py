"""
A small ``gh`` for tests: releases, comments and comparisons of one repository, in a directory.

It knows the calls that the generated workflow makes, and refuses every other one. What it answers
follows gh's manual: ``release view`` and ``release download`` find drafts too and fail without a
release; ``release create`` fails where there is one; ``release upload`` replaces a file only with
``--clobber``, and nothing of an immutable release.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

BASH: Final = shutil.which("bash") or ""
_PROGRAM: Final = """\
#!{python} -I
import fnmatch, json, os, pathlib, re, shutil, sys

root = pathlib.Path({root!r})
state = json.loads((root / "state.json").read_text("utf-8"))
words = sys.argv[1:]
with open(root / "calls", "a", encoding="utf-8") as calls:
    calls.write(json.dumps(words) + "\\n")


def fail(text):
    sys.exit(f"gh: {{text}}")


def save():
    (root / "state.json").write_text(json.dumps(state), "utf-8")


def option(name):
    return words[words.index(name) + 1] if name in words else ""


def release(verb, tag, *files):
    folder = root / "releases" / tag
    if verb == "create":
        if tag in state["releases"]:
            fail("a release with the same tag name already exists")
        if not option("--notes-file") or not pathlib.Path(option("--notes-file")).is_file():
            fail("no notes")
        state["releases"][tag] = {{"draft": "--draft" in words}}
        folder.mkdir(parents=True)
        return save()
    if tag not in state["releases"]:
        fail("release not found")
    facts = state["releases"][tag]
    if verb == "view":
        return print(json.dumps({{"isDraft": facts["draft"]}}))
    if verb == "edit":
        facts["draft"] = "--draft=false" not in words
        return save()
    if verb == "download":
        pattern = option("--pattern")
        matching = [path for path in folder.iterdir() if fnmatch.fnmatch(path.name, pattern)]
        if not matching:
            fail("no assets match the file pattern")
        into = pathlib.Path(option("--dir"))
        into.mkdir(parents=True, exist_ok=True)
        for path in matching:
            shutil.copy(path, into)
        return None
    if verb == "upload":
        if facts.get("immutable"):
            fail("Cannot upload assets to an immutable release.")
        for name in files:
            if state.get("fails_at") == os.path.basename(name):
                state.pop("fails_at")
                save()
                fail("HTTP 502")
            if (folder / os.path.basename(name)).exists() and "--clobber" not in words:
                fail("asset under the same name already exists")
            shutil.copy(name, folder)
        return None
    fail(f"unknown verb {{verb}}")


def api(path, method):
    if match := re.fullmatch(r"repos/acme/wheels/compare/(.+)\\.\\.\\.(.+)", path):
        return print(state["compare"].get(f"{{match[1]}}...{{match[2]}}", "diverged"))
    body = option("--field").removeprefix("body=@")
    if re.fullmatch(r"repos/acme/wheels/issues/7/comments", path):
        if not body:
            marker = os.environ["MARKER"]
            found = [c for c in state["comments"] if c["bot"] and c["body"].startswith(marker)]
            return print("".join(f"{{c['id']}}\\n" for c in found), end="")
        number = 100 + len(state["comments"])
        text = pathlib.Path(body).read_text("utf-8")
        state["comments"].append({{"id": number, "bot": True, "body": text}})
        return save()
    if match := re.fullmatch(r"repos/acme/wheels/issues/comments/(\\d+)", path):
        (comment,) = [c for c in state["comments"] if c["id"] == int(match[1])]
        assert method == "PATCH"
        comment["body"] = pathlib.Path(body).read_text("utf-8")
        return save()
    fail(f"HTTP 404 {{path}}")


if not os.environ.get("GH_TOKEN"):
    fail("to use GitHub CLI, set the GH_TOKEN environment variable")
if words[0] == "release":
    plain = [w for i, w in enumerate(words[2:], 2) if not w.startswith("-") and words[i - 1] not in
             ("--title", "--notes-file", "--pattern", "--dir", "--json")]
    release(words[1], *plain)
elif words[0] == "api":
    paths = [w for w in words[1:] if w.startswith("repos/")]
    api(paths[0], option("--method"))
else:
    fail(f"unknown command {{words}}")
"""


class GhProgram:
    """A repository ``acme/wheels`` and the program that writes to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.change(releases={}, comments=[], compare={})
        self.bin = root / "bin"
        self.bin.mkdir()
        program = self.bin / "gh"
        program.write_text(_PROGRAM.format(python=sys.executable, root=str(root)), encoding="utf-8")
        program.chmod(0o755)

    @property
    def state(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads((self.root / "state.json").read_text(encoding="utf-8"))

    def change(self, **changes: object) -> None:
        """Replace parts of what the repository holds."""
        path = self.root / "state.json"
        before = self.state if path.exists() else {}
        path.write_text(json.dumps({**before, **changes}), encoding="utf-8")

    @property
    def calls(self) -> list[list[str]]:
        path = self.root / "calls"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def files_of(self, tag: str) -> dict[str, bytes]:
        """The files of a release, by name."""
        return {path.name: path.read_bytes() for path in (self.root / "releases" / tag).iterdir()}


def run_steps(
    job: Mapping[str, Any],
    *,
    gh: GhProgram,
    directory: Path,
    variables: Mapping[str, str],
    skipped: tuple[str, ...] = (),
) -> str:
    """
    Run the lines of a job's steps as GitHub's bash does, until one fails.

    Expressions of ``env`` are replaced by what ``variables`` has under the variable's name.
    Returns the name of the step that failed, with its output, or nothing.
    """
    for step in job["steps"]:
        if "run" not in step or step["name"] in skipped:
            continue
        env = {
            name: variables[name] if "${{" in value else value
            for name, value in step.get("env", {}).items()
        }
        done = subprocess.run(
            [BASH, "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=directory / step.get("working-directory", "."),
            env={"PATH": f"{gh.bin}:/usr/bin:/bin", "GITHUB_SHA": variables["SHA"], **env},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return f"{step['name']}: {done.stdout}{done.stderr}"
    return ""
