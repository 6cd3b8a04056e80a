"""
Name every line and branch of the pure rooms and the verifier that no test runs, and fail.

Reads ``.coverage``, which ``pytest --cov`` has written. A ``pragma: no cover`` needs its reason on
the line: a hole in the tests is written down, or it is closed.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
COMPLETE: Final = (
    "matrix/destinations/static.py",
    "matrix/plan/",
    "matrix/policy/",
    "matrix/record/",
    "matrix/targets/",
    "matrix/verify/",
)
"""Rooms and modules whose every line and branch a test runs."""
_PRAGMA: Final = re.compile(r"pragma: no cover(?! - \w)")


def read_report() -> Mapping[str, Any]:
    """The report of ``coverage json``, by file."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "coverage.json"
        command = [sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(path)]
        subprocess.run(command, cwd=ROOT, check=True)
        report: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {name.replace("\\", "/"): file for name, file in report["files"].items()}


def find_gaps(files: Mapping[str, Any]) -> Iterator[str]:
    """One line for each line or branch that was not run, and for each pragma without a reason."""
    for name in sorted(name for name in files if name.startswith(COMPLETE)):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        for number in files[name]["missing_lines"]:
            yield f"{name}:{number}: never run: {lines[number - 1].strip()}"
        for start, end in files[name]["missing_branches"]:
            where = f"line {end}" if end > 0 else "the end"
            yield f"{name}:{start}: never goes to {where}: {lines[start - 1].strip()}"
        for number, line in enumerate(lines, start=1):
            if _PRAGMA.search(line):
                yield f"{name}:{number}: `pragma: no cover` without ` - REASON`"


def main() -> int:
    """Print a table of rooms and every gap; return 1 if there is one."""
    files = read_report()
    for place in COMPLETE:
        summaries = [files[name]["summary"] for name in files if name.startswith(place)]
        counts = [sum(summary[key] for summary in summaries) for key in _KEYS]
        total, run = counts[0] + counts[1], counts[2] + counts[3]
        print(f"{place:32} {100 * run / total if total else 0:6.2f} %  of {total}")
    gaps = list(find_gaps(files))
    print("\n".join(gaps))
    return 1 if gaps or not files else 0


_KEYS: Final = ("num_statements", "num_branches", "covered_lines", "covered_branches")


if __name__ == "__main__":
    sys.exit(main())
