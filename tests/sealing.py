"""What sealing needs and most tests do not look at."""

from collections.abc import Mapping

from matrix.distributions.wheel import Wheel
from matrix.record import layout
from matrix.record.schema import Record


def describe_nothing(record: Record, wheels: tuple[Wheel, ...]) -> Mapping[str, str]:
    """Texts for people that say nothing."""
    del record, wheels
    return {layout.NOTES: "notes\n", layout.PAGE: "<!doctype html>\n"}
