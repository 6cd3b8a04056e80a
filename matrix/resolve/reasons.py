"""Why there is no solution, in words that a person can act on."""

from collections.abc import Collection, Sequence

from packaging.utils import NormalizedName
from packaging.version import Version
from resolvelib.structs import RequirementInformation

from matrix.resolve.provider import Pick, Provider, Wanted

Cause = RequirementInformation[Wanted, Pick]


def sentence(causes: Collection[Cause], provider: Provider) -> str:
    """
    What stood in the way: for each project that could not be had, why; else who disagrees with
    whom.
    """
    by_project: dict[NormalizedName, list[Cause]] = {}
    for cause in causes:
        by_project.setdefault(cause.requirement.project, []).append(cause)
    return "; ".join(
        _missing(project, by_project[project], provider) or _disagreement(by_project[project])
        for project in sorted(by_project)
    )


def _missing(project: NormalizedName, causes: Sequence[Cause], provider: Provider) -> str:
    versions = provider.source.versions(project)
    if not versions:
        return f"the index has no project {project!r}{_asked_by(causes)}"
    for cause in causes:
        specifier = cause.requirement.specifier
        admitted = set(specifier.filter(versions))
        if not admitted:
            asked = _asked_by([cause])
            return (
                f"no release of {project!r} satisfies {specifier}{asked}; newest is {versions[0]}"
            )
        offered = {offer.version for offer in provider.source.offers(project)}
        if not admitted & offered:
            which = f" that satisfies {specifier}" if len(specifier) else ""
            what = (
                f"no release of {project!r}{which} has a wheel or a buildable sdist for this target"
            )
            return what + _asked_by([cause]) + _newest_offered(offered)
        unusable = [v for v in sorted(admitted & offered) if (project, v) in provider.unusable]
        if set(unusable) == admitted & offered:
            newest = unusable[-1]
            return f"{project} {newest}: {provider.unusable[project, newest]}{_asked_by([cause])}"
    return ""


def _newest_offered(offered: set[Version]) -> str:
    return f"; newest that has is {max(offered)}" if offered else ""


def _disagreement(causes: Sequence[Cause]) -> str:
    asked = sorted({f"{cause.requirement}{_asked_by([cause])}" for cause in causes})
    return " and ".join(asked) + (
        " have no version in common" if len(asked) > 1 else " does not fit"
    )


def _asked_by(causes: Sequence[Cause]) -> str:
    parents = sorted({str(cause.parent) for cause in causes if cause.parent is not None})
    return f" (asked for by {', '.join(parents)})" if parents else ""
