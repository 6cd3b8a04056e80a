"""JSON text as plain values, with the line of what is not JSON."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn


class InvalidDocument(ValueError):
    """Text that is not the document that was expected; ``where`` is the place in its values."""

    def __init__(self, what: str, *, where: str = "", line: int = 0, hint: str = "") -> None:
        self.what = what
        self.where = where
        self.line = line
        self.hint = hint
        super().__init__(what)

    def inside(self, step: str) -> "InvalidDocument":
        """The same in a larger value, of which ``step`` leads to this one."""
        return InvalidDocument(self.what, where=f"{step}{self.where}", hint=self.hint)


def load(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value that ``text`` is; every key stands once, every number and character is portable."""
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        loaded = json.loads(
            decoded,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
        )
        decoded.encode("utf-8")
        if "\\" in decoded:
            json.dumps(loaded, ensure_ascii=False).encode("utf-8")
    except InvalidDocument:
        raise
    except json.JSONDecodeError as error:
        raise InvalidDocument(f"not JSON: {error.msg}", line=error.lineno) from error
    except UnicodeDecodeError as error:
        what = f"expected UTF-8, got byte 0x{error.object[error.start]:02x}"
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidDocument(what, line=line) from error
    except UnicodeEncodeError as error:
        raise InvalidDocument("expected UTF-8, got half of a surrogate pair") from error
    except RecursionError as error:
        raise InvalidDocument("nested too deeply") from error
    except ValueError as error:
        # int() says so of more than 4,300 digits.
        raise InvalidDocument("not JSON: a number of too many digits") from error
    return loaded


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    # JSON lets the last of two equal keys win; what a careless merge leaves would lose rows.
    loaded = dict(pairs)
    if len(loaded) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in loaded if names.count(name) > 1)
        raise InvalidDocument(f"key {repeated!r} stands twice in one object")
    return loaded


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidDocument(f"expected a number, got {name}")
