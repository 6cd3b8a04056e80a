"""Expressions and the texts they stand in, evaluated by GitHub's own package."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_WHOLE: Final = re.compile(r"\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)
_PART: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_ASKS_STATUS: Final = re.compile(r"\b(success|failure|always|cancelled)\s*\(", re.IGNORECASE)


class InvalidExpression(ValueError):
    """What GitHub would refuse."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression sees: contexts, how things went so far, and the files of the job."""

    contexts: Mapping[str, Any]
    succeeded: bool = True
    failed: bool = False
    workspace: Path | None = None


class Expressions:
    """A running evaluator."""

    def __init__(self, ask: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        self._ask = ask

    def value(self, template: object, scope: Scope) -> object:
        """``template`` with its expressions evaluated; one that is nothing else keeps its type."""
        if isinstance(template, dict):
            return {key: self.value(each, scope) for key, each in template.items()}
        if isinstance(template, list):
            return [self.value(each, scope) for each in template]
        written = str(template)
        if whole := _WHOLE.fullmatch(written):
            return self._evaluate(whole[1], scope)["value"]
        return self.text(written, scope)

    def text(self, template: str, scope: Scope) -> str:
        """``template`` with its expressions evaluated and written in place."""
        return _PART.sub(lambda part: str(self._evaluate(part[1], scope)["text"]), template)

    def texts(self, templates: Mapping[str, str], scope: Scope) -> dict[str, str]:
        return {name: self.text(template, scope) for name, template in templates.items()}

    def holds(self, condition: str, scope: Scope) -> bool:
        """Whether an ``if`` lets its job or step run: success() is asked unless it asks itself."""
        if not condition.strip():
            return scope.succeeded
        whole = _WHOLE.fullmatch(condition)
        if whole is None and "${{" in condition:
            # GitHub evaluates the parts and takes the text around them, which is always true.
            raise InvalidExpression(f"an `if` that is always true: {condition!r}")
        expression = whole[1] if whole else condition
        if not _ASKS_STATUS.search(expression) and not scope.succeeded:
            return False
        value = self._evaluate(expression, scope)["value"]
        return isinstance(value, list | dict) or bool(value)

    def _evaluate(self, expression: str, scope: Scope) -> Mapping[str, Any]:
        status = {
            "success": scope.succeeded,
            "failure": scope.failed,
            "always": True,
            "cancelled": False,
        }
        answer = self._ask(
            {
                "expression": expression.strip(),
                "contexts": scope.contexts,
                "status": status,
                "workspace": str(scope.workspace or ""),
            }
        )
        if "error" in answer:
            raise InvalidExpression(f"{expression.strip()}: {answer['error']}")
        return answer
