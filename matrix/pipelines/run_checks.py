"""
What a run of a pipeline shows to be wrong with the manifest or the repository's settings.

Each of these would fail later, when much has been built, or not at all.
"""

from collections.abc import Iterable, Iterator, Mapping

from matrix.errors import Problem, UsageError
from matrix.manifest.model import Manifest
from matrix.pipelines import release, runners
from matrix.pipelines.providers import PROVIDERS
from matrix.pipelines.run_facts import RunFacts

_DEPENDABOT: str = "dependabot[bot]"


def find_errors(
    manifest: Manifest, facts: RunFacts, environment: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Tags that no bundle can have, another default branch, secrets without a value."""
    parts: tuple[Iterable[Problem], ...] = (
        _judge_tag(manifest, facts),
        _judge_branch(manifest, facts),
        _judge_secrets(manifest, facts, environment),
    )
    return tuple(problem for part in parts for problem in part)


def find_warnings(manifest: Manifest, facts: RunFacts) -> tuple[Problem, ...]:
    """Branches and tags that releases come from and that anyone who may push can change."""
    is_release = release.is_tag(facts.tag, manifest.output.tags)
    if facts.is_protected or not (facts.is_default_branch or is_release):
        return ()
    what = "tag" if is_release else "default branch"
    hint = "see docs/releases.md on who may release"
    return (Problem(place="", what=f"the {what} {facts.name!r} is not protected", hint=hint),)


def _judge_tag(manifest: Manifest, facts: RunFacts) -> Iterator[Problem]:
    # Other tags start no pipeline of ours; a repository may have them for its own releases.
    if facts.tag.startswith(manifest.output.tags):
        try:
            release.parse_tag(facts.tag, manifest.output.tags)
        except UsageError as error:
            yield from error.problems


def _judge_branch(manifest: Manifest, facts: RunFacts) -> Iterator[Problem]:
    wanted = manifest.github.branch
    if facts.provider == "github" and facts.default_branch not in {"", wanted}:
        what = f"github.branch: expected {facts.default_branch!r}, the default branch of "
        yield Problem(
            place=manifest.source,
            line=manifest.github.line,
            what=f"{what}{facts.repository}, got {wanted!r}",
            hint=f"github: {{branch: {facts.default_branch}}}, then wheelyard generate",
        )


def _judge_secrets(
    manifest: Manifest, facts: RunFacts, environment: Mapping[str, str]
) -> Iterator[Problem]:
    """Secrets of the coordinator, whose job this is, that have no value in this run."""
    provider = PROVIDERS[facts.provider]
    if not runners.is_used(manifest, provider):
        return
    secret_by_variable = runners.find_coordinator(manifest, provider).secret_by_variable
    for variable, secret in sorted(secret_by_variable.items()):
        # GitLab leaves the name of a variable that does not exist as it stands.
        if environment.get(variable, "") in {"", f"${secret}", f"${{{secret}}}"}:
            what = f"the secret {secret} for {variable} has no value in this run"
            yield Problem(place=manifest.source, what=what, hint=_explain_secret(facts))


def _explain_secret(facts: RunFacts) -> str:
    if facts.is_fork:
        return "a merge request of a fork gets no secrets: push its commits to a branch here"
    if facts.actor == _DEPENDABOT:
        return "a run of Dependabot reads Dependabot's own secrets: set it there as well"
    if not facts.is_protected:
        return "set it in the repository's settings; a protected one needs a protected branch"
    return "set it in the repository's settings"
