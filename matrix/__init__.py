"""The wheel matrix: requirements in, a proven bundle of wheels out."""

from typing import Final

__version__: Final = "0.1.0"
