"""
The verbs, each a module of this room, imported when it is run.

Half of what a short command costs is what it imports. So this table names every verb with one line
about it, and a function that imports the module: what ``--help`` prints needs none of them.
"""

import argparse
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from matrix.cli.session import Session

A = TypeVar("A")


class VerbModule(Protocol[A]):
    """What a module that is a verb holds."""

    @property
    def Arguments(self) -> type[A]:  # noqa: N802 - the name of a class
        """A frozen dataclass; ``arguments.parse_values`` makes it."""

    @property
    def DESCRIPTION(self) -> str:  # noqa: N802 - the name of a constant
        """A few sentences for ``--help``."""

    @property
    def EXAMPLES(self) -> tuple[str, ...]:  # noqa: N802 - the name of a constant
        """Commands that can be typed, for ``--help``."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's own options to its parser."""

    def run(self, session: "Session", arguments: A) -> None:
        """Do it; raise ``MatrixError`` for what goes wrong on purpose."""


def _load_check() -> VerbModule[Any]:
    from matrix.cli import check  # noqa: PLC0415 - see above

    return check


def _load_lock() -> VerbModule[Any]:
    from matrix.cli import lock  # noqa: PLC0415 - see above

    return lock


def _load_plan() -> VerbModule[Any]:
    from matrix.cli import plan  # noqa: PLC0415 - see above

    return plan


def _load_generate() -> VerbModule[Any]:
    from matrix.cli import generate  # noqa: PLC0415 - see above

    return generate


def _load_explain() -> VerbModule[Any]:
    from matrix.cli import explain  # noqa: PLC0415 - see above

    return explain


def _load_build() -> VerbModule[Any]:
    from matrix.cli import build  # noqa: PLC0415 - see above

    return build


def _load_collect() -> VerbModule[Any]:
    from matrix.cli import collect  # noqa: PLC0415 - see above

    return collect


def _load_bundle() -> VerbModule[Any]:
    from matrix.cli import bundle  # noqa: PLC0415 - see above

    return bundle


def _load_wait() -> VerbModule[Any]:
    from matrix.cli import wait  # noqa: PLC0415 - see above

    return wait


def _load_verify() -> VerbModule[Any]:
    from matrix.cli import verify  # noqa: PLC0415 - see above

    return verify


def _load_import() -> VerbModule[Any]:
    from matrix.cli import import_  # noqa: PLC0415 - see above

    return import_


def _load_pack() -> VerbModule[Any]:
    from matrix.cli import pack  # noqa: PLC0415 - see above

    return pack


def _load_fetch() -> VerbModule[Any]:
    from matrix.cli import fetch  # noqa: PLC0415 - see above

    return fetch


def _load_diff() -> VerbModule[Any]:
    from matrix.cli import diff  # noqa: PLC0415 - see above

    return diff


def _load_sign() -> VerbModule[Any]:
    from matrix.cli import sign  # noqa: PLC0415 - see above

    return sign


def _load_trust() -> VerbModule[Any]:
    from matrix.cli import trust  # noqa: PLC0415 - see above

    return trust


def _load_settings() -> VerbModule[Any]:
    from matrix.cli import settings  # noqa: PLC0415 - see above

    return settings


def _load_serve() -> VerbModule[Any]:
    from matrix.cli import serve  # noqa: PLC0415 - see above

    return serve


def _load_roll_back() -> VerbModule[Any]:
    from matrix.cli import roll_back  # noqa: PLC0415 - see above

    return roll_back


def _load_withdraw() -> VerbModule[Any]:
    from matrix.cli import withdraw  # noqa: PLC0415 - see above

    return withdraw


def _load_prune() -> VerbModule[Any]:
    from matrix.cli import prune  # noqa: PLC0415 - see above

    return prune


def _load_history() -> VerbModule[Any]:
    from matrix.cli import history  # noqa: PLC0415 - see above

    return history


def _load_targets() -> VerbModule[Any]:
    from matrix.cli import targets  # noqa: PLC0415 - see above

    return targets


def _load_report() -> VerbModule[Any]:
    from matrix.cli import report  # noqa: PLC0415 - see above

    return report


def _load_release() -> VerbModule[Any]:
    from matrix.cli import release  # noqa: PLC0415 - see above

    return release


def _load_toolchain() -> VerbModule[Any]:
    from matrix.cli import toolchain  # noqa: PLC0415 - see above

    return toolchain


def _load_runner() -> VerbModule[Any]:
    from matrix.cli import runner  # noqa: PLC0415 - see above

    return runner


def _load_cache() -> VerbModule[Any]:
    from matrix.cli import cache  # noqa: PLC0415 - see above

    return cache


def _load_schema() -> VerbModule[Any]:
    from matrix.cli import schema  # noqa: PLC0415 - see above

    return schema


def _load_store() -> VerbModule[Any]:
    from matrix.cli import store  # noqa: PLC0415 - see above

    return store


def _load_completion() -> VerbModule[Any]:
    from matrix.cli import completion  # noqa: PLC0415 - see above

    return completion


def _load_tool() -> VerbModule[Any]:
    from matrix.cli import tool  # noqa: PLC0415 - see above

    return tool


def _load_upload() -> VerbModule[Any]:
    from matrix.cli import upload  # noqa: PLC0415 - see above

    return upload


@dataclasses.dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its name, what it does in one line, and how to import it."""

    name: str
    summary: str
    load: Callable[[], VerbModule[Any]]


VERBS: Final = (
    Verb("check", "read the manifest and compare the lock with it, without network", _load_check),
    Verb("lock", "resolve every requirement on every target", _load_lock),
    Verb("plan", "show what exists, what must be built, and what is impossible", _load_plan),
    Verb("generate", "write the pipelines for GitHub and GitLab", _load_generate),
    Verb("tool", "lock what pipelines install to run this program", _load_tool),
    Verb("explain", "show who requires a project and how each target gets it", _load_explain),
    Verb("build", "build one job of the plan, or all that this machine can", _load_build),
    Verb(
        "collect",
        "compare the wheels of a directory with the plan",
        _load_collect,
    ),
    Verb("bundle", "collect, fetch the published wheels, prove and seal", _load_bundle),
    Verb("pack", "write a bundle as parts of a size", _load_pack),
    Verb("fetch", "fetch the parts of a release from a web server", _load_fetch),
    Verb("diff", "compare two bundles", _load_diff),
    Verb("sign", "sign a bundle, its parts, or a trust file", _load_sign),
    Verb("trust", "write the file that says whose signatures count", _load_trust),
    Verb("verify", "check every byte of a bundle and prove it again", _load_verify),
    Verb("upload", "upload the parts of a release to GitLab's package registry", _load_upload),
    Verb("import", "verify a bundle and add it to a destination", _load_import),
    Verb("settings", "print what pip and uv need to install from an index", _load_settings),
    Verb("serve", "serve a bundle or a static destination on loopback", _load_serve),
    Verb("roll-back", "undo the newest import of a destination", _load_roll_back),
    Verb("withdraw", "take a release out of a destination", _load_withdraw),
    Verb("prune", "list or remove what no import of a destination needs", _load_prune),
    Verb("history", "print what was done to a destination, and by whom", _load_history),
    Verb(
        "targets",
        "list the targets and the cibuildwheel of each",
        _load_targets,
    ),
    Verb("report", "write the report of a plan for its merge request", _load_report),
    Verb(
        "release",
        "lock, plan, generate, build, seal and verify, all here",
        _load_release,
    ),
    Verb("toolchain", "fetch what the lanes download, for closed runners", _load_toolchain),
    Verb("runner", "list what this machine lacks to build the manifest's targets", _load_runner),
    Verb("wait", "wait for the branch's own run of the commit of a release", _load_wait),
    Verb("store", "keep built wheels between the runs of a pipeline", _load_store),
    Verb("cache", "print the cache directory, or clean it", _load_cache),
    Verb("schema", "print the JSON Schema of a file", _load_schema),
    Verb("completion", "print the completion script of a shell", _load_completion),
)
