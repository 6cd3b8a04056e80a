"""A small internet for toolchains: an index with lanes, and a server of what they download."""

import contextlib
import dataclasses
import functools
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings
from matrix.index.transport import Transport
from matrix.manifest.reading import read
from matrix.plan.job_classes import assign_job_classes
from matrix.toolchain import assembly, needs
from matrix.toolchain.document import Toolchain
from matrix.toolchain.needs import Need

from .builds import QUIET
from .index_server import IndexServer
from .servers import run_server
from .wheels import make_wheel

MANIFEST: Final = """\
bundle: small
targets:
  prod: {platform: manylinux_2_28_x86_64, python: [3.12.4]}
  desktop: {platform: win_amd64, python: [3.12.4, pypy-8.0.0-3.11.13]}
  laptop: {platform: macosx_12_0_arm64, python: [3.12.4, pypy-8.0.0-3.11.13]}
runners:
  - {match: "*", github: ubuntu-24.04}
packages: [six]
"""
PYPY_WINDOWS: Final = "pypy3.11-v8.0.0-win64"
PYPY_MACOS: Final = "pypy3.11-v8.0.0-macos_arm64"
PKG: Final = "python-3.12.10-macos11.pkg"
NUPKG: Final = "python.3.12.10.nupkg"
PIECES: Final = (
    ("build", "1.6.1", ("virtualenv>=20; extra == 'virtualenv'",)),
    ("delocate", "0.13.0", ()),
    ("delvewheel", "1.13.2", ()),
    ("pip", "26.2", ()),
    ("pip", "27.0", ()),
    ("setuptools", "84.0", ()),
    ("wheel", "0.48.0", ()),
)
_VIRTUALENV: Final = (
    "import sys\ndef run_with_catch(arguments):\n    print('called with', *arguments)\n"
)


@dataclasses.dataclass(kw_only=True)
class FileServer:
    """A web server of a directory, with the paths that were requested."""

    directory: Path
    address: str = ""
    requests: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    @contextlib.contextmanager
    def running(cls, directory: Path, *, port: int = 0) -> Iterator["FileServer"]:
        directory.mkdir(parents=True, exist_ok=True)
        server = cls(directory=directory)

        class Handler(SimpleHTTPRequestHandler):
            def log_request(self, *_: object) -> None:
                server.requests.append(self.path)

            def log_message(self, *_: object) -> None:
                """Say nothing: pytest's output is for failures."""

        handler = functools.partial(Handler, directory=str(directory))
        http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        server.address = f"http://127.0.0.1:{http.server_address[1]}"
        with run_server(http):
            yield server


@dataclasses.dataclass(frozen=True, kw_only=True)
class Internet:
    """An index and a file server that belong together."""

    index: IndexServer
    files: FileServer
    scratch: Path

    def make(self, root: Path, *, manifest: str = MANIFEST) -> Toolchain:
        """The toolchain of ``manifest`` in ``root``, assembled from what can be reached now."""
        settings = Settings(url=self.index.url, ca_bundle="")
        transport = Transport(settings, sleep=lambda _: None)
        with contextlib.closing(Index(transport, Cache(self.scratch / "cache"))) as index:
            sources = assembly.Sources(
                index=index,
                transport=transport,
                store=self.scratch / "downloads",
                reporter=QUIET,
            )
            return assembly.assemble(find_needs(manifest), ("image:1",), root=root, sources=sources)


def find_needs(manifest: str = MANIFEST) -> tuple[Need, ...]:
    """Return what the builds of ``manifest`` need."""
    loaded = read(manifest)
    return needs.find_needs(loaded.all_targets, set(assign_job_classes(loaded).values()))


def furnish(
    index: IndexServer, files: FileServer, scratch: Path, *, link: str = "pypy3.11"
) -> Internet:
    """Publish the lanes, their tools, and what they download; PyPy for macOS has a ``link``."""
    contents = {
        NUPKG: zip_files({"tools/python.exe": "3.12", "tools/a%20b.txt": "", "python.nuspec": ""}),
        PKG: b"an installer",
        f"{PYPY_WINDOWS}.zip": zip_files({f"{PYPY_WINDOWS}/python.exe": "pypy"}),
        f"{PYPY_MACOS}.tar.gz": tar_interpreter(PYPY_MACOS, link=link),
    }
    for name, content in contents.items():
        (files.directory / name).write_bytes(content)
    flat = files.directory / "v3-flatcontainer" / "python" / "3.12.10"
    flat.mkdir(parents=True)
    (files.directory / NUPKG).rename(flat / NUPKG)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    wheels = scratch / "wheels"
    feed = f'"-FallbackSource",\n        "{files.address}/v3/index.json",\n'
    for lane, source in (("4.3.3", ""), ("3.4.1", feed)):
        members = lane_members(lane, files.address, digests, source)
        index.add(make_wheel(wheels, "cibuildwheel", lane, members=members))
    for project, version, requires in PIECES:
        extras = ("virtualenv",) if requires else ()
        index.add(make_wheel(wheels, project, version, requires=requires, extras=extras))
    own = {"virtualenv/__init__.py": "", "virtualenv/__main__.py": _VIRTUALENV}
    index.add(make_wheel(wheels, "virtualenv", "21.0.0", members=own))
    return Internet(index=index, files=files, scratch=scratch)


def lane_members(
    lane: str, address: str, digests: Mapping[str, str], source: str
) -> dict[str, str]:
    """Return the parts of a cibuildwheel's wheel that a toolchain reads."""

    def row(identifier: str, version: str, name: str) -> str:
        rest = f', url = "{address}/{name}", sha256 = "{digests[name]}"' if name else ""
        return f'{{ identifier = "{identifier}", version = "{version}"{rest} }},'

    return {
        "cibuildwheel/__init__.py": f'__version__ = "{lane}"\n',
        "cibuildwheel/platforms/windows.py": source,
        "cibuildwheel/resources/constraints.txt": "pip==26.2\n    # via x\nvirtualenv==21.0.0\n",
        "cibuildwheel/resources/virtualenv.toml": (
            f'default = {{ version = "21.0.0", url = "{address}/virtualenv.pyz" }}\n'
        ),
        "cibuildwheel/resources/build-platforms.toml": "\n".join(
            [
                "[windows]\npython_configurations = [",
                row("cp312-win_amd64", "3.12.10", ""),
                row("pp311-win_amd64", "3.11", f"{PYPY_WINDOWS}.zip"),
                "]\n[macos]\npython_configurations = [",
                row("cp312-macosx_arm64", "3.12", PKG),
                row("pp311-macosx_arm64", "3.11", f"{PYPY_MACOS}.tar.gz"),
                "]\n",
            ]
        ),
    }


def zip_files(members: Mapping[str, str]) -> bytes:
    """A zip file of text files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return stream.getvalue()


def tar_interpreter(top: str, *, link: str = "pypy3.11") -> bytes:
    """An interpreter as PyPy packs it: an executable below ``bin``, and a link beside it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        program = tarfile.TarInfo(f"{top}/bin/pypy3.11")
        program.mode, program.size = 0o755, 4
        archive.addfile(program, io.BytesIO(b"pypy"))
        alias = tarfile.TarInfo(f"{top}/bin/pypy3")
        alias.type, alias.linkname = tarfile.SYMTYPE, link
        archive.addfile(alias)
    return stream.getvalue()
