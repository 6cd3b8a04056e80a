"""What a Windows machine must have: Microsoft's compilers, which nothing can bring along."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.edge import programs
from matrix.targets.lanes import get_lane
from matrix.toolchain.finding import Finding
from matrix.toolchain.model import FIRST_CACHE
from matrix.toolchain.needs import Wanted

_SECONDS: Final = 60.0
_COMPONENT: Final = "Microsoft.VisualStudio.Component.VC.Tools."
_COMPILERS: Final = {"amd64": "x86.x64", "x86": "x86.x64", "arm64": "ARM64"}
_BUILD_TOOLS: Final = "install the Visual C++ Build Tools (workload VCTools) and run this again"
# What tells the distutils of 2.7 that its own compiler is set up already.
_OLD_COMPILER: Final = ("DISTUTILS_USE_SDK", "MSSdk")


def findings(mine: Sequence[Wanted], environment: Mapping[str, str]) -> Iterator[Finding]:
    """The compilers of every architecture, and what the oldest interpreters want beside."""
    for component in sorted({_COMPILERS[one.target.platform.machine.lower()] for one in mine}):
        yield _compiler(component, environment)
    old = [one for one in mine if one.target.python.major == 2]  # noqa: PLR2004 - Python 2
    if old:
        unset = [name for name in _OLD_COMPILER if not environment.get(name)]
        what = f"expected the variables {' and '.join(_OLD_COMPILER)}, got no {', no '.join(unset)}"
        hint = "start the runner in a prompt of the Visual C++ Compiler for Python 2.7"
        subject = "compiler of 2.7"
        if unset:
            yield Finding(subject=subject, lacks=what, hint=hint)
        else:
            yield Finding(subject=subject, detail="is set up")
    if not all(get_lane(one.service.lane).has_cache for one in mine):
        yield _first_cache(environment)


def _compiler(component: str, environment: Mapping[str, str]) -> Finding:
    subject = f"compiler {component}"
    vswhere = _vswhere(environment)
    if vswhere is None:
        return Finding(subject=subject, lacks="expected vswhere.exe, got none", hint=_BUILD_TOOLS)
    command = [str(vswhere), "-latest", "-products", "*", "-property", "installationPath"]
    command += ["-requires", f"{_COMPONENT}{component}"]
    answer = programs.run(command, environment=environment, timeout=_SECONDS)
    place = answer.output.strip()
    if not answer.succeeded or not place:
        what = f"expected {_COMPONENT}{component}, got an installation without it"
        return Finding(subject=subject, lacks=what, hint=_BUILD_TOOLS)
    return Finding(subject=subject, detail=place)


def _vswhere(environment: Mapping[str, str]) -> Path | None:
    folded = {name.upper(): text for name, text in environment.items()}
    for name in ("PROGRAMFILES(X86)", "PROGRAMFILES"):
        if folded.get(name):
            found = Path(folded[name], "Microsoft Visual Studio", "Installer", "vswhere.exe")
            if found.is_file():
                return found
    return None


def _first_cache(environment: Mapping[str, str]) -> Finding:
    # 1.12.0 has no variable for it.
    folded = {name.upper(): text for name, text in environment.items()}
    place = Path(f"{folded.get('SYSTEMDRIVE', 'C:')}/cibw")
    if (place / "nuget.exe").is_file():
        return Finding(subject="cibw", detail=f"{place} is here")
    what = f"expected nuget.exe in {place}, got none: cibuildwheel 1.12.0 would download it"
    return Finding(subject="cibw", lacks=what, hint=f"copy {FIRST_CACHE} of the toolchain there")
