"""Where the manifest is, unless an option says otherwise: apart, because ``--help`` prints it."""

from pathlib import Path
from typing import Final

DEFAULT: Final = Path("packages.yaml")
