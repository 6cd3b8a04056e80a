"""
Hints after a failure, as text for the manifest wherever there is such text.

A hint names what usually helps; it is one line that can be pasted into ``packages.yaml``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from matrix.builds import libraries
from matrix.builds.causes import Cause, Finding
from matrix.builds.libraries import Kind, Packages

_KINDS: Final[Mapping[Cause, Kind]] = {
    Cause.HEADER: "headers",
    Cause.LIBRARY: "libraries",
    Cause.PROGRAM: "programs",
    Cause.COMPILER_MISSING: "programs",
}
# What an old setup.py asks for, and the last release that has it.
_OLD_ENOUGH: Final[Mapping[str, str]] = {
    "pkg_resources": "setuptools<81",
    "use_2to3": "setuptools<58",
    "distutils": "setuptools",
}
# Where a module's name is not its project's.
_PROJECTS: Final[Mapping[str, str]] = {
    "flit_core": "flit-core",
    "mesonpy": "meson-python",
    "poetry": "poetry-core",
    "setuptools_rust": "setuptools-rust",
    "setuptools_scm": "setuptools-scm",
    "sipbuild": "sip",
    "skbuild": "scikit-build",
    "skbuild_core": "scikit-build-core",
}
# What left the interpreter itself, and no build requirement brings back.
_LEFT: Final[Mapping[str, str]] = {
    "longintrepr.h": "its C sources are for CPython 3.10 and older",
    "imp": "it is for CPython 3.11 and older",
    "asynchat": "it is for CPython 3.11 and older",
    "asyncore": "it is for CPython 3.11 and older",
    "ImpImporter": "its build requirements are for CPython 3.11 and older",
}
_WHAT: Final[Mapping[Cause, str]] = {
    Cause.RESOURCES: "give the runner more disk or memory",
    Cause.TIMEOUT: "give it a faster runner",
    Cause.ENGINE: "name an image for this machine in runners[].images",
}


def suggest_hint(finding: Finding, *, project: str) -> str:
    """The hint for a finding about a build of ``project``; empty when none is known."""
    if finding.cause in _WHAT:
        return _WHAT[finding.cause]
    if not project:
        return ""
    if finding.cause in _KINDS:
        return render_system_recipe(
            project, libraries.find_packages(_KINDS[finding.cause], _split_words(finding.things))
        )
    if finding.cause is Cause.REQUIREMENT:
        return _suggest_requirement(project, finding.things)
    if finding.cause is Cause.REPAIR:
        return _suggest_image(finding)
    if finding.cause is Cause.NETWORK:
        return f"recipes: {{{project}: {{before-all: [COMMAND THAT FETCHES IT]}}}}"
    return ""


def render_system_recipe(project: str, packages: Packages) -> str:
    """A recipe that installs ``packages``; empty when there are none."""
    if not packages:
        return ""
    managers = ", ".join(f"{manager}: [{', '.join(names)}]" for manager, names in packages.items())
    return f"recipes: {{{project}: {{system: {{{managers}}}}}}}"


def _split_words(things: Iterable[str]) -> Sequence[str]:
    # "the libxml2 and libxslt development packages" is one message about two libraries.
    return [word for thing in things for word in thing.replace(",", " ").split() if word != "and"]


def _suggest_requirement(project: str, things: Sequence[str]) -> str:
    for thing in things:
        top = thing.partition("[")[0].partition(".")[0] if thing not in _LEFT else thing
        if top in _LEFT:
            rule = f'{{target: NAME, reason: "{_LEFT[top]}"}}'
            return f"packages: [{{requirement: {project}, exclude: [{rule}]}}]"
        required = _OLD_ENOUGH.get(top) or _PROJECTS.get(top, top)
        return f'recipes: {{{project}: {{requires: ["{required}"]}}}}'
    return ""


def _suggest_image(finding: Finding) -> str:
    if any("too-recent" in line for line in finding.lines):
        return "build it in an older image: runners[].images"
    return ""
