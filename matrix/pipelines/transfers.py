"""
What the jobs of GitHub's workflow hand to each other: the uploads and downloads of artifacts.

Everything that an attempt makes carries the attempt in its name, because a second one would find
the first one's artifact in its place; readers take the highest attempt.
"""

import dataclasses
from typing import Final

from matrix.manifest.operations import RELEASE_DAYS, Keep
from matrix.pipelines.scalar import Passed, number

PATTERN: Final = "wheels-*"
SINGLE_ARTIFACTS: Final = ("plan", "report", "upgrade", "store-index", "bundle", "signature")
"""The artifacts of a run besides those of each job."""
_NONE: Final = Passed("")
_ERROR: Final = Passed("error")
IS_REQUEST: Final = Passed("github.event_name == 'pull_request'")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One artifact, as the job that makes it keeps it."""

    id: str
    """Of the step, by whose outcome a second one follows."""
    label: Passed
    name: Passed
    path: Passed
    days: Passed
    when: Passed = _NONE
    """Empty: when every step before it succeeded."""
    missing: Passed = _ERROR
    """What happens without any file: ``error`` or ``ignore``."""
    is_tried_again: bool = True
    """Where it is not, losing it does not fail the job either."""
    is_compressed: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One artifact, or those of a pattern, as a job fetches it."""

    id: str
    label: Passed
    name: Passed = _NONE
    pattern: Passed = _NONE
    path: Passed
    when: Passed = _NONE


def list_uploads(keep: Keep, *, is_release: Passed, has_parts: bool) -> dict[str, Upload]:
    """
    The uploads of all jobs, by the name that templates have for them.

    ``is_release`` is the condition of a release; ``has_parts`` whether other bundles are packed,
    too.
    """
    uploads = (
        *_list_of_planning(keep, is_release=is_release),
        *_list_of_builds(keep),
        *_list_of_bundles(keep, is_release=is_release, has_parts=has_parts),
    )
    return {upload.id.removeprefix("keep-"): upload for upload in uploads}


def _list_of_planning(keep: Keep, *, is_release: Passed) -> tuple[Upload, ...]:
    return (
        Upload(
            id="keep-plan",
            label=Passed("plan"),
            name=Passed("plan"),
            path=Passed("plan"),
            # A plan that is refused is what its author wants to read.
            when=Passed("!cancelled() && hashFiles('plan/plan.json') != ''"),
            days=_choose(is_release, max(keep.reports, RELEASE_DAYS), keep.reports),
            is_compressed=True,
        ),
        Upload(
            id="report",
            label=Passed("report"),
            name=Passed("report"),
            path=Passed("report"),
            when=Passed("!cancelled() && hashFiles('report/report.md') != ''"),
            days=number(keep.reports),
            is_tried_again=False,
            is_compressed=True,
        ),
        Upload(
            id="keep-upgrade",
            label=Passed("report"),
            name=Passed("upgrade"),
            path=Passed("upgrade"),
            days=number(keep.reports),
            is_tried_again=False,
            is_compressed=True,
        ),
    )


def _list_of_builds(keep: Keep) -> tuple[Upload, ...]:
    wheels = _choose(IS_REQUEST, keep.merge_requests, keep.wheels)
    is_done = "steps.build.outcome == 'success'"
    return (
        Upload(
            id="keep-wheels",
            label=Passed("wheels"),
            name=Passed("wheels-${{ matrix.job }}.${{ github.run_attempt }}"),
            path=Passed("wheels"),
            # What passed its tests is kept, also of a job that failed or was cancelled.
            when=Passed("always() && steps.build.outcome != 'skipped'"),
            days=wheels,
            missing=Passed(f"${{{{ {is_done} && 'error' || 'ignore' }}}}"),
        ),
        Upload(
            id="keep-logs",
            label=Passed("logs"),
            name=Passed("logs-${{ matrix.job }}.${{ github.run_attempt }}"),
            path=Passed("logs"),
            when=Passed("failure() || cancelled()"),
            days=number(keep.reports),
            missing=Passed("ignore"),
            is_tried_again=False,
            is_compressed=True,
        ),
        Upload(
            id="keep-index",
            label=Passed("index of the store"),
            name=Passed("store-index"),
            path=Passed("store-index"),
            days=wheels,
            is_compressed=True,
        ),
    )


def _list_of_bundles(keep: Keep, *, is_release: Passed, has_parts: bool) -> tuple[Upload, ...]:
    return (
        Upload(
            id="keep-bundle",
            label=Passed("bundle"),
            name=Passed("bundle"),
            path=Passed(
                "parts" if has_parts else f"${{{{ {is_release} && 'parts' || 'release' }}}}"
            ),
            # The bundles of merge requests are proven, and nothing reads them.
            when=Passed(
                "github.event_name != 'pull_request' && github.event_name != 'merge_group'"
            ),
            days=_choose(is_release, max(keep.bundles, RELEASE_DAYS), keep.bundles),
        ),
        Upload(
            id="keep-signature",
            label=Passed("signature"),
            name=Passed("signature"),
            path=Passed("signature"),
            days=number(max(keep.bundles, RELEASE_DAYS)),
        ),
    )


def list_downloads() -> dict[str, Download]:
    """The downloads of all jobs, by the name that templates have for them."""
    downloads = (
        Download(id="fetch-plan", label=Passed("plan"), name=Passed("plan"), path=Passed("plan")),
        Download(
            id="fetch-wheels",
            label=Passed("wheels"),
            pattern=Passed(PATTERN),
            path=Passed("wheels"),
            when=Passed("needs.plan.outputs.empty != 'true'"),
        ),
        Download(
            id="fetch-report", label=Passed("report"), name=Passed("report"), path=Passed("report")
        ),
        Download(
            id="fetch-bundle", label=Passed("bundle"), name=Passed("bundle"), path=Passed("parts")
        ),
        Download(
            id="fetch-signature",
            label=Passed("signature"),
            name=Passed("signature"),
            path=Passed("signature"),
        ),
    )
    return {download.id.removeprefix("fetch-"): download for download in downloads}


def _choose(condition: Passed, days: int, otherwise: int) -> Passed:
    if days == otherwise:
        return number(days)
    return Passed(f"${{{{ {condition} && {days} || {otherwise} }}}}")
