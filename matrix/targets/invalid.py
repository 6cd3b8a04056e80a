"""What is wrong with a target as it was written; the manifest's reader adds the place."""

from typing import Final

PROBE: Final = "python -m matrix targets --probe prints this machine's"


class InvalidTarget(ValueError):
    """Text that names no interpreter or platform of ours, and what to type instead."""

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint
