"""What sealing needs and most tests do not look at."""

from collections.abc import Mapping

from matrix.bundle.sealing import Placed
from matrix.record import layout
from matrix.record.schema import Record


def describe_nothing(record: Record, placed: tuple[Placed, ...]) -> Mapping[str, str]:
    """Texts for people that say nothing."""
    del record, placed
    return {layout.NOTES: "notes\n", layout.PAGE: "<!doctype html>\n", layout.SBOM: "{}\n"}
