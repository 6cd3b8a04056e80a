"""The error of a target that cannot be parsed; the manifest's reader adds the place."""

from typing import Final

PROBE: Final = "wheelyard targets --probe prints this machine's"


class InvalidTarget(ValueError):
    """Text that is not a supported interpreter or platform, and what to write instead."""

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint
