"""
Templates, and the only doors through which a value enters one.

A template cannot print anything that did not pass a filter of this module: the environment refuses
it. So no text of a manifest can change the YAML around it, become an expression of the service, or
reach a shell as code.
"""

import dataclasses
import functools
import importlib.resources
import json
import re
from collections.abc import Callable, Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from matrix.errors import ManifestError, Problem
from matrix.manifest.runner import PYTHON

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """The YAML of one service, which replaces text that starts with ``expansion`` in any value."""

    service: str
    expansion: str


class Delimiters(TypedDict):
    """The arguments of Jinja that say how a template marks what is replaced."""

    variable_start_string: str
    variable_end_string: str
    block_start_string: str
    block_end_string: str
    comment_start_string: str
    comment_end_string: str


# GitHub writes ${{ }}, shells ${ } and [[ ]], scripts { }: three braces collide with none of them.
DELIMITERS: Final = Delimiters(
    variable_start_string="{{{",
    variable_end_string="}}}",
    block_start_string="{{%",
    block_end_string="%}}",
    comment_start_string="{{#",
    comment_end_string="#}}",
)

PLAIN: Final = Syntax(service="", expansion="")

_WORD: Final = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._+!/@-]*")


class Unsafe(ValueError):
    """A value that a template must not print."""


class Passed(str):
    """Text that went through a filter."""

    __slots__ = ()


def scalar(value: str, *, syntax: Syntax) -> Passed:
    """
    A double-quoted YAML scalar of printable ASCII that reads back as ``value``.

    >>> print(scalar("3.10", syntax=PLAIN), scalar("a # b: 'c'", syntax=PLAIN))
    "3.10" "a # b: 'c'"
    """
    expansion = syntax.expansion
    if expansion and expansion in value:
        raise Unsafe(
            f"expected a value without {expansion!r}, which {syntax.service} expands, got {value!r}"
        )
    if not value.isprintable():
        raise Unsafe(f"expected one line of printable characters, got {value!r}")
    return Passed("".join(map(_escape, json.dumps(value, ensure_ascii=False))))


def scalars(values: Iterable[str], *, syntax: Syntax) -> Passed:
    """A YAML list of ``values``."""
    return Passed(f"[{', '.join(scalar(value, syntax=syntax) for value in values)}]")


def number(value: int) -> Passed:
    """``value`` in digits."""
    return Passed(f"{value:d}")


def word(value: str) -> Passed:
    """``value`` as it is, when it means itself to YAML, to every shell and in every expression."""
    if not _WORD.fullmatch(value):
        expected = "expected letters, digits and . _ + ! / @ - only"
        raise Unsafe(f"{expected}, got {value!r}")
    return Passed(value)


def line(value: str) -> Passed:
    """
    A double-quoted YAML scalar that is a line of a shell, written by the manifest's author.

    Variables of the shell stay in it; what a service replaces before the shell starts does not.
    """
    for expansion in ("${{", "$[["):
        if expansion in value:
            raise Unsafe(f"expected a line without {expansion!r}, got {value!r}")
    return scalar(value, syntax=PLAIN)


def command(value: str) -> Passed:
    """The words of ``value``, when each means itself to YAML, to every shell and expression."""
    if not re.fullmatch(PYTHON.pattern, value):
        raise Unsafe(f"expected {PYTHON.expected}, got {value!r}")
    return Passed(value)


def render(
    template: str, *, syntax: Syntax, source: str, value_by_name: Mapping[str, object]
) -> str:
    """The text of ``template`` with ``fields``; a refused value is reported as of ``source``."""
    try:
        return _environment(syntax).get_template(template).render(value_by_name)
    except Unsafe as error:
        raise ManifestError(Problem(place=source, what=str(error))) from error


def _escape(character: str) -> str:
    if character.isascii():
        return character
    # YAML has an escape of eight digits where JSON writes a pair of surrogates.
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004 - BMP


def _require_passed(value: object) -> str:
    if not isinstance(value, Passed):
        raise TypeError(f"a template prints {value!r} without a filter")
    return value


@functools.cache
def _environment(syntax: Syntax) -> "Environment":
    # ``check`` reads the facts of the services and renders nothing.
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(  # noqa: S701 - YAML, and every value is quoted or refused
        loader=FunctionLoader(read_template),
        undefined=StrictUndefined,
        finalize=_require_passed,
        **DELIMITERS,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Callable[..., Passed]] = {
        "command": command,
        "line": line,
        "number": number,
        "scalar": functools.partial(scalar, syntax=syntax),
        "scalars": functools.partial(scalars, syntax=syntax),
        "word": word,
    }
    environment.filters.update(filters)
    return environment


def read_template(name: str) -> str:
    """The text of the file ``name`` of the templates."""
    return (_find_templates() / name).read_text(encoding="utf-8")


def _find_templates() -> Traversable:
    """The installed wheel carries the templates inside the package, a checkout beside it."""
    package = importlib.resources.files("matrix")
    inside = package / "templates"
    return inside if inside.is_dir() else Path(str(package)).parent / "templates"
