"""
Which of two indexes a project comes from.

Otherwise a project of the same name on the other index could replace one of the house (dependency
confusion). So no version is ever compared across indexes: a project comes from one of them, the
manifest says which when both serve it, and the main index never learns the names of the house's
projects.
"""

import dataclasses
from fnmatch import fnmatchcase

from packaging.utils import NormalizedName, canonicalize_name

from matrix.errors import ManifestError, Problem
from matrix.index.page import Page
from matrix.index.pages import Pages
from matrix.manifest.network import Internal


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IndexPair:
    """Two indexes and the manifest's rule."""

    main: Pages
    internal: Pages
    rule: Internal

    def page(self, project: NormalizedName) -> Page | None:
        """The page of the one index that ``project`` comes from."""
        if _matches(project, self.rule.public):
            return self.main.page(project)
        if _matches(project, self.rule.projects):
            return self.internal.page(project)
        page = self.main.page(project)
        if _serves(self.internal.page(project)):
            raise self._ambiguity(project, is_on_both=_serves(page))
        return page

    def _ambiguity(self, project: NormalizedName, *, is_on_both: bool) -> ManifestError:
        if is_on_both:
            what = f"{self.internal.address} and {self.main.address} both serve {str(project)!r}"
            hint = f"add {project} to network.internal.projects, or to network.internal.public"
        else:
            what = (
                f"only {self.internal.address} serves {str(project)!r}, "
                "which no pattern of network.internal.projects names"
            )
            hint = f"add {project} to network.internal.projects"
        return ManifestError(Problem(place="network.internal", what=what, hint=hint))


def _serves(page: Page | None) -> bool:
    return page is not None and len(page.releases) > 0


def _matches(project: NormalizedName, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(project, canonicalize_name(pattern)) for pattern in patterns)
