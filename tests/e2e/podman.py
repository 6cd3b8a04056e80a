"""
Podman, as the end-to-end tests use it.

Small machines and nested ones need other settings than podman's own. They stand in a file of the
tests', named by ``CONTAINERS_CONF``, so that nothing under ``/etc`` is touched and whatever the
tests start (cibuildwheel, gitlab-ci-local) gets the same settings through its environment.
"""

import dataclasses
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.edge import files
from matrix.edge.programs import Finished, run
from matrix.errors import NotEquipped, Problem

# Where both versions of cgroups are mounted, crun refuses to start and runc does not. Such machines
# often lack CAP_SYS_RESOURCE too: there podman's default limits are above what may be set, and no
# bridge can be made.
HYBRID: Final = """\
[containers]
default_ulimits = ["nofile=10000:20000", "nproc=4000:8000"]
netns = "host"

[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Podman:
    """A podman that works here: the program, and the environment to start it in."""

    program: Path
    environment: Mapping[str, str]

    @classmethod
    def found(cls, environment: Mapping[str, str], *, directory: Path) -> "Podman":
        """Find podman on ``PATH``; settings, where it needs any, are written into ``directory``."""
        program = shutil.which("podman", path=environment.get("PATH"))
        if program is None:
            raise NotEquipped(
                Problem(
                    place="podman",
                    what="expected the program on PATH, got nothing of that name",
                    hint="apt-get install -y podman runc debootstrap",
                )
            )
        if not (os.geteuid() == 0 and has_hybrid_cgroups()):
            return cls(program=Path(program), environment=dict(environment))
        settings = directory / "containers.conf"
        files.write(settings, HYBRID)
        return cls(
            program=Path(program),
            environment={**environment, "CONTAINERS_CONF": str(settings)},
        )

    def __call__(self, *arguments: str, timeout: float = 60) -> Finished:
        """Run ``podman ARGUMENTS``, whatever its status."""
        command = (str(self.program), *arguments)
        return run(command, environment=self.environment, timeout=timeout)

    def run(
        self,
        image: str,
        command: Sequence[str],
        *,
        network: str = "none",
        volumes: Sequence[str] = (),
        variables: Sequence[str] = (),
        timeout: float,
    ) -> Finished:
        """Run ``command`` in a passing container; volumes and variables in podman's spelling."""
        return self(
            "run",
            "--rm",
            # Podman stops the container itself: stopping its client alone leaves that running.
            f"--timeout={timeout:.0f}",
            f"--network={network}",
            *(f"--volume={volume}" for volume in volumes),
            *(f"--env={variable}" for variable in variables),
            image,
            *command,
            timeout=timeout + 30,
        )

    def label(self, image: str, name: str) -> str:
        """The label ``name`` of a local ``image``; empty when either is absent."""
        finished = self("image", "inspect", "--format", f'{{{{index .Labels "{name}"}}}}', image)
        return finished.output.strip() if finished.succeeded else ""


def has_hybrid_cgroups(mount: Path = Path("/sys/fs/cgroup")) -> bool:
    """Whether both versions of cgroups are mounted, the second one below the first."""
    return (mount / "unified").is_dir() and not (mount / "cgroup.controllers").exists()
