"""Lines of PowerShell, read by tree-sitter's grammar: which commands, with which arguments."""

from collections.abc import Iterator
from typing import Final

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER: Final = Parser(Language(tree_sitter_powershell.language()))


class NotPowerShell(ValueError):
    """A line that the grammar does not read as a whole."""


def read_commands(line: str) -> list[tuple[str, ...]]:
    """
    The commands of ``line``: name and arguments as they are written, quotes included.

    >>> read_commands('py -3.12 -I "$env:A b"; exit 1')
    [('py', '-3.12', '-I', '"$env:A b"')]
    """
    tree = _PARSER.parse(line.encode())
    if tree.root_node.has_error:
        raise NotPowerShell(line)
    return [_read_words(node) for node in _walk(tree.root_node) if node.type == "command"]


def find_kinds(line: str) -> frozenset[str]:
    """The kinds of nodes in ``line``: a pipe, a variable, a statement."""
    return frozenset(node.type for node in _walk(_PARSER.parse(line.encode()).root_node))


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _read_words(command: Node) -> tuple[str, ...]:
    name = command.child_by_field_name("command_name")
    elements = command.child_by_field_name("command_elements")
    children = elements.children if elements else []
    words = [name, *(child for child in children if child.type != "command_argument_sep")]
    return tuple(word.text.decode() for word in words if word is not None and word.text)
