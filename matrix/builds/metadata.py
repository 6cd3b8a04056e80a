"""
Metadata that only a build can tell, where the manifest lets foreign code be run for it.

Answers are kept by all that they follow from, and so a second lock builds nothing. What failed is
not kept: it may have been the network.
"""

import contextlib
import dataclasses
import hashlib
import json
import secrets
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from packaging.tags import interpreter_name, interpreter_version

from matrix.builds import interpreters, metadata_driver, surroundings
from matrix.builds.configuration import before_all
from matrix.builds.engine import Engine, Unequipped, last_line
from matrix.builds.failure import NotBuilt
from matrix.builds.prepared import prepared
from matrix.builds.workshop import Workshop, equip
from matrix.distributions import core_metadata, requires_python, source_build
from matrix.distributions import sdist as sdists
from matrix.distributions.core_metadata import InvalidMetadata
from matrix.distributions.sdist import InvalidSdist
from matrix.edge import files, programs
from matrix.edge.programs import Finished
from matrix.errors import NotEquipped, Problem
from matrix.index.cache import Cache
from matrix.index.page import PublishedFile
from matrix.index.pages import not_kept
from matrix.manifest.model import Manifest, Recipe
from matrix.plan.job_classes import job_classes
from matrix.plan.model import JobClass
from matrix.targets.target import Target

_DRIVER: Final = PurePosixPath("metadata/metadata.py")
_SOURCE: Final = PurePosixPath("src")
_OUT: Final = PurePosixPath("out")
_CERTIFICATES: Final = PurePosixPath("certificates/ca.pem")
_IN_CONTAINER: Final = PurePosixPath("/project")
_SECONDS: Final = 600.0
_SECONDS_TO_ANSWER: Final = 60.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An interpreter to build with: the host's own, or one in the container of a job class."""

    interpreter: str
    identifier: str = ""
    job_class: JobClass | None = None


class MetadataBuilds:
    """The ``MetadataBuilder`` of one command."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        where: Literal["container", "host"],
        workshop: Workshop,
        cache: Cache,
        offline: bool = False,
    ) -> None:
        self._manifest = manifest
        self._where = where
        self._workshop = workshop
        self._cache = cache
        self._offline = offline
        self._classes = {
            target: job_class
            for target, job_class in job_classes(manifest).items()
            if job_class.system == "linux"
        }

    def metadata(
        self, file: PublishedFile, sdist: Callable[[], Path], target: Target | None
    ) -> bytes:
        """As the resolver's ``MetadataBuilder``; raises ``NotEquipped`` where nothing can run."""
        place = self._place(file, target)
        recipe = self._manifest.recipe(file.project)
        name = self._name(file, place, recipe)
        if (kept := self._cache.metadata(name)) is not None:
            return kept
        if self._offline:
            raise not_kept(file.filename, f"its metadata, built with {place.interpreter},")
        content = self._build(sdist(), place, recipe)
        core_metadata.parse(content)
        self._cache.keep_metadata(name, content)
        return content

    def _place(self, file: PublishedFile, target: Target | None) -> _Place:
        if self._where == "host":
            return _on_host(target)
        fitting = [each for each in self._classes if _fits(each, file, target)]
        if not fitting:
            wanted = target.python.identifier if target else f"Python {file.requires_python}"
            raise InvalidMetadata(
                f"its metadata is built in containers, and no Linux target has {wanted}"
            )
        kind = target.platform.identifier if target else ""
        # Sorted, and max takes the first: the answer must not hang on the order of anything.
        best = max(
            sorted(fitting),
            key=lambda t: (interpreters.age(t.identifier), t.platform.identifier == kind),
        )
        return _Place(
            interpreter=best.python.identifier,
            identifier=best.identifier,
            job_class=self._classes[best],
        )

    def _name(self, file: PublishedFile, place: _Place, recipe: Recipe) -> str:
        """The answer's name in the cache; files are told apart by their digest first."""
        asked = [
            *(self._where, place.interpreter, place.job_class.image if place.job_class else ""),
            *(sorted(recipe.requires), sorted(recipe.config_settings.items())),
            *(sorted(recipe.environment.items()), before_all("linux", recipe)),
        ]
        digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
        return f"{file.sha256}-built-{digest[:16]}"

    def _build(self, sdist: Path, place: _Place, recipe: Recipe) -> bytes:
        environment = surroundings.scrubbed(
            self._workshop.environment, network=self._manifest.network
        )
        self._workshop.reporter.say(f"building the metadata of {sdist.name}: {place.interpreter}")
        with _directory(self._workshop.cache) as work:
            _furnish(work, sdist, recipe, environment)
            log = self._workshop.logs / f"metadata.{sdist.name}.{place.interpreter}.log"
            done = self._run(place, work, environment, recipe, log)
            files.write(log, done.output)
            made = work / _OUT / "METADATA"
            if done.succeeded and made.is_file():
                return made.read_bytes()
        self._workshop.reporter.say(f"the metadata of {sdist.name} was not built: see {log}")
        # Reasons are locked: nothing of this machine may be in one.
        said = last_line(done.output).replace(str(work), ".")
        raise InvalidMetadata(f"its metadata cannot be built with {place.interpreter}: {said}")

    def _run(
        self, place: _Place, work: Path, environment: Mapping[str, str], recipe: Recipe, log: Path
    ) -> Finished:
        if place.job_class is None:
            return programs.run(
                [str(self._workshop.machine.python), "-I", str(work / _DRIVER)],
                environment={**environment, **recipe.environment},
                directory=work,
                timeout=_SECONDS,
                say=self._workshop.reporter.detail,
            )
        try:
            engine = equip(place.job_class, environment, self._workshop)
            assert engine is not None  # noqa: S101 - job classes of Linux have one
            image = self._image(engine, place.job_class, environment, recipe, log)
            return self._in_container(engine, place, image, work, environment, recipe)
        except Unequipped as error:
            what = f"policy.dynamic-metadata: {error.reason}"
            hint = error.hint or "dynamic-metadata: believe"
            raise NotEquipped(Problem(place=self._manifest.source, what=what, hint=hint)) from error

    def _image(
        self,
        engine: Engine,
        job_class: JobClass,
        environment: Mapping[str, str],
        recipe: Recipe,
        log: Path,
    ) -> str:
        """The class's image, with the system packages that a setup.py may ask for already."""
        script = before_all(job_class.system, recipe)
        if not script:
            return job_class.image
        try:
            return prepared(
                engine,
                job_class.image,
                script,
                place=log.name,
                carried=surroundings.carried(environment),
                log=log,
                reporter=self._workshop.reporter,
            )
        except NotBuilt as error:
            raise InvalidMetadata(f"its metadata cannot be built: {error.failure.what}") from error

    def _in_container(
        self,
        engine: Engine,
        place: _Place,
        image: str,
        work: Path,
        environment: Mapping[str, str],
        recipe: Recipe,
    ) -> Finished:
        pattern = f"/opt/python/{interpreters.directory(place.identifier)}/bin/python"
        # The interpreter's directory may be a pattern, which only a shell in the container can
        # read.
        start = (
            f'for python in {pattern}; do [ -x "$python" ] && exec "$python" '
            f"{_IN_CONTAINER / _DRIVER}; done; "
            f"echo 'expected an interpreter at {pattern}, got none'; exit 1"
        )
        arguments = [f"--env={name}" for name in surroundings.carried(environment)]
        if "PIP_CERT" in environment:
            arguments.append(f"--env=PIP_CERT={_IN_CONTAINER / _CERTIFICATES}")
        arguments += [f"--env={name}={text}" for name, text in sorted(recipe.environment.items())]
        command = ["/bin/sh", "-c", start]
        with _container(engine, image, arguments, command) as name:
            copied = engine.run("cp", f"{work}/.", f"{name}:{_IN_CONTAINER}", seconds=_SECONDS)
            if not copied.succeeded:
                return copied
            say = self._workshop.reporter.detail
            done = engine.run("start", "--attach", name, seconds=_SECONDS, say=say)
            if done.succeeded:
                fetch = ("cp", f"{name}:{_IN_CONTAINER / _OUT}/.", str(work / _OUT))
                (work / _OUT).mkdir(exist_ok=True)
                fetched = engine.run(*fetch, seconds=_SECONDS)
                return dataclasses.replace(fetched, output=done.output + fetched.output)
        return done


def _fits(candidate: Target, file: PublishedFile, target: Target | None) -> bool:
    if target is not None:
        return candidate.python.identifier == target.python.identifier
    return requires_python.admits(file.requires_python, candidate.python.full)


def _on_host(target: Target | None) -> _Place:
    free_threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    own = f"{interpreter_name()}{interpreter_version()}{free_threaded}"
    if target is not None and target.python.identifier != own:
        raise InvalidMetadata(
            f"its metadata is built for each interpreter, and this host runs {own}, "
            f"not {target.python.identifier}"
        )
    return _Place(interpreter=own)


@contextlib.contextmanager
def _container(
    engine: Engine, image: str, arguments: Sequence[str], command: Sequence[str]
) -> Iterator[str]:
    """Yield the name of a new container, which is removed in the end; raises ``Unequipped``."""
    name = f"wheelyard-{secrets.token_hex(8)}"
    create = ("create", f"--name={name}", "--workdir=/", *arguments, image, *command)
    try:
        created = engine.run(*create, seconds=_SECONDS_TO_ANSWER)
        if not created.succeeded:
            reason = f"{image} does not start: {last_line(created.output)}"
            raise Unequipped(reason, f"{engine.name} run --rm {image} true")
        yield name
    finally:
        engine.run("rm", "--force", name, seconds=_SECONDS_TO_ANSWER)


@contextlib.contextmanager
def _directory(cache: Path) -> Iterator[Path]:
    parent = cache / "work"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix="metadata.", dir=parent)
    except OSError as error:
        raise files.write_error(parent, error) from error
    with made as work:
        yield Path(work).resolve()


def _furnish(work: Path, sdist: Path, recipe: Recipe, environment: Mapping[str, str]) -> None:
    try:
        system = source_build.read_build_system(sdists.read_excerpt(sdist))
        source = sdists.unpack(sdist, work / _SOURCE)
    except InvalidSdist as error:
        raise InvalidMetadata(str(error)) from error
    asked = metadata_driver.settings(
        system,
        source=PurePosixPath(source.relative_to(work).as_posix()),
        out=_OUT,
        constraints=recipe.requires,
        config_settings=recipe.config_settings,
    )
    files.write(work / _DRIVER, metadata_driver.SCRIPT)
    files.write(work / _DRIVER.with_suffix(".json"), asked)
    if certificates := environment.get("PIP_CERT"):
        with files.reading(Path(certificates)) as stream:
            files.write(work / _CERTIFICATES, stream.read())
