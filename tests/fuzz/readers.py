"""The readers: from bytes to a value, the errors that each documents, and valid inputs."""

import base64
import contextlib
import dataclasses
import gzip
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from matrix.builds.causes import Cause
from matrix.builds.failure import Failure, note_path, read_note, write_note
from matrix.destinations import ledger_text
from matrix.distributions import core_metadata, requirement, sdist, source_build, wheel
from matrix.distributions.core_metadata import InvalidMetadata
from matrix.distributions.sdist import InvalidSdist
from matrix.distributions.wheel import InvalidWheel
from matrix.documents import rows
from matrix.errors import MatrixError
from matrix.index import page, ranged
from matrix.index.listing import InvalidPage
from matrix.index.ranged import NoMetadata
from matrix.manifest import reading
from matrix.plan import planfile
from matrix.plan.planning import create_plan
from matrix.policy import advisories
from matrix.record import ed25519, envelope, parts, proof, schema, sshsig, trust_file
from matrix.record.canonical import InvalidRecord
from matrix.record.envelope import Signature
from matrix.record.parts import Part, Parts
from matrix.record.sshsig import SshKey
from matrix.record.trust_file import Trust, TrustedKey
from matrix.resolve import lockfile
from matrix.store import entries, released_parts, released_records
from matrix.toolchain import directory, document
from matrix.toolchain.document import Content, Download, Form, Missing, Service, Toolchain
from matrix.toolchain.tool_requirements import InvalidToolRequirements, parse_requirements
from tests import bundles, locks, manifests, stored, wheels

P312: Final = "cp312-manylinux_2_28_x86_64"
PROJECT: Final = canonicalize_name("six")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One door for text or files from outside."""

    name: str
    read: Callable[[bytes], object]
    errors: tuple[type[Exception], ...]
    seeds: Callable[[], Sequence[bytes]]


def _text(data: bytes) -> str:
    # Readers of text get any text that a file can hold.
    return data.decode("utf-8", errors="surrogateescape")


@contextlib.contextmanager
def _file(name: str, data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=_memory()) as directory:
        path = Path(directory) / name
        path.write_bytes(data)
        yield path


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a disk would be slower


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def _read_wheel(data: bytes) -> object:
    with _file("app-1.0-py3-none-any.whl", data) as path:
        return wheel.read(path)


def _read_sdist(data: bytes) -> object:
    suffix = "zip" if data.startswith(b"PK") else "tar.gz"
    with _file(f"native-2.0.{suffix}", data) as path:
        return sdist.parse_metadata(sdist.read_excerpt(path))


def _unpack_sdist(data: bytes) -> object:
    # A tar without compression is damaged in more telling ways than its compressed bytes.
    with _file("native-2.0.tar.gz", gzip.compress(data, 1)) as path:
        return sdist.unpack(path, path.parent / "into")


def _read_source_texts(data: bytes) -> object:
    text = _text(data)
    excerpt = sdist.Excerpt(
        filename="native-2.0.tar.gz",
        pkg_info="Metadata-Version: 2.1\nName: native\nVersion: 2.0\n",
        requires_txt=text,
        setup_py=text,
        setup_cfg=text,
        pyproject=None,
        compiles=False,
    )
    source_build.is_pure(excerpt)
    return source_build.read_build_requires(excerpt)


def _read_pyproject(data: bytes) -> object:
    excerpt = sdist.Excerpt(
        filename="native-2.0.tar.gz",
        pkg_info=None,
        requires_txt=None,
        setup_py=None,
        setup_cfg=None,
        pyproject=_text(data),
        compiles=False,
    )
    source_build.is_pure(excerpt)
    return source_build.read_build_requires(excerpt)


def _read_ranged(data: bytes) -> object:
    def fetch(header: str) -> tuple[int, int, bytes]:
        first, _, last = header.removeprefix("bytes=").partition("-")
        start = len(data) - int(last) if not first else int(first)
        end = len(data) if not first or not last else int(last) + 1
        start = max(start, 0)
        return start, len(data), data[start:end]

    return ranged.metadata(fetch)


def _read_json_page(data: bytes) -> object:
    return _list_files(data, "application/vnd.pypi.simple.v1+json")


def _read_html_page(data: bytes) -> object:
    return _list_files(data, "text/html")


def _list_files(data: bytes, content_type: str) -> object:
    url = "https://index.example/simple/six/"
    parsed = page.parse(data, content_type=content_type, project=PROJECT, url=url)
    return [list(parsed.releases[version]) for version in parsed.releases]


def _read_advisories(data: bytes) -> object:
    with _file("osv.zip", data) as path:
        return advisories.read(path)


def _read_advisory(data: bytes) -> object:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("X-1.json", data)
    return _read_advisories(packed.getvalue())


def _bundle_files(pattern: str) -> Callable[[], Sequence[bytes]]:
    def seeds() -> Sequence[bytes]:
        with _scratch() as directory:
            bundle = bundles.sound(directory)
            return [path.read_bytes() for path in sorted(bundle.glob(pattern))]

    return seeds


def _wheel_seeds() -> Sequence[bytes]:
    with _scratch() as directory:
        made = [
            wheels.make_wheel(directory / "a", "app", "1.0", requires=["dep>=1; os_name == 'nt'"]),
            wheels.make_wheel(directory / "b", "app", "1.0", extras=["x"]),
        ]
        return [path.read_bytes() for path in made]


def _sdist_seeds() -> Sequence[bytes]:
    members = {"setup.py": "from setuptools import setup\nsetup(setup_requires=['a'])\n"}
    with _scratch() as directory:
        made = [
            wheels.make_sdist(directory, "native", "2.0", members=members, suffix=suffix)
            for suffix in (".tar.gz", ".zip", ".tar.bz2")
        ]
        return [path.read_bytes() for path in made]


def _tar_seeds() -> Sequence[bytes]:
    with _scratch() as directory:
        return [gzip.decompress(wheels.make_sdist(directory, "native", "2.0").read_bytes())]


def _ledger_seeds() -> Sequence[bytes]:
    line = (
        '{"name": "acme", "record_sha256": "'
        + "0" * 64
        + '", "sequence": 1, "version": "2026.1"}\n'
    )
    return [line.encode()]


def _lock_seeds() -> Sequence[bytes]:
    locked = locks.lock(locks.wheel("six", targets=(P312,)), locks.sdist("native", targets=(P312,)))
    return [lockfile.dump(locked).encode()]


def _plan_seeds() -> Sequence[bytes]:
    locked = locks.lock(locks.wheel("six", targets=(P312,)), locks.sdist("native", targets=(P312,)))
    return [planfile.dump(create_plan(manifests.manifest("six", "native"), locked)).encode()]


def _store_seeds() -> Sequence[bytes]:
    with _scratch() as directory:
        (path,) = stored.make_wheels(directory, "six")
        return [entries.dump(stored.index(stored.entry(path))).encode()]


def _toolchain_seeds() -> Sequence[bytes]:
    service = Service(lane="4.3.3", target="cp312-win_amd64")
    content = Content(path="cache/a.pkg", sha256="0" * 64, size=9, source="a.pkg")
    download = Download(
        name="b.nupkg",
        address="https://index.example/b",
        sha256="",
        into="cache",
        form=Form.NUGET,
        services=(service,),
    )
    missing = Missing(name="b", reason="status 404", services=(service,), download=download)
    value = Toolchain(services=(service,), contents=(content,), missing=(missing,), images=("i",))
    return [rows.dump(value, schema=document.SCHEMA).encode()]


def _tool_seeds() -> Sequence[bytes]:
    path = Path(__file__).parent.parent.parent / "tool-requirements.txt"
    return [path.read_bytes()]


def _note_seeds() -> Sequence[bytes]:
    failure = Failure(cause=Cause.COMPILER, what="missing header", things=("a.h",), lines=("x",))
    with _scratch() as directory:
        write_note(directory / "log", failure)
        return [note_path(directory / "log").read_bytes()]


def _read_tool(data: bytes) -> object:
    # The digest is made again: an author of an edited file can do so.
    text = _text(data)
    head = [line for line in text.splitlines() if line.startswith("#")]
    body = "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("#"))
    digest = hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
    head = [f"# content: {digest}" if line.startswith("# content: ") else line for line in head]
    return parse_requirements("".join(f"{line}\n" for line in head) + body)


def _read_note(data: bytes) -> object:
    with _file("log.json", data) as path:
        return read_note(path)


TRUST: Final = Trust(
    version=1,
    threshold=1,
    keys=(
        TrustedKey(
            name="ci",
            form="ed25519",
            public=base64.b64encode(ed25519.derive_key(b"s" * 32)).decode(),
            application="",
        ),
    ),
)


def _signature_seeds() -> Sequence[bytes]:
    made = envelope.make("bundle.json", "0" * 64)
    sig = ed25519.sign(made.signed_bytes, seed=b"s" * 32)
    signature = Signature(keyid=TRUST.keys[0].keyid, sig=base64.b64encode(sig).decode())
    return [envelope.dump(made).encode(), envelope.dump(made.add(signature)).encode()]


def _sshsig_seeds() -> Sequence[bytes]:
    fields = (b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(32), b"wheelyard", b"", b"sha512", b"")
    packed = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return [b"SSHSIG\0\0\0\1" + packed]


def _parts_seeds() -> Sequence[bytes]:
    part = Part(filename="acme-2026.1.tar.part001", size=9, sha256="0" * 64)
    notes = Part(filename="NOTES.md", size=9, sha256="0" * 64)
    return [
        parts.dump(
            Parts(
                label="acme-2026.1",
                record_sha256="0" * 64,
                parts=(part,),
                files=(notes,),
                members=(),
            )
        ).encode()
    ]


METADATA: Final = (
    b"Metadata-Version: 2.1\nName: six\nVersion: 1.0\nRequires-Python: >=2.7, !=3.0.*\n"
    b"Requires-Dist: a (>=1.0) ; (python_version < \"3\") and extra == 'x'\n"
    b"Requires-Dist: b[c,d]>=1,<2\nProvides-Extra: x\nLicense-Expression: MIT\n\nbody\n"
)
JSON_PAGE: Final = json.dumps(
    {
        "meta": {"api-version": "1.1"},
        "name": "six",
        "files": [
            {
                "filename": "six-1.0-py2.py3-none-any.whl",
                "url": "../../six-1.0-py2.py3-none-any.whl",
                "hashes": {"sha256": "0" * 64},
                "requires-python": ">=2.7",
                "size": 9,
                "upload-time": "2026-01-01T00:00:00.000000Z",
                "yanked": False,
                "core-metadata": {"sha256": "1" * 64},
            },
            {"filename": "six-1.0.tar.gz", "url": "six-1.0.tar.gz", "hashes": {"sha256": "2" * 64}},
        ],
    }
).encode()
HTML_PAGE: Final = (
    b"<!DOCTYPE html><html><head><base href='https://index.example/'></head><body>"
    b"<a href='six-1.0-py3-none-any.whl#sha256=" + b"0" * 64 + b"' data-requires-python='&gt;=3'"
    b" data-core-metadata='sha256=" + b"1" * 64 + b"' data-yanked=''>six-1.0-py3-none-any.whl</a>"
    b"</body></html>"
)
ADVISORY: Final = json.dumps(
    {
        "id": "X-1",
        "aliases": ["CVE-2026-1"],
        "summary": "reads too far",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "six"},
                "versions": ["1.0"],
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}
                ],
            }
        ],
    }
).encode()
SOURCES: Final = (
    b"from setuptools import setup\nsetup(name='native', setup_requires=['cython>=3', 'numpy'])\n",
    b"[options]\nsetup_requires =\n  cython\n",
    b"a>=1\n\n[extra:python_version<'3']\nb\n",
)
PYPROJECT: Final = b"""\
[build-system]
requires = ["hatchling", "x>=1"]
build-backend = "hatchling.build"

[tool.hatch.build.hooks.custom]
"""
REQUIREMENTS: Final = (b"six[a,b] >=1.0,!=1.5 ; python_version < '3'", b"a (>=1)", b"b~=2.0")


MATRIX: Final = (MatrixError,)
READERS: Final = (
    Reader(
        name="record",
        read=lambda data: schema.parse(_text(data)),
        errors=(InvalidRecord,),
        seeds=_bundle_files("bundle.json"),
    ),
    Reader(
        name="proof",
        read=lambda data: proof.parse(_text(data)),
        errors=(InvalidRecord,),
        seeds=_bundle_files("proof/*.json"),
    ),
    Reader(
        name="parts",
        read=lambda data: parts.parse(_text(data)),
        errors=(InvalidRecord,),
        seeds=_parts_seeds,
    ),
    Reader(
        name="store-index",
        read=lambda data: entries.parse(data, source="store.json"),
        errors=MATRIX,
        seeds=_store_seeds,
    ),
    Reader(
        name="released-record",
        read=lambda data: released_records.parse_record(data, place="release bundle-1"),
        errors=MATRIX,
        seeds=_bundle_files("bundle.json"),
    ),
    Reader(
        name="released-parts",
        read=released_parts.find_older_schema,
        errors=(),
        seeds=_parts_seeds,
    ),
    Reader(
        name="signature",
        read=lambda data: trust_file.find_signers(TRUST, envelope.parse(_text(data))),
        errors=(InvalidRecord,),
        seeds=_signature_seeds,
    ),
    Reader(
        name="trust",
        read=lambda data: trust_file.parse(_text(data)),
        errors=(InvalidRecord,),
        seeds=lambda: [trust_file.dump(TRUST).encode()],
    ),
    Reader(
        name="sshsig",
        read=lambda data: sshsig.is_signed(b"message", data, key=SshKey(raw=bytes(32))),
        errors=(),
        seeds=_sshsig_seeds,
    ),
    Reader(name="ledger", read=ledger_text.parse, errors=MATRIX, seeds=_ledger_seeds),
    Reader(
        name="lock",
        read=lambda data: lockfile.parse(data, source="packages.lock"),
        errors=MATRIX,
        seeds=_lock_seeds,
    ),
    Reader(
        name="plan",
        read=lambda data: planfile.parse(_text(data), source="plan.json"),
        errors=MATRIX,
        seeds=_plan_seeds,
    ),
    Reader(
        name="toolchain",
        read=lambda data: directory.parse_record(_text(data), source="toolchain.json"),
        errors=MATRIX,
        seeds=_toolchain_seeds,
    ),
    Reader(
        name="tool",
        read=_read_tool,
        errors=(InvalidToolRequirements,),
        seeds=_tool_seeds,
    ),
    Reader(name="failure", read=_read_note, errors=MATRIX, seeds=_note_seeds),
    Reader(
        name="manifest",
        read=lambda data: reading.read(_text(data)),
        errors=MATRIX,
        seeds=lambda: [manifests.text("six", "{requirement: numpy, versions: 3}").encode()],
    ),
    Reader(
        name="json-page", read=_read_json_page, errors=(InvalidPage,), seeds=lambda: [JSON_PAGE]
    ),
    Reader(
        name="html-page", read=_read_html_page, errors=(InvalidPage,), seeds=lambda: [HTML_PAGE]
    ),
    Reader(
        name="metadata",
        read=core_metadata.parse,
        errors=(InvalidMetadata,),
        seeds=lambda: [METADATA],
    ),
    Reader(
        name="requirement",
        read=lambda data: requirement.parse(_text(data)),
        errors=(ValueError,),
        seeds=lambda: REQUIREMENTS,
    ),
    Reader(name="wheel", read=_read_wheel, errors=(InvalidWheel,), seeds=_wheel_seeds),
    Reader(name="ranged", read=_read_ranged, errors=(NoMetadata,), seeds=_wheel_seeds),
    Reader(
        name="sdist",
        read=_read_sdist,
        errors=(InvalidSdist, InvalidMetadata),
        seeds=_sdist_seeds,
    ),
    Reader(name="sdist-archive", read=_unpack_sdist, errors=(InvalidSdist,), seeds=_tar_seeds),
    Reader(
        name="sdist-texts",
        read=_read_source_texts,
        errors=(InvalidSdist,),
        seeds=lambda: SOURCES,
    ),
    Reader(
        name="pyproject", read=_read_pyproject, errors=(InvalidSdist,), seeds=lambda: [PYPROJECT]
    ),
    Reader(name="advisory", read=_read_advisory, errors=MATRIX, seeds=lambda: [ADVISORY]),
)


def find_reader(name: str) -> Reader:
    """The reader of that name."""
    return next(reader for reader in READERS if reader.name == name)
