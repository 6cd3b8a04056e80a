"""
Builds as a JUnit report, which GitLab shows in a merge request.

Its reader takes ``testcase`` with ``failure``, ``error`` or ``skipped`` ("Unit test reports"); the
names of cases must be unique in a suite.
"""

import re
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from matrix.report.outcomes import Outcome

# XML 1.0 has no way to write these, not even as references.
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(outcomes: Iterable[Outcome]) -> str:
    """Render one suite a job and one case a build."""
    by_job: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_job.setdefault(outcome.job, []).append(outcome)
    suites = [_render_suite(job, rows) for job, rows in sorted(by_job.items())]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{"".join(suites)}</testsuites>\n'


def _render_suite(job: str, outcomes: list[Outcome]) -> str:
    failed = sum(outcome.result == "failed" for outcome in outcomes)
    errors = sum(outcome.result == "not built" for outcome in outcomes)
    counts = f'tests="{len(outcomes)}" failures="{failed}" errors="{errors}"'
    cases = "".join(map(_render_case, outcomes))
    return f"<testsuite name={_quote(job)} {counts}>\n{cases}</testsuite>\n"


def _render_case(outcome: Outcome) -> str:
    name = _quote(f"{outcome.project} {outcome.version}")
    start = f"<testcase classname={_quote(outcome.job)} name={name}"
    if outcome.result == "built":
        return f"{start}/>\n"
    kind = "failure" if outcome.result == "failed" else "error"
    lines = [outcome.what, *(f"  {line}" for line in outcome.lines)]
    lines += [f"hint: {outcome.hint}"] if outcome.hint else []
    lines += [f"log: {outcome.log}"] if outcome.log else []
    lines.append(f"targets: {', '.join(outcome.targets)}")
    text = escape(_clean("\n".join(lines)))
    return f"{start}>\n<{kind} message={_quote(outcome.what)}>{text}</{kind}>\n</testcase>\n"


def _quote(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
