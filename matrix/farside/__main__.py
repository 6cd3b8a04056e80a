"""``python -m matrix.farside``."""

import sys

from matrix.farside.command import main

if __name__ == "__main__":
    sys.exit(main())
