"""
Build the metadata that an sdist does not state, where the manifest allows to run its code.

Metadata is cached by everything that it follows from, so that a second lock builds nothing.
Failures are not cached: the cause may have been the network.
"""

import dataclasses
import hashlib
import json
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from packaging.tags import interpreter_name, interpreter_version

from matrix.builds import interpreters, metadata_driver
from matrix.builds.containers import create_container
from matrix.builds.door_server import OpenDoor, open_door
from matrix.builds.engine import Engine, Unequipped, last_line
from matrix.builds.environment import (
    isolate_environment,
    scrub_environment,
)
from matrix.builds.failure import NotBuilt
from matrix.builds.images import prepare_image
from matrix.builds.workspace import Workspace, find_engine, make_work_directory
from matrix.configurations.configuration import CERTIFICATES, render_before_all
from matrix.configurations.pip_settings import IN_CONTAINER
from matrix.configurations.script_files import read_script
from matrix.distributions import core_metadata, requires_python, source_build
from matrix.distributions import sdist as sdists
from matrix.distributions.core_metadata import InvalidMetadata
from matrix.distributions.sdist import InvalidSdist
from matrix.edge import files, programs
from matrix.edge.programs import Finished
from matrix.errors import NotEquipped, Problem
from matrix.index.cache import Cache
from matrix.index.page import PublishedFile
from matrix.index.pages import not_cached
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest
from matrix.manifest.recipe import Recipe
from matrix.plan.job_classes import assign_job_classes
from matrix.plan.model import JobClass
from matrix.targets.target import Target

_DRIVER: Final = PurePosixPath("metadata/metadata.py")
_SOURCE: Final = PurePosixPath("src")
_OUT: Final = PurePosixPath("out")
_SECONDS: Final = 600.0


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
        workspace: Workspace,
        cache: Cache,
        offline: bool = False,
    ) -> None:
        self._manifest = manifest
        self._where = where
        self._workspace = workspace
        self._cache = cache
        self._offline = offline
        self._classes = {
            target: job_class
            for target, job_class in assign_job_classes(manifest).items()
            if job_class.system == "linux"
        }

    def metadata(
        self, file: PublishedFile, sdist: Callable[[], Path], target: Target | None
    ) -> bytes:
        """As the resolver's ``MetadataBuilder``; raises ``NotEquipped`` where nothing can run."""
        place = self._choose_place(file, target)
        recipe = find_recipe(self._manifest, file.project)
        name = self._name_entry(file, place, recipe)
        if (cached := self._cache.metadata(name)) is not None:
            return cached
        if self._offline:
            raise not_cached(file.filename, f"its metadata, built with {place.interpreter},")
        content = self._build(sdist(), place, recipe)
        core_metadata.parse(content)
        self._cache.write_metadata(name, content)
        return content

    def _choose_place(self, file: PublishedFile, target: Target | None) -> _Place:
        if self._where == "host":
            return _choose_host(target)
        fitting = [each for each in self._classes if _fits(each, file, target)]
        if not fitting:
            wanted = target.python.identifier if target else f"Python {file.requires_python}"
            raise InvalidMetadata(
                f"its metadata is built in containers, and no Linux target has {wanted}"
            )
        kind = target.platform.identifier if target else ""
        # Sorted, and max takes the first: the answer must not depend on any order.
        best = max(
            sorted(fitting),
            key=lambda t: (
                interpreters.rank_interpreter(t.identifier),
                t.platform.identifier == kind,
            ),
        )
        return _Place(
            interpreter=best.python.identifier,
            identifier=best.identifier,
            job_class=self._classes[best],
        )

    def _name_entry(self, file: PublishedFile, place: _Place, recipe: Recipe) -> str:
        """The name in the cache; it begins with the digest of the sdist."""
        inputs = [
            *(self._where, place.interpreter, place.job_class.image if place.job_class else ""),
            *(sorted(recipe.requires), sorted(recipe.config_settings.items())),
            *(sorted(recipe.environment.items()), render_before_all("linux", recipe)),
        ]
        digest = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
        return f"{file.sha256}-built-{digest[:16]}"

    def _build(self, sdist: Path, place: _Place, recipe: Recipe) -> bytes:
        environment = scrub_environment(self._workspace.environment, network=self._manifest.network)
        self._workspace.reporter.say(f"building the metadata of {sdist.name}: {place.interpreter}")
        with make_work_directory(self._workspace.cache, prefix="metadata") as work:
            _write_inputs(work, sdist, recipe, environment)
            log = self._workspace.logs / f"metadata.{sdist.name}.{place.interpreter}.log"
            done = self._run(place, work, environment, recipe, log)
            files.write(log, done.output)
            metadata = work / _OUT / "METADATA"
            # What the sdist's code wrote may be a link to any file of this host.
            if done.succeeded and metadata.is_file() and not metadata.is_symlink():
                return metadata.read_bytes()
        self._workspace.reporter.say(f"the metadata of {sdist.name} was not built: see {log}")
        # The lock holds the reason: it must not name paths of this host.
        reason = last_line(done.output).replace(str(work), ".")
        if done.succeeded:
            reason = "expected METADATA as a regular file, got none"
        raise InvalidMetadata(f"its metadata cannot be built with {place.interpreter}: {reason}")

    def _run(
        self, place: _Place, work: Path, environment: Mapping[str, str], recipe: Recipe, log: Path
    ) -> Finished:
        if place.job_class is None:
            return self._run_on_host(work, environment, recipe)
        try:
            engine = find_engine(place.job_class, environment, self._workspace)
            assert engine is not None  # noqa: S101 - job classes of Linux have one
            engine = engine.label_run(work)
            image = self._prepare_image(engine, place.job_class, environment, recipe, log)
            return self._run_in_container(engine, place, image, work, environment, recipe)
        except Unequipped as error:
            what = f"policy.dynamic-metadata: {error.reason}"
            hint = error.hint or "dynamic-metadata: believe"
            raise NotEquipped(Problem(place=self._manifest.source, what=what, hint=hint)) from error

    def _run_on_host(self, work: Path, environment: Mapping[str, str], recipe: Recipe) -> Finished:
        variables, _ = isolate_environment(environment, has_containers=False)
        with open_door(self._workspace.index, None, "") as opened:
            return programs.run(
                [str(self._workspace.host.python), "-I", str(work / _DRIVER)],
                environment={**variables, **_name_index(opened), **recipe.environment},
                directory=work,
                timeout=_SECONDS,
                say=self._workspace.reporter.detail,
            )

    def _prepare_image(
        self,
        engine: Engine,
        job_class: JobClass,
        environment: Mapping[str, str],
        recipe: Recipe,
        log: Path,
    ) -> str:
        """The class's image, with the system packages that a setup.py may ask for already."""
        script = render_before_all(job_class.system, recipe)
        if not script:
            return job_class.image
        try:
            return prepare_image(
                engine,
                job_class.image,
                script,
                place=log.name,
                environment=environment,
                log=log,
                reporter=self._workspace.reporter,
            )
        except NotBuilt as error:
            raise InvalidMetadata(f"its metadata cannot be built: {error.failure.what}") from error

    def _run_in_container(
        self,
        engine: Engine,
        place: _Place,
        image: str,
        work: Path,
        environment: Mapping[str, str],
        recipe: Recipe,
    ) -> Finished:
        pattern = f"/opt/python/{interpreters.interpreter_directory(place.identifier)}/bin/python"
        # The interpreter's directory may be a pattern, which only a shell in the container can
        # read.
        start = (
            f'for python in {pattern}; do [ -x "$python" ] && exec "$python" '
            f"{IN_CONTAINER / _DRIVER}; done; "
            f"echo 'expected an interpreter at {pattern}, got none'; exit 1"
        )
        trusted = (
            {"PIP_CERT": str(IN_CONTAINER / CERTIFICATES)} if "PIP_CERT" in environment else {}
        )
        with (
            open_door(self._workspace.index, engine, image) as opened,
            create_container(
                engine,
                image,
                ("/bin/sh", "-c", start),
                options=(
                    "--workdir=/",
                    f"--network={opened.network}",
                    *_render_variables({**_name_index(opened), **trusted, **recipe.environment}),
                ),
            ) as name,
        ):
            copied = engine.run("cp", f"{work}/.", f"{name}:{IN_CONTAINER}", seconds=_SECONDS)
            if not copied.succeeded:
                return copied
            say = self._workspace.reporter.detail
            done = engine.run("start", "--attach", name, seconds=_SECONDS, say=say)
            if done.succeeded:
                fetch = ("cp", f"{name}:{IN_CONTAINER / _OUT}/.", str(work / _OUT))
                (work / _OUT).mkdir(exist_ok=True)
                fetched = engine.run(*fetch, seconds=_SECONDS)
                return dataclasses.replace(fetched, output=done.output + fetched.output)
        return done


def _name_index(opened: OpenDoor) -> dict[str, str]:
    return {"PIP_INDEX_URL": opened.address} if opened.address else {}


def _render_variables(variables: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"--env={name}={text}" for name, text in sorted(variables.items()))


def _fits(candidate: Target, file: PublishedFile, target: Target | None) -> bool:
    if target is not None:
        return candidate.python.identifier == target.python.identifier
    return requires_python.admits(file.requires_python, candidate.python.full)


def _choose_host(target: Target | None) -> _Place:
    free_threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    own = f"{interpreter_name()}{interpreter_version()}{free_threaded}"
    if target is not None and target.python.identifier != own:
        raise InvalidMetadata(
            f"its metadata is built for each interpreter, and this host runs {own}, "
            f"not {target.python.identifier}"
        )
    return _Place(interpreter=own)


def _write_inputs(work: Path, sdist: Path, recipe: Recipe, environment: Mapping[str, str]) -> None:
    try:
        system = source_build.read_build_system(sdists.read_excerpt(sdist))
        source = sdists.unpack(sdist, work / _SOURCE)
    except InvalidSdist as error:
        raise InvalidMetadata(str(error)) from error
    settings = metadata_driver.render_settings(
        system,
        source=PurePosixPath(source.relative_to(work).as_posix()),
        out=_OUT,
        constraints=recipe.requires,
        config_settings=recipe.config_settings,
    )
    files.write(work / _DRIVER, read_script("metadata_driver.py", room="builds"))
    files.write(work / _DRIVER.with_suffix(".json"), settings)
    if certificates := environment.get("PIP_CERT"):
        with files.reading(Path(certificates)) as stream:
            files.write(work / CERTIFICATES, stream.read())
