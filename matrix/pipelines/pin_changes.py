"""
Pins that a bot has moved in a generated file: the actions of a workflow, at another commit.

Services that offer updates change the file that they find, and ``generate`` would undo it. Where
nothing else differs, the change can be taken into the manifest instead.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Final

from matrix.manifest.services import ActionName
from matrix.pipelines.pins import Action

_USES: Final = re.compile(
    r"(?P<before> *(?:- )?uses: )"
    r"(?P<reference>(?P<name>[\w.-]+(?:/[\w.-]+)+)@[0-9a-f]{40}(?: # [\w.+-]+)?)"
)


def find_moved_pins(present: str, generated: str) -> dict[str, str]:
    """
    Each action's name to its new reference, where two texts differ in nothing else.

    Nothing, where they differ in more, where an action became another one, or where one action has
    two references.
    """
    moved: dict[str, str] = {}
    for was, wanted in itertools.zip_longest(present.splitlines(), generated.splitlines()):
        if was == wanted:
            continue
        ours, theirs = _USES.fullmatch(wanted or ""), _USES.fullmatch(was or "")
        if ours is None or theirs is None:
            return {}
        if any(ours[part] != theirs[part] for part in ("before", "name")):
            return {}
        if moved.setdefault(theirs["name"], theirs["reference"]) != theirs["reference"]:
            return {}
    if any(f"{name}@" in line for name in moved for line in _list_common(present, generated)):
        return {}
    return moved


def name_actions(
    reference_by_name: Mapping[str, str], action_by_key: Mapping[ActionName, Action]
) -> dict[ActionName, str]:
    """The same by the manifest's own names of actions."""
    return {
        key: reference_by_name[action.name]
        for key, action in action_by_key.items()
        if action.name in reference_by_name
    }


def _list_common(present: str, generated: str) -> list[str]:
    pairs = zip(present.splitlines(), generated.splitlines(), strict=False)
    return [was for was, wanted in pairs if was == wanted]
