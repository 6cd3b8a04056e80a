"""Where a key stands in ``packages.yaml``, for whoever has to point at it after it was read."""

from collections.abc import Iterable

import yaml

from matrix.manifest import reading


def lines(text: str, paths: Iterable[tuple[str | int, ...]], *, source: str) -> tuple[int, ...]:
    r"""
    The line of each path of keys and positions; of the last step that is there, if it is not.

    >>> lines("a: 1\nb: {c: 2,\n  d: [3]}\n", [("b", "d", 0), ("b", "x")], source="x.yaml")
    (3, 2)
    """
    root = reading.compose(text, source)
    return tuple(_line(root, path) for path in paths)


def _line(node: yaml.Node, path: tuple[str | int, ...]) -> int:
    line = node.start_mark.line
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line
    return line + 1


def _step(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """What stands at ``step`` of a node: where it begins, and its value."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
