"""
How long a wheel took, noted beside it: ``NAME.whl.seconds``, one whole number.

Jobs hand over their wheels as files, so that is how their durations travel to the bundle's record,
and from there to the next plan, which packs jobs by them. A note that is missing or damaged means
that nothing is known: an estimate does not decide what is built.
"""

from pathlib import Path

from matrix.edge import files


def write_duration(wheel: Path, seconds: int) -> None:
    """Write the seconds that the build of ``wheel`` took."""
    files.write(_note_path(wheel), f"{seconds}\n")


def read_duration(wheel: Path) -> int:
    """The seconds that the build of ``wheel`` took; 0 when unknown."""
    try:
        text = _note_path(wheel).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return 0
    return int(text) if text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004 - eleven days


def _note_path(wheel: Path) -> Path:
    return wheel.with_name(f"{wheel.name}.seconds")
