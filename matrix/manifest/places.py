"""Line numbers of keys in ``packages.yaml``, for messages after it was read."""

from collections.abc import Iterable

import yaml

from matrix.manifest import reading


def lines(text: str, paths: Iterable[tuple[str | int, ...]], *, source: str) -> tuple[int, ...]:
    r"""
    The line of each path of keys and positions; of its last existing step, if it is absent.

    >>> lines("a: 1\nb: {c: 2,\n  d: [3]}\n", [("b", "d", 0), ("b", "x")], source="x.yaml")
    (3, 2)
    """
    root = reading.compose(text, source)
    return tuple(_line(root, path) for path in paths)


def _line(node: yaml.Node, path: tuple[str | int, ...]) -> int:
    line = node.start_mark.line
    for step in path:
        entry = _step(node, step)
        if entry is None:
            break
        key, node = entry
        line = key.start_mark.line
    return line + 1


def _step(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The entry at ``step`` of a node: its first node, and its value."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
