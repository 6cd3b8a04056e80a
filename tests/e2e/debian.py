"""This machine's distribution as a root directory: same release, same mirror, same apt settings."""

import dataclasses
import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from matrix.edge.programs import run
from matrix.errors import MatrixError, NotEquipped, Problem

# What apt must know to reach its mirror here: proxies, and leave to read an old snapshot's dates.
_CARRIED: Final = ("Acquire::Check", "Acquire::Retries", "Acquire::http::", "Acquire::https::")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Debian:
    """One release of Debian or a relative: its code name, and where apt finds it."""

    codename: str
    mirror: str
    components: str
    sources: str
    settings: str

    @classmethod
    def of_this_machine(cls) -> "Debian":
        codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
        rows = _output(
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(RELEASE) $(COMPONENT)",
            "Created-By: Packages",
        )
        ours = sorted({row for row in map(_words, rows.splitlines()) if _is_of(row, codename)})
        mirrors = [uri for uri, release, _ in ours if release == codename]
        if not codename or not mirrors:
            raise NotEquipped(
                Problem(
                    place="apt",
                    what=f"expected a mirror of {codename!r}, got {rows!r}",
                    hint="apt-get indextargets",
                )
            )
        return cls(
            codename=codename,
            mirror=mirrors[0],
            components=",".join(sorted({part for _, _, part in ours})),
            sources="".join(f"deb {uri} {release} {part}\n" for uri, release, part in ours),
            settings="".join(
                f"{line}\n"
                for line in _output("apt-config", "dump").splitlines()
                if line.startswith(_CARRIED)
            ),
        )

    def bootstrap(self, root: Path, *, environment: Mapping[str, str]) -> None:
        """Make ``root`` the smallest root directory that apt can add to."""
        program = shutil.which("debootstrap", path=f"{environment.get('PATH', '')}:/usr/sbin")
        if program is None or os.geteuid() != 0:
            got = "nothing of that name" if program is None else f"user {os.geteuid()}"
            raise NotEquipped(
                Problem(
                    place="debootstrap",
                    what=f"expected the program, run by root, got {got}",
                    hint="sudo apt-get install -y debootstrap",
                )
            )
        finished = run(
            [
                program,
                "--variant=minbase",
                "--include=ca-certificates",
                f"--components={self.components}",
                self.codename,
                str(root),
                self.mirror,
            ],
            environment=environment,
            timeout=600,
        )
        if not finished.succeeded:
            raise MatrixError(Problem(place="debootstrap", what=finished.output[-2000:]))
        (root / "etc/apt/sources.list").write_text(self.sources, encoding="utf-8")
        (root / "etc/apt/apt.conf.d/80machine").write_text(self.settings, encoding="utf-8")


def _words(row: str) -> tuple[str, str, str]:
    uri, release, component = row.split()
    return uri, release, component


def _is_of(row: tuple[str, str, str], codename: str) -> bool:
    _, release, _ = row
    return release == codename or release.startswith(f"{codename}-")


def _output(*command: str) -> str:
    return run(command, environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, timeout=60).output
