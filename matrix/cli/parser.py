"""
The verbs and their options; every verb is a function of (session, arguments) in a module beside
this one, which is imported when the verb is run.
"""

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix import __version__
from matrix.cli.session import Session
from matrix.errors import INTERRUPTED, KINDS
from matrix.manifest.reading import DEFAULT

_DESCRIPTION: Final = (
    "One file of requirements in; a proven folder of wheels out, "
    "ready to carry into a network without internet."
)


def parser(verb: str = "") -> argparse.ArgumentParser:
    """The whole command line; or what ``verb`` needs of it, where it is one."""
    top = argparse.ArgumentParser(
        prog="wheelyard",
        description=_DESCRIPTION,
        epilog=_exit_codes(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"wheelyard {__version__}")
    verbs = top.add_subparsers(metavar="VERB", required=True)
    every = (
        _check, _lock, _plan, _generate, _explain, _build, _collect, _bundle, _verify, _import,
        _targets, _report, _release, _toolchain, _runner,
    )  # fmt: skip
    # The options of all verbs take as long as reading a manifest.
    for add in [add for add in every if add.__name__ == f"_{verb}"] or every:
        add(verbs)
    return top


class Verb:
    """A function of a module beside this one, imported when it is called."""

    def __init__(self, module: str, function: str) -> None:
        self._module = module
        self._function = function

    @property
    def function(self) -> Callable[[Session, argparse.Namespace], None]:
        module = importlib.import_module(f"matrix.cli.{self._module}")
        found: Callable[[Session, argparse.Namespace], None] = getattr(module, self._function)
        return found

    def __call__(self, session: Session, asked: argparse.Namespace) -> None:
        self.function(session, asked)


if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name


def _verb(verbs: "Verbs", name: str, summary: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(
        name, help=summary, description=summary, allow_abbrev=False
    )
    verb.add_argument(
        "--manifest", type=Path, default=DEFAULT, metavar="FILE", help="default: packages.yaml"
    )
    verb.add_argument("--json", action="store_true", help="print the result as JSON")
    verb.add_argument(
        "--cache", type=Path, metavar="DIR", help="default: the user's cache directory"
    )
    loudness = verb.add_mutually_exclusive_group()
    loudness.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")
    loudness.add_argument("-q", "--quiet", action="store_true", help="say nothing on stderr")
    verb.set_defaults(plan=None, previous=None, tag="", toolchain=None, asks_pip=False)
    return verb


def _needs_plan(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--plan",
        type=Path,
        metavar="FILE",
        help="a plan.json; default: made from manifest and lock",
    )
    _needs_previous(verb)


def _needs_previous(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--previous", type=Path, metavar="BUNDLE", help="a bundle whose built wheels are reused"
    )


def _needs_allowance(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--allow-missing",
        action="append",
        default=[],
        metavar="PROJECT@TARGET",
        help="seal without this built wheel, and say so in the record; may be repeated",
    )


def _needs_toolchain(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--toolchain", type=Path, metavar="DIR", help="made by `toolchain`: lanes come from there"
    )


def _needs_identity(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--version", metavar="TEXT", help="the bundle's version; default: the date")
    verb.add_argument(
        "--sequence",
        type=int,
        metavar="N",
        help="a number that grows; default: the time in seconds",
    )


def _check(verbs: "Verbs") -> None:
    verb = _verb(verbs, "check", "read the manifest and compare the lock with it, without network")
    verb.add_argument(
        "--recipes",
        action="store_true",
        help="warn of lines in recipes that match nothing; asks the index for releases",
    )
    verb.set_defaults(verb=Verb("checking", "check"))


def _lock(verbs: "Verbs") -> None:
    verb = _verb(verbs, "lock", "find the closure of every requirement on every target")
    how = verb.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="say whether the lock is stale, no more")
    how.add_argument(
        "--upgrade", nargs="*", metavar="PROJECT", help="let these move, or all; others keep pins"
    )
    how.add_argument("--diff", metavar="REV", help="what it changes since a revision of git")
    how.add_argument(
        "--export",
        choices=("pylock", "requirements", "constraints"),
        help="write it for other tools, one file a target",
    )
    verb.add_argument("--offline", action="store_true", help="use what the cache has, ask nobody")
    _exports(verb)
    verb.set_defaults(verb=Verb("checking", "lock"), recipes=False)


def _exports(verb: argparse.ArgumentParser) -> None:
    export = verb.add_argument_group("with --export")
    export.add_argument("--out", type=Path, default=Path("exports"), metavar="DIR")
    export.add_argument(
        "--target", action="append", default=[], metavar="ID", help="default: all; may be repeated"
    )
    export.add_argument(
        "--root", default="", metavar="NAME", help="one requirement or environment; default: all"
    )
    export.add_argument(
        "--bundle", type=Path, metavar="DIR", help="take the wheels of a bundle, built ones too"
    )


def _plan(verbs: "Verbs") -> None:
    verb = _verb(verbs, "plan", "say what exists, what must be built, and what cannot be")
    _needs_previous(verb)
    verb.add_argument("--out", type=Path, metavar="DIR", help="write plan.json and packages.lock")
    verb.add_argument("--relock", action="store_true", help="bring a stale lock up to date first")
    verb.add_argument("--expect", metavar="SHA256", help="fail unless the plan has this digest")
    verb.add_argument("--github-output", type=Path, metavar="FILE", help="append the job matrices")
    verb.add_argument("--gitlab-child", type=Path, metavar="FILE", help="write the child pipeline")
    verb.set_defaults(verb=Verb("planning", "plan"))


def _generate(verbs: "Verbs") -> None:
    verb = _verb(verbs, "generate", "write the pipelines for GitHub and GitLab")
    verb.add_argument(
        "--check", action="store_true", help="fail if they are not what they should be"
    )
    verb.set_defaults(verb=Verb("pipelining", "generate"))


def _explain(verbs: "Verbs") -> None:
    verb = _verb(verbs, "explain", "say who asks for a project and how each target gets it")
    verb.add_argument("project", metavar="PROJECT")
    verb.add_argument("target", metavar="TARGET", nargs="?", default="")
    _needs_plan(verb)
    verb.set_defaults(verb=Verb("planning", "explain"))


def _build(verbs: "Verbs") -> None:
    verb = _verb(verbs, "build", "build one job of the plan, or all that this machine can")
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("job", metavar="JOB", nargs="?", help="its id, or a project it builds")
    which.add_argument("--local", action="store_true", help="every job that this machine can build")
    verb.add_argument("--out", type=Path, default=Path("wheels"), metavar="DIR")
    verb.add_argument(
        "--wheels", type=Path, metavar="DIR", help="built elsewhere, for who needs them"
    )
    verb.add_argument("--logs", type=Path, metavar="DIR", help="default: in the cache directory")
    verb.add_argument("--github-summary", type=Path, metavar="FILE", help="append what failed")
    verb.add_argument("--twice", action="store_true", help="build again, and compare the bytes")
    _needs_toolchain(verb)
    _needs_plan(verb)
    verb.set_defaults(verb=Verb("building", "build"), asks_pip=True)


def _collect(verbs: "Verbs") -> None:
    verb = _verb(verbs, "collect", "compare the wheels of a directory with what the plan owes")
    verb.add_argument("directory", type=Path, metavar="DIR")
    _needs_allowance(verb)
    _needs_plan(verb)
    verb.set_defaults(verb=Verb("bundling", "collect"))


def _bundle(verbs: "Verbs") -> None:
    verb = _verb(verbs, "bundle", "collect, fetch the published wheels, prove and seal")
    verb.add_argument("--wheels", type=Path, required=True, metavar="DIR", help="the built wheels")
    verb.add_argument("--out", type=Path, default=Path("release"), metavar="DIR")
    verb.add_argument("--tag", default="", metavar="TAG", help="a release's tag, for the version")
    verb.add_argument(
        "--pack", type=int, metavar="BYTES", help="also write the bundle as parts of that size"
    )
    verb.add_argument("--parts", type=Path, default=Path("parts"), metavar="DIR")
    _needs_identity(verb)
    _needs_allowance(verb)
    _needs_plan(verb)
    verb.set_defaults(verb=Verb("bundling", "bundle"))


def _verify(verbs: "Verbs") -> None:
    verb = _verb(verbs, "verify", "check every byte of a bundle and prove it again")
    verb.add_argument("bundle", type=Path, metavar="BUNDLE", help="or a directory that holds one")
    verb.set_defaults(verb=Verb("bundling", "verify"))


def _import(verbs: "Verbs") -> None:
    verb = _verb(verbs, "import", "verify a bundle and add it to a destination")
    verb.add_argument("bundle", type=Path, metavar="BUNDLE", help="or a directory that holds one")
    verb.add_argument("--to", required=True, metavar="DESTINATION", help="a directory to serve")
    verb.set_defaults(verb=Verb("bundling", "import_"))


def _targets(verbs: "Verbs") -> None:
    verb = _verb(
        verbs, "targets", "list the manifest's targets and the cibuildwheel that serves each"
    )
    what = verb.add_mutually_exclusive_group()
    what.add_argument("--probe", action="store_true", help="print the lines for this machine")
    what.add_argument("--probe-script", action="store_true", help="print what asks a machine")
    verb.add_argument(
        "--python", nargs="+", metavar="PATH", help="with --probe: these, not the running one"
    )
    verb.set_defaults(verb=Verb("targeting", "targets"))


def _report(verbs: "Verbs") -> None:
    verb = _verb(verbs, "report", "write what a merge request should know of a plan")
    verb.add_argument(
        "--base", type=Path, metavar="FILE", help="a lock or plan to compare with, or a bundle"
    )
    verb.add_argument(
        "--osv", type=Path, metavar="PATH", help="OSV records: a zip file or a directory"
    )
    verb.add_argument("--out", type=Path, default=Path("report"), metavar="DIR")
    verb.add_argument("--github-summary", type=Path, metavar="FILE", help="append the summary")
    _needs_plan(verb)
    verb.set_defaults(verb=Verb("reporting", "report"))


def _release(verbs: "Verbs") -> None:
    verb = _verb(
        verbs, "release", "all of it, locally: lock, plan, generate, fetch, build, seal, verify"
    )
    verb.add_argument("--out", type=Path, default=Path("release"), metavar="DIR")
    _needs_identity(verb)
    _needs_toolchain(verb)
    _needs_previous(verb)
    verb.set_defaults(verb=Verb("releasing", "release"))


def _toolchain(verbs: "Verbs") -> None:
    verb = _verb(verbs, "toolchain", "fetch what the lanes download, for runners without internet")
    what = verb.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR", help="make it, or bring it up to date")
    what.add_argument("--check", type=Path, metavar="DIR", help="compare it with its digests")
    what.add_argument("--add", type=Path, metavar="DIR", help="take in FILEs fetched elsewhere")
    verb.add_argument("files", type=Path, metavar="FILE", nargs="*", help="for --add")
    verb.add_argument("--plan", type=Path, metavar="FILE", help="default: made from the manifest")
    verb.set_defaults(verb=Verb("toolchain", "toolchain"))


def _runner(verbs: "Verbs") -> None:
    verb = _verb(verbs, "runner", "say what this machine lacks to build the manifest's targets")
    verb.add_argument("action", choices=["check"])
    _needs_toolchain(verb)
    verb.set_defaults(verb=Verb("runner", "runner"))


def _exit_codes() -> str:
    rows = [f"  {kind.exit_code:>3}  {kind.meaning}" for kind in KINDS]
    rows = ["    0  it worked", *rows, f"  {INTERRUPTED}  interrupted"]
    return "exit codes:\n" + "\n".join(rows)
