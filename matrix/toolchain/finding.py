"""One line of the output of ``runner check``."""

import dataclasses

from matrix.errors import printable


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One subject, and either what is present or what is lacking and how to mend it."""

    subject: str
    detail: str = ""
    lacks: str = ""
    hint: str = ""
    lines: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        return not self.lacks

    def __str__(self) -> str:
        text = f"{self.subject}: {self.lacks or self.detail}"
        if self.is_ok:
            return f"ok     {printable(text)}"
        hint = (f"do: {self.hint}",) if self.hint else ()
        return "\n         ".join(map(printable, (f"lacks  {text}", *self.lines, *hint)))
