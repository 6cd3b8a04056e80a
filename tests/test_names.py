"""One language (docs/glossary.md): verbs for functions, nouns for values, one word for a thing."""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import matrix

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = Path(matrix.__file__).parent
SOURCES: Final = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
    # Programs for other interpreters are data of a room, not modules of it.
    if "scripts" not in path.parts
}

VERBS_IN_ED: Final = frozenset({"embed", "exceed", "feed", "need", "proceed", "seed", "shed"})
PARTICIPLES: Final[frozenset[str]] = frozenset()
"""Functions that are named by a participle all the same, each with its reason."""

VAGUE: Final = frozenset({"told", "asked", "made", "found", "said", "kept", "listed"})
PRONOUNS: Final = re.compile(
    r"\b(nobody|somebody|anybody|everybody|whoever|whatever|whichever|whomever)\b", re.IGNORECASE
)
MOST_PRONOUNS: Final = 5

# Names that are mappings in everybody's vocabulary: what the key is needs no word.
MAPPINGS: Final = frozenset(
    {
        "config_settings",  # PEP 517
        "environment",  # environment variables
        "fields",  # of a form or a document, by name
        "headers",  # HTTP
        "marker_environment",  # PEP 508
        "options",
        "pip_options",
        "pins",  # project to version
        "proxies",  # scheme to address, as in urllib
        "variables",  # environment variables
    }
)
# The keys of packages.yaml are named by their users; resolvelib names the arguments of providers.
NAMED_BY_OTHERS: Final = (
    "manifest/model.py",
    "manifest/network.py",
    "manifest/recipe.py",
    "manifest/runner.py",
    "manifest/services.py",
    "manifest/policy.py",
    "verify/prove.py",
)


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for module, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield f"{module}:{node.lineno} {node.name}", node


def is_property(node: ast.FunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_no_participle_names_a_function() -> None:
    wrong = [
        place
        for place, node in functions()
        if node.name not in PARTICIPLES and not is_property(node)
        for word in [node.name.strip("_").split("_")[0]]
        if word in VAGUE or (word.endswith("ed") and word not in VERBS_IN_ED)
    ]

    assert wrong == []


def test_no_value_has_a_vague_name() -> None:
    wrong = [
        f"{module}:{node.lineno} {name}"
        for module, tree in SOURCES.items()
        for node in ast.walk(tree)
        for name in [_stored_name(node)]
        if name in VAGUE and isinstance(node, ast.expr | ast.arg)
    ]

    assert wrong == []


def _stored_name(node: ast.AST) -> str:
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return ""


def test_no_module_name_stands_in_three_rooms() -> None:
    stems = Counter(Path(module).stem for module in SOURCES if "__" not in Path(module).stem)

    assert [stem for stem, count in stems.items() if count > 2] == []


def test_pronouns_do_not_stand_for_nouns() -> None:
    places = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if PRONOUNS.search(line)
    ]

    assert len(places) <= MOST_PRONOUNS, places


def test_a_mapping_says_both_sides() -> None:
    wrong = [*_fields(), *_parameters()]

    assert wrong == []


def _fields() -> Iterator[str]:
    for module, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and "dataclass" in "".join(
                map(ast.unparse, node.decorator_list)
            ):
                for part in node.body:
                    if (
                        isinstance(part, ast.AnnAssign)
                        and isinstance(part.target, ast.Name)
                        and _is_unnamed(module, part.target.id, part.annotation)
                    ):
                        yield f"{module}:{part.lineno} {node.name}.{part.target.id}"


def _parameters() -> Iterator[str]:
    for place, node in functions():
        module = place.partition(":")[0]
        if not node.name.startswith("_"):
            for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                if _is_unnamed(module, argument.arg, argument.annotation):
                    yield f"{place}({argument.arg})"


def _is_unnamed(module: str, name: str, annotation: ast.expr | None) -> bool:
    if annotation is None or name in MAPPINGS or "_by_" in name or module in NAMED_BY_OTHERS:
        return False
    text = ast.unparse(annotation).strip("'\"")
    # A document as parsed JSON has keys of many kinds.
    return text.startswith(("Mapping[", "dict[")) and not text.endswith(("[str, Any]", "object]"))


def glossary() -> dict[str, frozenset[str]]:
    """Each word with those that it replaces."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")][1:]
    return {
        word.strip(): frozenset(filter(None, map(str.strip, others.split(","))))
        for words, _, others in rows
        for word in words.split(",")
    }


def schema_words() -> dict[str, set[str]]:
    """Every word of a key in the published schemas, with the schemas that use it."""
    schemas_by_word: dict[str, set[str]] = {}
    for path in sorted((ROOT / "docs").glob("*.schema.json")):
        for key in _keys(json.loads(path.read_text(encoding="utf-8"))):
            for word in re.split("[_-]", key):
                schemas_by_word.setdefault(word, set()).add(path.name.partition(".")[0])
    return schemas_by_word


def _keys(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for value in schema.values():
            yield from _keys(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _keys(value)


# Schema 1 of the record is read by every far side that is in use; schema 2 renames these.
OLD_WORDS: Final = {"wishes": {"bundle"}, "root": {"bundle", "lock"}}


def test_the_keys_of_the_schemas_use_the_words_of_the_glossary() -> None:
    schemas_by_word = schema_words()
    replaced = {other for others in glossary().values() for other in others}
    used = {
        word: schemas
        for other in replaced
        for word in (other, f"{other}s", f"{other}es")
        if (schemas := schemas_by_word.get(word, set()) - OLD_WORDS.get(word, set()))
    }

    assert used == {}


def test_every_document_of_the_flow_is_in_the_glossary() -> None:
    words = glossary()
    documents = {"packages": "manifest", "lock": "lock", "bundle": "bundle", "parts": "parts"}

    assert [word for word in documents.values() if word not in words] == []
    assert {"lane", "cell", "job class", "content key", "proof"} <= words.keys()
