"""One line of the output of ``runner check``."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One subject, and either what is present or what is lacking and how to mend it."""

    subject: str
    detail: str = ""
    lacks: str = ""
    hint: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.lacks

    def __str__(self) -> str:
        text = f"{self.subject}: {self.lacks or self.detail}"
        if self.is_ok:
            return f"ok     {text}"
        return f"lacks  {text}" + (f"\n         do: {self.hint}" if self.hint else "")
