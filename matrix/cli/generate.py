"""``generate``."""

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.repository import find_top, refuse_subfolder
from matrix.cli.session import Session, format_json, read_text
from matrix.errors import Drift, ManifestError, Problem, UsageError
from matrix.manifest import editing, reading
from matrix.manifest.services import ActionName
from matrix.pipelines import drift, pin_changes, providers
from matrix.pipelines.pins import choose_actions
from matrix.toolchain import tool_check

DESCRIPTION: Final = (
    "Write the pipelines for GitHub and GitLab, and the attributes that mark them as "
    "generated. Files that wheelyard has not written are never replaced."
)
EXAMPLES: Final = ("wheelyard generate", "wheelyard generate --check")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    check: bool = False
    adopt_pins: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file would change"
    )
    what.add_argument(
        "--adopt-pins",
        action="store_true",
        help="take the actions that a bot has moved in a workflow into the manifest first",
    )


def run(session: Session, arguments: Arguments) -> None:
    """Write the committed pipelines, or raise ``Drift`` with the difference."""
    refuse_subfolder(session)
    if arguments.adopt_pins:
        _adopt_pins(session)
    wanted = providers.render_committed(session.manifest)
    if arguments.check:
        _check(session, wanted)
        paths_by_change = {"unchanged": sorted(wanted)}
    else:
        applied = drift.apply(find_top(session), wanted)
        paths_by_change = {"written": sorted(applied.written), "removed": sorted(applied.removed)}
    if arguments.common.json:
        session.show(format_json(paths_by_change))
    else:
        lines = [f"{what} {path}" for what, paths in paths_by_change.items() for path in paths]
        session.show("\n".join(lines) or "nothing to write: the pipelines are up to date")
    if wanted and not arguments.check:
        for problem in tool_check.find_problems(session.manifest, root=find_top(session)):
            session.reporter.say(f"warning: {problem}")


def _adopt_pins(session: Session) -> None:
    """Write the actions that differ between workflow and manifest into the manifest."""
    wanted = providers.render_committed(session.manifest)
    present_by_path = drift.read(find_top(session), wanted)
    moved: dict[str, str] = {}
    for path, text in wanted.items():
        moved |= pin_changes.find_moved_pins(present_by_path.get(path, text), text)
    adopted = pin_changes.name_actions(moved, choose_actions(session.manifest.github))
    if not adopted:
        what = "no workflow differs in nothing but the commits of its actions"
        raise UsageError(Problem(place="generate", what=what, hint="wheelyard generate --check"))
    session.write(session.manifest_path, _edit_manifest(session, adopted))
    for action, reference in sorted(adopted.items()):
        session.reporter.say(f"github.actions.{action}: {reference}")
    # What stands in the file now is read again.
    del session.manifest


def _edit_manifest(session: Session, reference_by_action: Mapping[ActionName, str]) -> str:
    """Return the manifest's text with the actions; an edit that changes more is refused."""
    manifest, path = session.manifest, session.manifest_path
    github = dataclasses.replace(
        manifest.github, actions={**manifest.github.actions, **reference_by_action}
    )
    expected = dataclasses.replace(manifest, github=github)
    text = read_text(path)
    try:
        for action, reference in sorted(reference_by_action.items()):
            text = editing.set_text(text, ("github", "actions", action), reference)
        if reading.read(text, source=path.name) == expected:
            return text
    except (editing.Uneditable, ManifestError):
        pass
    rows = ", ".join(f'{action}: "{text}"' for action, text in sorted(reference_by_action.items()))
    what = "its layout does not allow an edit that changes nothing else"
    hint = f"write it by hand: github: {{actions: {{{rows}}}}}"
    raise UsageError(Problem(place=path.name, what=what, hint=hint))


def _check(session: Session, wanted: Mapping[str, str]) -> None:
    """Raise ``Drift`` with every difference of the pipelines and of what they install."""
    problems: list[Problem] = []
    try:
        drift.check(find_top(session), wanted)
    except Drift as error:
        problems += error.problems
    if wanted:
        problems += tool_check.find_problems(session.manifest, root=find_top(session))
    if problems:
        raise Drift(*problems)
