"""The cells of a plan: one for each locked file and target."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from packaging.tags import Tag
from packaging.utils import NormalizedName

from matrix.configurations.inputs import Keys
from matrix.distributions.wheel import runs_everywhere
from matrix.distributions.wheel_name import parse_filename
from matrix.manifest.catalogue import find_recipe
from matrix.manifest.model import Manifest, Package
from matrix.plan.inventory import Inventory, ReusedWheel
from matrix.plan.keys import KeyFinder
from matrix.plan.model import Cell, JobClass, State
from matrix.resolve.lock import Lock, LockedFile

_UNIVERSAL: Final = "one wheel for every platform"
_SPECIFIC: Final = "a wheel on the index"


class Chooser:
    """Chooses the state of each file on each target; jobs are assigned later."""

    def __init__(
        self,
        manifest: Manifest,
        lock: Lock,
        *,
        class_by_target: Mapping[str, JobClass],
        inventory: Inventory,
    ) -> None:
        self._manifest = manifest
        self._inventory = inventory
        self._key_finder = KeyFinder(manifest, lock, class_by_target=class_by_target)
        self._targets = {target.id: target for target in manifest.all_targets}
        self._line_by_source = {p.project: p.line for p in manifest.packages if p.source == "build"}

    def choose(self, file: LockedFile) -> Iterator[Cell]:
        """The cells of one locked file, a target each."""
        version = str(file.version)
        if file.is_wheel:
            reason = _UNIVERSAL if runs_everywhere(file.filename) else _SPECIFIC
            for target in file.targets:
                yield Cell(
                    project=file.project,
                    version=version,
                    target=target,
                    state=State.PUBLISHED,
                    reason=reason,
                    filename=file.filename,
                    sha256=file.sha256,
                    size=file.size,
                )
            return
        keys_by_target = {
            target: self._key_finder.find_keys(file, target) for target in file.targets
        }
        reused = self._find_reused(keys_by_target)
        for target, keys in keys_by_target.items():
            is_reused = target in reused
            given = reused.get(target, file)
            yield Cell(
                project=file.project,
                version=version,
                target=target,
                state=State.REUSED if is_reused else State.BUILD,
                reason=(
                    f"built by {reused[target].run} from the same inputs"
                    if is_reused
                    else self._explain_build(file.project)
                ),
                filename=given.filename,
                sha256=given.sha256,
                size=given.size,
                content_key=keys.content,
                test_key=keys.test,
                unlocked=(
                    reused[target].unlocked
                    if is_reused
                    else self._key_finder.explain_unlocked(file, target)
                ),
                build_seconds=reused[target].build_seconds if is_reused else 0,
                build_tag=find_recipe(self._manifest, file.project).build,
                run=reused[target].run if is_reused else "",
                location=reused[target].location if is_reused else "",
            )

    def _find_reused(self, keys_by_target: Mapping[str, Keys]) -> Mapping[str, ReusedWheel]:
        """
        The wheels of one sdist that are reused, by target.

        A wheel is reused for all targets that install it or for none: built again for one, it
        would be a second file of the same name.
        """
        wheel_by_target = {
            target: wheel
            for target, keys in keys_by_target.items()
            if (wheel := self._inventory.get((keys, target)))
        }
        if len(wheel_by_target) == len(keys_by_target):
            return wheel_by_target
        specific = {
            target: wheel
            for target, wheel in wheel_by_target.items()
            if not runs_everywhere(wheel.filename)
        }
        return self._drop_shared(specific, keys_by_target)

    def _drop_shared(
        self, wheel_by_target: Mapping[str, ReusedWheel], targets: Iterable[str]
    ) -> Mapping[str, ReusedWheel]:
        """The wheels that no other target of ``targets`` installs, such as those of one ABI."""
        reused = dict(wheel_by_target)
        while True:
            built = [target for target in targets if target not in reused]
            tags = {tag for target in built for tag in self._targets[target].build_tags()}
            shared = [target for target, wheel in reused.items() if _has_tag(wheel.filename, tags)]
            if not shared:
                return reused
            for target in shared:
                del reused[target]

    def _explain_build(self, project: NormalizedName) -> str:
        if line := self._line_by_source.get(project):
            return f"`source: build`, {self._manifest.source} line {line}"
        return "no wheel on the index for this target"


def _has_tag(filename: str, tags: AbstractSet[Tag]) -> bool:
    return not parse_filename(filename).tags.isdisjoint(tags)


def find_cells_without_wheel(manifest: Manifest, lock: Lock) -> Iterator[Cell]:
    """The cells that are impossible or excluded."""
    for row in lock.impossible:
        yield Cell(
            project=row.root,
            version="",
            target=row.target,
            state=State.IMPOSSIBLE,
            reason=row.reason,
        )
    for package in manifest.packages:
        for target, reason in find_exclusions(manifest, package):
            yield Cell(
                project=package.project,
                version="",
                target=target,
                state=State.EXCLUDED,
                reason=reason,
            )


def find_exclusions(manifest: Manifest, package: Package) -> Iterator[tuple[str, str]]:
    """The ids of the targets that ``package`` excludes, with the reason."""
    if package.exclude:
        for target in manifest.targets_of(package):
            if rule := manifest.exclusion(package, target):
                yield target.id, rule.why
