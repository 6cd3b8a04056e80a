"""
What one run of a pipeline is, from the variables that the CI service sets for its jobs.

GitHub says some of it in the event's payload alone (``GITHUB_EVENT_PATH``), whose text the caller
reads. The variables are those of "Variables reference" (GitHub) and "Predefined CI/CD variables
reference" (GitLab). What is written into a record or compared for trust must have its form: a job
could set any of these variables.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from matrix.errors import Problem, UsageError

ProviderName = Literal["github", "gitlab"]

_FORMS: Final[Mapping[str, tuple[str, re.Pattern[str]]]] = {
    "repository": ("OWNER/NAME", re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+")),
    "number": ("a number from 1", re.compile(r"[1-9][0-9]{0,18}")),
    "commit": ("40 or 64 hexadecimal digits", re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")),
    "address": ("an address with https:// or http://", re.compile(r"https?://[^\s/@]+(/\S*)?")),
    "event": ("a word", re.compile("[a-z][a-z_]{0,63}")),
    "name": ("a branch or tag", re.compile(r"[^\x00-\x20\x7f~^:?*\\\[]{1,255}")),
    "boolean": ("true or false", re.compile("true|false")),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One run of a pipeline; texts are empty, and numbers 0, where the service says nothing."""

    provider: ProviderName
    repository: str
    run: str
    """The run's id; GitLab's pipeline, which is the child's in a child pipeline."""
    address: str
    """The run's page."""
    attempt: int
    """Counted from 1; GitLab counts no attempts."""
    event: str
    """In the service's words: ``push``, ``merge_request_event``."""
    ref: str
    """``refs/heads/main``, ``refs/tags/bundle-1``, ``refs/pull/7/merge``."""
    branch: str
    """The branch that is built; empty for tags and merge requests."""
    tag: str
    commit: str
    merge_request: int
    base_commit: str
    """A merge request's: the head of its target branch (GitHub) or the merge base (GitLab)."""
    default_branch: str
    actor: str
    is_fork: bool
    """Whether the commit comes from another repository."""
    is_protected: bool

    @property
    def is_merge_request(self) -> bool:
        return self.merge_request > 0

    @property
    def is_default_branch(self) -> bool:
        return bool(self.branch) and self.branch == self.default_branch

    @property
    def name(self) -> str:
        """The branch, the tag or the merge request, in a word."""
        return self.branch or self.tag or f"merge request {self.merge_request}"


def read_run_facts(environment: Mapping[str, str], *, payload: str = "") -> RunFacts | None:
    """
    The run that ``environment`` belongs to, or None outside a CI service.

    ``payload`` is the text of GitHub's event file. Raises ``UsageError`` that names every variable
    with a value of another form.
    """
    if environment.get("GITHUB_ACTIONS"):
        return _read_github(_Variables(environment), _parse_payload(payload))
    if environment.get("GITLAB_CI"):
        return _read_gitlab(_Variables(environment))
    return None


class _Variables:
    """Variables of an environment, each of a form; the malformed ones are kept for one error."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._problems: list[Problem] = []

    def read(self, name: str, form: str, *, is_needed: bool = True) -> str:
        return self.judge(name, self._environment.get(name, ""), form, is_needed=is_needed)

    def judge(self, place: str, value: str, form: str, *, is_needed: bool = True) -> str:
        """Return ``value``, or nothing where it has not the form."""
        expected, pattern = _FORMS[form]
        if pattern.fullmatch(value) or not (value or is_needed):
            return value
        got = repr(value) if value else "nothing"
        self._problems.append(Problem(place=place, what=f"expected {expected}, got {got}"))
        return ""

    def number(self, name: str, *, default: int = 0) -> int:
        return int(self.read(name, "number", is_needed=not default) or default)

    def text(self, name: str) -> str:
        return self._environment.get(name, "")

    def raise_problems(self) -> None:
        if self._problems:
            raise UsageError.of(self._problems)


def _read_github(variables: _Variables, payload: Mapping[str, Any]) -> RunFacts:
    repository = variables.read("GITHUB_REPOSITORY", "repository")
    run = variables.read("GITHUB_RUN_ID", "number")
    server = variables.read("GITHUB_SERVER_URL", "address")
    ref = variables.read("GITHUB_REF", "name")
    request = _get(payload, "pull_request")
    head = _get_text(request, "head", "repo", "full_name")
    number = re.fullmatch("refs/pull/([1-9][0-9]{0,18})/(merge|head)", ref)
    base = _get_text(request, "base", "sha")
    facts = RunFacts(
        provider="github",
        repository=repository,
        run=run,
        address=f"{server}/{repository}/actions/runs/{run}",
        attempt=variables.number("GITHUB_RUN_ATTEMPT", default=1),
        event=variables.read("GITHUB_EVENT_NAME", "event"),
        ref=ref,
        branch=ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else "",
        tag=ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else "",
        commit=variables.read("GITHUB_SHA", "commit"),
        merge_request=int(number[1]) if number else 0,
        base_commit=variables.judge(
            "pull_request.base.sha of GITHUB_EVENT_PATH", base, "commit", is_needed=False
        ),
        default_branch=_get_text(payload, "repository", "default_branch"),
        actor=variables.text("GITHUB_ACTOR"),
        # A deleted fork has no name: the request is not this repository's.
        is_fork=bool(request) and head.lower() != repository.lower(),
        is_protected=variables.read("GITHUB_REF_PROTECTED", "boolean", is_needed=False) == "true",
    )
    variables.raise_problems()
    return facts


def _read_gitlab(variables: _Variables) -> RunFacts:
    repository = variables.read("CI_PROJECT_PATH", "repository")
    run = variables.read("CI_PIPELINE_ID", "number")
    tag = variables.read("CI_COMMIT_TAG", "name", is_needed=False)
    branch = variables.read("CI_COMMIT_BRANCH", "name", is_needed=False)
    merge_request = 0
    if variables.text("CI_MERGE_REQUEST_IID"):
        merge_request = variables.number("CI_MERGE_REQUEST_IID")
    # Of a fork's merge request a pipeline runs in the fork, unless a member starts it here.
    source = variables.read("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "repository", is_needed=False)
    target = variables.read("CI_MERGE_REQUEST_PROJECT_PATH", "repository", is_needed=False)
    facts = RunFacts(
        provider="gitlab",
        repository=repository,
        run=run,
        address=variables.read("CI_PIPELINE_URL", "address"),
        attempt=1,
        event=variables.read("CI_PIPELINE_SOURCE", "event"),
        ref=_name_ref(variables, tag=tag, branch=branch, merge_request=merge_request),
        branch="" if tag or merge_request else branch,
        tag=tag,
        commit=variables.read("CI_COMMIT_SHA", "commit"),
        merge_request=merge_request,
        base_commit=variables.read("CI_MERGE_REQUEST_DIFF_BASE_SHA", "commit", is_needed=False),
        default_branch=variables.read("CI_DEFAULT_BRANCH", "name"),
        actor=variables.text("GITLAB_USER_LOGIN"),
        is_fork=bool(merge_request) and source.lower() != target.lower(),
        is_protected=variables.read("CI_COMMIT_REF_PROTECTED", "boolean", is_needed=False)
        == "true",
    )
    variables.raise_problems()
    return facts


def _name_ref(variables: _Variables, *, tag: str, branch: str, merge_request: int) -> str:
    if merge_request:
        own = f"refs/merge-requests/{merge_request}/head"
        return variables.read("CI_MERGE_REQUEST_REF_PATH", "name", is_needed=False) or own
    if tag:
        return f"refs/tags/{tag}"
    return f"refs/heads/{branch or variables.read('CI_COMMIT_REF_NAME', 'name')}"


def _parse_payload(text: str) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError) as error:
        what = f"expected the JSON of an event, got another text: {error}"
        raise UsageError(Problem(place="GITHUB_EVENT_PATH", what=what)) from error
    return _as_object(loaded)


def _get(payload: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    inner: Any = payload
    for name in names:
        inner = _as_object(inner).get(name)
    return _as_object(inner)


def _get_text(payload: Mapping[str, Any], *names: str) -> str:
    value = _get(payload, *names[:-1]).get(names[-1])
    return value if isinstance(value, str) else ""


def _as_object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
