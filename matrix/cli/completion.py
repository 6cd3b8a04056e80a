"""``completion``: a script with which a shell completes verbs, options and files."""

import argparse
import dataclasses
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session

DESCRIPTION: Final = "Print a script with which bash or zsh completes verbs, options and files."
EXAMPLES: Final = (
    'eval "$(wheelyard completion bash)"',
    "wheelyard completion zsh > ~/.zfunc/_wheelyard",
)

_DIRECTORIES: Final = frozenset({"DIR", "BUNDLE"})
_FILES: Final = frozenset({"FILE", "PATH", "DESTINATION"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    shell: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh"], help="whose script to print")


def run(session: Session, arguments: Arguments) -> None:
    """Print the script for a shell."""
    parser = session.make_parser()
    session.printer.show_program(render_script(arguments.shell, parser))


def render_script(shell: str, parser: argparse.ArgumentParser) -> str:
    """Render the script for a parser of all verbs."""
    import shtab  # noqa: PLC0415 - only this verb needs it

    for action in _list_actions(parser):
        if action.metavar in _DIRECTORIES:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # where shtab reads it
        elif action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # the same
    script: str = shtab.complete(parser, shell)
    return script


def _list_actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """List the options of a parser and of the verbs below it."""
    actions = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way
        actions.append(action)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for verb in action.choices.values():
                actions += _list_actions(verb)
    return actions
