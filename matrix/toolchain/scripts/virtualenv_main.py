"""The main module of ``virtualenv.pyz``."""

import sys

from virtualenv.__main__ import run_with_catch

if __name__ == "__main__":
    run_with_catch(sys.argv[1:])
