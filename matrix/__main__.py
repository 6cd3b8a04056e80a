"""``python -m matrix``; even CPython 2.7 can read this file, which says what is needed."""

import sys

EXPECTED = (3, 11, 4)

if sys.version_info < EXPECTED:
    sys.stderr.write(
        "matrix: expected Python %d.%d.%d or newer, got %d.%d.%d\n"  # noqa: UP031 - CPython 2.7
        % (EXPECTED + tuple(sys.version_info[:3]))
    )
    sys.exit(14)

if __name__ == "__main__":
    from matrix.cli import main

    sys.exit(main(program="python -m matrix"))
