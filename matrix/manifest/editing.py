"""
Edits of ``packages.yaml`` that keep comments, order and style.

The text is spliced at the marks of its YAML nodes, and never written anew. The caller reads the
result again and compares: an odd layout must end in an error, not in another manifest.
"""

import json
from collections.abc import Sequence

import yaml


class Uneditable(ValueError):
    """A manifest whose layout has no place for the value."""


def set_text(text: str, path: Sequence[str], value: str) -> str:
    r"""
    ``text`` with the scalar ``value`` at ``path``, whose mappings are added where they are missing.

    >>> print(set_text("github: {branch: main} # ours\n", ["github", "actions", "a"], "b"), end="")
    github: {actions: {a: "b"}, branch: main} # ours
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        raise Uneditable("expected a mapping")
    for depth, name in enumerate(path):
        child = _find(node, name)
        if child is None:
            return _insert(text, node, path[depth:], value)
        if depth == len(path) - 1:
            start, end = child.start_mark.index, child.end_mark.index
            return f"{text[:start]}{json.dumps(value)}{text[end:]}"
        if not isinstance(child, yaml.MappingNode):
            raise Uneditable(f"{'.'.join(path[: depth + 1])}: expected a mapping")
        node = child
    raise Uneditable("expected the path of a key")


def _find(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((child for key, child in node.value if key.value == name), None)


def _insert(text: str, node: yaml.MappingNode, path: Sequence[str], value: str) -> str:
    """Put the rest of a path before the first key of a mapping, in the style of the mapping."""
    name, *inner = path
    flow = json.dumps(value)
    for key in reversed(inner):
        flow = f"{{{key}: {flow}}}"
    if node.flow_style or not node.value:
        # After the opening brace.
        place = node.start_mark.index + 1
        separator = ", " if node.value else ""
        return f"{text[:place]}{name}: {flow}{separator}{text[place:]}"
    first = node.value[0][0].start_mark
    indent = " " * first.column
    lines = [f"{name}:" if inner else f"{name}: {json.dumps(value)}"]
    for depth, key in enumerate(inner, start=1):
        end = f" {json.dumps(value)}" if depth == len(inner) else ""
        lines.append(f"{indent}{'  ' * depth}{key}:{end}")
    if first.column == 0:
        # A whole section belongs after the others, not above the first.
        return f"{text.rstrip()}\n" + "\n".join(lines) + "\n"
    block = "\n".join(lines)
    return f"{text[: first.index]}{block}\n{indent}{text[first.index :]}"
