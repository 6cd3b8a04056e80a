"""One answer of ``runner check``."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was asked, and either what is there or what is lacking and what to do about it."""

    subject: str
    detail: str = ""
    lacks: str = ""
    hint: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.lacks

    def __str__(self) -> str:
        said = f"{self.subject}: {self.lacks or self.detail}"
        if self.is_ok:
            return f"ok     {said}"
        return f"lacks  {said}" + (f"\n         do: {self.hint}" if self.hint else "")
