"""
What one run of the command line works with, opened only when a verb asks for it.

What only some verbs need is imported by the property that opens it: the client of the index alone
takes as long as all that ``generate --check`` may take.
"""

import argparse
import dataclasses
import datetime
import functools
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from matrix.cli.arguments import Common, PlanSource
from matrix.cli.printing import Format, Printer
from matrix.edge import files
from matrix.edge.progress import Loudness, Reporter
from matrix.errors import Impossible, ManifestError, MatrixError, Problem
from matrix.manifest import reading
from matrix.manifest.model import Manifest
from matrix.manifest.network import CERTIFICATES, TOOLCHAIN, Network
from matrix.resolve import freshness, lockfile
from matrix.resolve.lock import Lock

if TYPE_CHECKING:
    from concurrent.futures import Future

    from matrix.index.client import Index
    from matrix.pipelines.run_facts import RunFacts
    from matrix.plan.inventory import Durations, Inventory
    from matrix.plan.model import Plan


class Session:
    """One command: its files, its index, its reporter."""

    def __init__(
        self,
        common: Common,
        *,
        environment: Mapping[str, str],
        reporter: Reporter,
        printer: Printer,
        now: datetime.datetime,
        make_parser: Callable[[], argparse.ArgumentParser] = argparse.ArgumentParser,
    ) -> None:
        self.common = common
        self.manifest_path = common.manifest
        self.root = common.manifest.parent
        self.environment = environment
        self.reporter = reporter
        self.printer = printer
        self.make_parser = make_parser
        """The parser of all verbs, which is above them."""
        self.now = now
        self.offline = False
        self._index: Index | None = None
        self._asking_pip: Future[Mapping[str, str]] | None = None
        self._previous: dict[Path, tuple[Inventory, Durations]] = {}

    @classmethod
    @contextmanager
    def open(
        cls,
        common: Common,
        printer: Printer,
        make_parser: Callable[[], argparse.ArgumentParser],
    ) -> Iterator["Session"]:
        session = cls(
            common,
            environment=dict(os.environ),
            reporter=Reporter.on_stderr(common.loudness, printer.service),
            printer=printer,
            make_parser=make_parser,
            now=_now(os.environ),
        )
        try:
            yield session
        finally:
            session.close()

    def warn_of_oddities(self) -> None:
        """Print what the index has and nothing can use, once."""
        if self._index is not None:
            is_all = self.reporter.loudness >= Loudness.VERBOSE
            for problem in self._index.oddities.take(self._index.address, is_all=is_all):
                self.warn(problem)

    def close(self) -> None:
        self.warn_of_oddities()
        if self._index is not None:
            self._index.close()

    @functools.cached_property
    def cache(self) -> Path:
        """The directory of ``--cache``, or the user's."""
        return self.common.cache or _find_user_cache()

    @functools.cached_property
    def manifest(self) -> Manifest:
        return reading.load(self.manifest_path)

    @functools.cached_property
    def network(self) -> Network:
        """The manifest's, with the certificates of this machine where it has its own."""
        certificates = self.environment.get(CERTIFICATES, "")
        named = self.manifest.network
        return dataclasses.replace(named, ca_bundle=certificates) if certificates else named

    @property
    def certificates(self) -> str:
        """What requests beside the index trust: as ``network`` says, else as pip's variable."""
        return self.network.ca_bundle or self.environment.get("PIP_CERT", "")

    def begin_to_ask_pip(self) -> None:
        """Let pip, which takes a third of a second, answer while the verb is being imported."""
        if self._asking_pip is not None or "pip_options" in vars(self):
            return
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - see above

        pool = ThreadPoolExecutor(1)
        self._asking_pip = pool.submit(self._ask_pip)
        pool.shutdown(wait=False)

    @functools.cached_property
    def pip_options(self) -> Mapping[str, str]:
        return self._asking_pip.result() if self._asking_pip else self._ask_pip()

    def _ask_pip(self) -> Mapping[str, str]:
        from matrix.index import settings  # noqa: PLC0415 - see above

        return settings.read_pip_options(self.environment)

    @functools.cached_property
    def index(self) -> "Index":
        # Asking pip takes as long as importing what follows.
        self.begin_to_ask_pip()
        from matrix.index import settings  # noqa: PLC0415 - see above
        from matrix.index.cache import Cache  # noqa: PLC0415 - see above
        from matrix.index.client import Index  # noqa: PLC0415 - see above
        from matrix.index.transport import Transport  # noqa: PLC0415 - see above

        options = self.pip_options
        network = self.network
        for warning in settings.find_warnings(network, options):
            self.warn(Problem(place="", what=warning))
        self._index = Index(
            Transport(
                settings.choose_settings(network, options, environment=self.environment),
                log=self.reporter.detail,
            ),
            Cache(self.cache / "index"),
            offline=self.offline,
            internal=network.internal,
        )
        return self._index

    def use_toolchain(self, directory: Path | None) -> None:
        """Prefer the toolchain of ``directory`` to that of the environment or the manifest."""
        if directory is not None:
            self.environment = {**self.environment, TOOLCHAIN: str(directory.absolute())}

    def go_offline(self) -> None:
        """Use only what the cache has from now on."""
        self.offline = True

    @property
    def lock_path(self) -> Path:
        return self.root / lockfile.name_lock(self.manifest_path)

    def present_lock(self) -> Lock | None:
        """The lock as it is, stale or not."""
        return lockfile.load(self.lock_path)

    def lock(self) -> Lock:
        """The lock, provided that it answers the manifest."""
        return freshness.require_fresh(
            self.manifest, self.present_lock(), source=self.lock_path.name
        )

    @functools.cached_property
    def run_facts(self) -> "RunFacts | None":
        """The run of the pipeline that this command belongs to; None outside a CI service."""
        from matrix.pipelines import run_facts  # noqa: PLC0415 - see above

        event = self.environment.get("GITHUB_EVENT_PATH", "")
        payload = read_text(Path(event)) if event else ""
        return run_facts.read_run_facts(self.environment, payload=payload)

    def check_manifest(self) -> None:
        """
        Warn of requirements that no target installs, and of exclusions that end soon; raise
        ``ManifestError`` for exclusions that have ended.
        """
        from matrix.manifest import expiry, unused  # noqa: PLC0415 - see above

        today = self.now.date()
        if expired := expiry.find_expired(self.manifest, today):
            raise ManifestError.of(expired)
        for problem in (
            *expiry.find_expiring(self.manifest, today),
            *unused.find_unused(self.manifest),
        ):
            self.warn(problem)

    def refuse_impossible(self, lock: Lock) -> None:
        """Raise ``Impossible`` when some requirement has no solution on one of its targets."""
        if problems := lockfile.find_impossible(lock, self.manifest):
            raise Impossible(*problems)

    def plan(self, source: PlanSource) -> "Plan":
        """The plan that another job wrote (``--plan``), or one made now from manifest and lock."""
        from matrix.plan import planfile  # noqa: PLC0415 - see above

        if source.plan is not None:
            text = read_text(source.plan)
            self.require_digest(text, source.expect)
            return planfile.parse(text, source=source.plan.name)
        plan = self.plan_of(self.lock(), previous=source.previous)
        if source.expect is not None:
            self.require_digest(planfile.dump(plan), source.expect)
        return plan

    def require_digest(self, text: str, expected: str | None) -> None:
        """Refuse the text of another plan than the one of ``--expect``."""
        from matrix.pipelines import agreement  # noqa: PLC0415 - see above

        if expected is not None:
            agreement.require_digest(text, expected)

    def plan_of(
        self,
        lock: Lock,
        *,
        previous: Path | None,
        inventory: "Inventory | None" = None,
        past: "Durations | None" = None,
    ) -> "Plan":
        """
        A plan that knows what a previous bundle built, what the store has, and how long it took.

        A bundle that cannot be verified is an error, never an empty one.
        """
        return self._judge(self.draft_plan(lock, previous=previous, inventory=inventory, past=past))

    def draft_plan(
        self,
        lock: Lock,
        *,
        previous: Path | None,
        inventory: "Inventory | None" = None,
        past: "Durations | None" = None,
    ) -> "Plan":
        """The same, before the policy has judged it."""
        from matrix.plan import planning  # noqa: PLC0415 - see above

        known, durations = self._read_previous(previous)
        plan = planning.create_plan(
            self.manifest,
            lock,
            inventory={**(inventory or {}), **known},
            past={**durations, **(past or {})},
        )
        return dataclasses.replace(plan, lock_sha256=lockfile.digest(lock))

    def _read_previous(self, previous: Path | None) -> "tuple[Inventory, Durations]":
        """What a bundle built, and how long that took; it is verified once."""
        if previous is None:
            return {}, {}
        if previous not in self._previous:
            from matrix.plan import inventory  # noqa: PLC0415 - see above
            from matrix.verify.verify import verify  # noqa: PLC0415 - see above

            self.reporter.say(f"verifying {previous}")
            record = verify(previous).record
            self._previous[previous] = (
                inventory.read_inventory(record),
                inventory.read_durations(record),
            )
        return self._previous[previous]

    def _judge(self, plan: "Plan") -> "Plan":
        """Refuse a plan with unlocked builds, or warn of them, as the policy says."""
        from matrix.plan import unlocked  # noqa: PLC0415 - see above

        unlocked.refuse_unlocked(self.manifest, plan)
        for problem in unlocked.list_problems(self.manifest, plan):
            self.warn(problem)
        return plan

    def show(self, text: str) -> None:
        """Print a result, which is JSON where that is the format."""
        if self.common.json:
            self.printer.show_json(text)
        else:
            self.printer.show(text)

    def warn(self, problem: Problem) -> None:
        """Print a warning, and keep it for the formats that show problems as data."""
        self.printer.warnings.append(problem)
        if self.common.format is not Format.GITHUB:
            self.reporter.say_lines(f"warning: {problem}")

    def write(self, path: Path, text: str) -> None:
        """Write a file and say so."""
        files.write(path, text)
        self.reporter.say(f"wrote {path}")


def read_text(path: Path) -> str:
    """A file's text, or an error that names it."""
    with files.reading(path) as stream:
        try:
            return stream.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise MatrixError(Problem(place=str(path), what="expected UTF-8 text")) from error


def format_json(value: object) -> str:
    """A result as JSON for people and programs."""
    return json.dumps(value, indent=1)


def _find_user_cache() -> Path:
    import platformdirs  # noqa: PLC0415 - see above

    return platformdirs.user_cache_path("wheelyard")


def _now(environment: Mapping[str, str]) -> datetime.datetime:
    # SOURCE_DATE_EPOCH (reproducible-builds.org) replaces the clock: the same bytes again.
    epoch = environment.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.datetime.fromtimestamp(int(epoch), tz=datetime.UTC)
    return datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0)
