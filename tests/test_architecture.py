"""The order of rooms, and of modules: imports point up, and none comes back."""

import ast
import graphlib
import sys
from pathlib import Path

import matrix

ROOMS = (
    "errors",
    "edge",
    "distributions",
    "record",
    "verify",
    "destinations",
    "farside",
    "documents",
    "targets",
    "manifest",
    "index",
    "policy",
    "resolve",
    "configurations",
    "plan",
    "pipelines",
    "builds",
    "toolchain",
    "store",
    "gates",
    "bundle",
    "report",
    "exports",
    "cli",
)
FAR_SIDE = ROOMS[: ROOMS.index("farside") + 1]
CARRIED_ALONG = {"packaging", "resolvelib", "matrix", "_typeshed"}
EXTRAS = {"matrix.destinations.s3_bucket": {"boto3", "botocore"}}
"""What a module imports when it is used, and names when it is not installed."""
PACKAGE = Path(matrix.__file__).parent
LONGEST_MODULE = 350
LONGEST_FUNCTION = 60


def modules() -> dict[str, ast.Module]:
    """Every module's syntax tree by its dotted name."""
    return {
        ".".join(("matrix", *path.relative_to(PACKAGE).with_suffix("").parts)): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parent.name != "scripts"  # programs for other interpreters: nothing imports them
    }


def imported(tree: ast.Module) -> set[str]:
    """Dotted names of everything a module imports, for types too."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide from this test"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_every_room_is_in_the_list() -> None:
    rooms = {room(name) for name in modules()}

    assert rooms - {"__init__", "__main__"} == set(ROOMS)


def test_imports_point_up() -> None:
    order = {name: place for place, name in enumerate(ROOMS)}
    wrong = [
        f"{name} imports {other}"
        for name, tree in modules().items()
        for other in imported(tree)
        if other.startswith("matrix.")
        and room(name) in order
        and room(other) in order
        and order[room(other)] > order[room(name)]
    ]

    assert wrong == []


def test_no_module_is_imported_by_what_it_imports() -> None:
    """Deferred imports and those for types count: a cycle that works today is a trap tomorrow."""
    trees = {name.removesuffix(".__init__"): tree for name, tree in modules().items()}

    def find_module(name: str) -> str:
        while name not in trees:
            name = name.rpartition(".")[0]
        return name

    graph = {
        name: {find_module(other) for other in imported(tree) if other.startswith("matrix.")}
        - {name, "matrix"}
        for name, tree in trees.items()
    }

    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError with the modules


def test_the_far_side_needs_nothing_that_does_not_travel() -> None:
    # edge.progress draws with rich; the far side is told its progress through a function instead.
    standard = sys.stdlib_module_names
    wrong = [
        f"{name} imports {other}"
        for name, tree in modules().items()
        if room(name) in FAR_SIDE and name != "matrix.edge.progress"
        for other in imported(tree)
        if other.partition(".")[0] not in CARRIED_ALONG | standard | EXTRAS.get(name, set())
        or other.startswith("matrix.edge.progress")
    ]

    assert wrong == []


def test_arguments_are_typed_in_one_place() -> None:
    # ``vars(parse_args())`` in main is read by ``arguments.parse_values`` alone.
    untyped = {"Namespace", "set_defaults", "getattr", "setattr", "import_module"}
    wrong = [
        f"{name}: {ast.unparse(node)}"
        for name, tree in modules().items()
        if room(name) == "cli"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in untyped)
        or (isinstance(node, ast.Name) and node.id in untyped)
    ]

    assert wrong == []


def test_the_environment_is_read_in_the_command_line_only() -> None:
    wrong = [
        name
        for name, tree in modules().items()
        if room(name) != "cli" and name != "matrix.farside.command"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "chdir", "getcwd"}
    ]

    assert wrong == []


def test_modules_and_functions_stay_readable() -> None:
    long_modules = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE
    ]
    long_functions = [
        f"{name}.{node.name}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]

    assert (long_modules, long_functions) == ([], [])
