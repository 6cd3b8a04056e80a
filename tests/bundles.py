"""Small bundles for tests of the far side, sealed by a writer of their own."""

import dataclasses
import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from matrix.distributions import wheel
from matrix.errors import MatrixError, NotVerified
from matrix.record import checksums, environment, pages, proof, schema
from matrix.record.schema import (
    Missing,
    Record,
    RecordedFile,
    RecordedRequirement,
    RecordedTarget,
    RecordedWheel,
)
from matrix.targets.target import Target
from matrix.verify import view
from matrix.verify.proofs import prove_target
from matrix.verify.verify import verify

from .wheels import make_wheel

LINUX = Target.parse("3.12.4", "manylinux_2_28_x86_64")
LEGACY = Target.parse("2.7.18", "manylinux_2_17_x86_64")


def recorded_target(target: Target) -> RecordedTarget:
    return RecordedTarget(
        id=target.id,
        python_full_version=str(target.python),
        platform=str(target.platform),
        marker_environment=target.marker_environment(),
        tags=tuple(str(tag) for tag in target.tags()),
    )


def recorded_wheel(path: Path, targets: Sequence[Target]) -> RecordedWheel:
    opened = wheel.read(path)
    suiting = [t.id for t in targets if not opened.tags.isdisjoint(t.tags())]
    return RecordedWheel(
        filename=opened.filename,
        sha256=opened.sha256,
        size=opened.size,
        project=opened.project,
        version=str(opened.version),
        requires_python=str(opened.metadata.requires_python),
        metadata_sha256=hashlib.sha256(opened.metadata_bytes).hexdigest(),
        targets=tuple(sorted(suiting)),
        origin="published",
        content_keys=(),
        test_keys=(),
        build_seconds=0,
        unlocked="",
        fetched=(),
    )


def requirement(
    root: str, *targets: Target, requirements: Sequence[str] = ()
) -> RecordedRequirement:
    ids = tuple(sorted(target.id for target in targets or (LINUX,)))
    return RecordedRequirement(
        root=root, requirements=tuple(requirements) or (root,), targets=ids, excluded=()
    )


def make_bundle(
    directory: Path,
    wheels: Sequence[Path],
    wishes: Sequence[RecordedRequirement],
    *,
    targets: Sequence[Target] = (LINUX,),
    missing: Sequence[Missing] = (),
    name: str = "acme",
    sequence: int = 1,
    spoil: Callable[[Record], Record] = lambda record: record,
) -> Path:
    """A sealed bundle in ``directory``; ``spoil`` changes the record before it is written."""
    recorded = sorted((recorded_wheel(p, targets) for p in wheels), key=lambda w: w.filename)
    record = Record(
        name=name,
        version=f"2026.{sequence}",
        sequence=sequence,
        created="2026-11-22T00:00:00Z",
        generator="tests",
        source=schema.NO_SOURCE,
        targets=tuple(recorded_target(target) for target in targets),
        wishes=tuple(wishes),
        wheels=tuple(recorded),
        missing=tuple(missing),
        files=(),
    )
    for path in wheels:
        write(directory, f"files/{path.name}", path.read_bytes())
        write(directory, f"files/{path.name}.metadata", wheel.read(path).metadata_bytes)
    write_pages(directory, record)
    write_proofs(directory, record)
    write(directory, "NOTES.md", b"# Notes\n")
    write(directory, "sbom/bundle.cdx.json", b"{ }\n")
    write(directory, "report/index.html", b"<!doctype html>\n")
    write(directory, "SHA256SUMS", checksums.render_checksums(record_files(directory, record)))
    return seal(directory, spoil(record))


def sound(directory: Path, **changes: object) -> Path:
    """A bundle in which nothing is wrong: app needs dep, on two targets."""
    wheels = [
        make_wheel(directory / "w", "app", "1.0", requires=["dep>=1"], requires_python=">=2.7"),
        make_wheel(directory / "w", "dep", "1.5"),
    ]
    options: dict[str, object] = {"targets": (LINUX, LEGACY), **changes}
    wishes = [requirement("app", LINUX, LEGACY)]
    return make_bundle(directory / "b", wheels, wishes, **options)  # type: ignore[arg-type]


def problems_of(bundle: Path, kind: type[MatrixError] = NotVerified) -> list[str]:
    with pytest.raises(kind) as caught:
        verify(bundle)
    return [str(problem) for problem in caught.value.problems]


def write(directory: Path, path: str, content: bytes | str) -> None:
    (directory / path).parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    (directory / path).write_bytes(data)


def write_pages(directory: Path, record: Record) -> None:
    _write_tree(directory, "simple", pages.render_pages(record.wheels, files_prefix="../../"))
    for target in record.targets:
        shown = [wheel for wheel in record.wheels if target.id in wheel.targets]
        texts = pages.render_pages(shown, files_prefix="../../../../")
        _write_tree(directory, f"targets/{target.id}/simple", texts)
        write(directory, f"targets/{target.id}/env.json", environment.dump(target))
        pins = checksums.render_requirements(shown)
        write(directory, f"targets/{target.id}/requirements.txt", pins)


def _write_tree(directory: Path, top: str, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        write(directory, f"{top}/{path}", text)


def write_proofs(directory: Path, record: Record) -> None:
    open_wheel = view.make_opener(directory / "files")
    union = view.read(directory / "simple", open_wheel=open_wheel)
    for target in record.targets:
        own = view.read(directory / "targets" / target.id / "simple", open_wheel=open_wheel)
        proofs = prove_target(record, target, {"target": own, "union": union})
        write(directory, f"proof/{target.id}.json", proof.dump(proofs.file))


def seal(directory: Path, record: Record) -> Path:
    """Write the record of what is in ``directory`` now, so that only other rules can be broken."""
    write(directory, schema.FILENAME, schema.dump(record_files(directory, record)))
    return directory


def record_files(directory: Path, record: Record) -> Record:
    """``record`` with the files that are in ``directory`` now."""
    wheels = {f"files/{wheel.filename}" for wheel in record.wheels}
    listed = [
        RecordedFile(
            path=path.relative_to(directory).as_posix(),
            size=path.stat().st_size,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.name != schema.FILENAME
    ]
    others = tuple(file for file in listed if file.path not in wheels)
    return dataclasses.replace(record, files=others)


def reseal(bundle: Path) -> Path:
    """Write SHA256SUMS and the record again after a change of files; wheels keep their entries."""
    text = (bundle / schema.FILENAME).read_text(encoding="utf-8")
    record = record_files(bundle, schema.parse(text))
    write(bundle, "SHA256SUMS", checksums.render_checksums(record))
    return seal(bundle, record)


def change_record(bundle: Path, change: Callable[[Record], Record]) -> None:
    """Change the record, and write everything that is computed from it again, but the proofs."""
    record = change(schema.parse((bundle / schema.FILENAME).read_text(encoding="utf-8")))
    for stale in (bundle / "simple", *bundle.glob("targets/*/simple")):
        shutil.rmtree(stale)
    write_pages(bundle, record)
    write(bundle, schema.FILENAME, schema.dump(record))
    reseal(bundle)


def replace_wheel(record: Record, **changes: object) -> Record:
    """``record`` with changes of its first wheel."""
    first, *rest = record.wheels
    return dataclasses.replace(record, wheels=(dataclasses.replace(first, **changes), *rest))  # type: ignore[arg-type]


def replace_target(record: Record, **changes: object) -> Record:
    """``record`` with changes of its first target."""
    first, *rest = record.targets
    return dataclasses.replace(record, targets=(dataclasses.replace(first, **changes), *rest))  # type: ignore[arg-type]


def replace_requirement(record: Record, text: str) -> Record:
    """``record`` with another text of its first requirement."""
    first, *rest = record.wishes
    return dataclasses.replace(
        record, wishes=(dataclasses.replace(first, requirements=(text,)), *rest)
    )
