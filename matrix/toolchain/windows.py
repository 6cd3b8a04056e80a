"""Check a Windows machine: Microsoft's compilers, which a toolchain cannot contain."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matrix.edge import programs
from matrix.targets.lanes import get_lane
from matrix.toolchain.document import FIRST_CACHE
from matrix.toolchain.finding import Finding
from matrix.toolchain.needs import Need

_SECONDS: Final = 60.0
_COMPONENT: Final = "Microsoft.VisualStudio.Component.VC.Tools."
_COMPILERS: Final = {"amd64": "x86.x64", "x86": "x86.x64", "arm64": "ARM64"}
_BUILD_TOOLS: Final = "install the Visual C++ Build Tools (workload VCTools) and run this again"
# With these variables the distutils of 2.7 uses the compiler that is on the PATH.
_OLD_COMPILER: Final = ("DISTUTILS_USE_SDK", "MSSdk")


def check_windows(needs: Sequence[Need], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Check the compilers of every architecture, and what the oldest lanes need as well."""
    for component in sorted({_COMPILERS[n.target.platform.machine.lower()] for n in needs}):
        yield _check_compiler(component, environment)
    if any(need.target.python.major == 2 for need in needs):  # noqa: PLR2004 - Python 2
        unset = [name for name in _OLD_COMPILER if not environment.get(name)]
        what = f"the variable {' and '.join(unset)} is not set"
        if len(unset) > 1:
            what = f"the variables {' and '.join(unset)} are not set"
        hint = "start the runner from the command prompt of the Visual C++ Compiler for Python 2.7"
        subject = "compiler for Python 2.7"
        if unset:
            yield Finding(subject=subject, lacks=what, hint=hint)
        else:
            yield Finding(subject=subject, detail="its variables are set")
    if not all(get_lane(need.service.lane).has_cache for need in needs):
        yield _check_first_cache(environment)


def _check_compiler(component: str, environment: Mapping[str, str]) -> Finding:
    subject = f"compiler {component}"
    vswhere = _find_vswhere(environment)
    if vswhere is None:
        return Finding(subject=subject, lacks="vswhere.exe not found", hint=_BUILD_TOOLS)
    command = [str(vswhere), "-latest", "-products", "*", "-property", "installationPath"]
    command += ["-requires", f"{_COMPONENT}{component}"]
    answer = programs.run(command, environment=environment, timeout=_SECONDS)
    place = answer.output.strip()
    if not answer.succeeded or not place:
        what = f"{_COMPONENT}{component} is not installed"
        return Finding(subject=subject, lacks=what, hint=_BUILD_TOOLS)
    return Finding(subject=subject, detail=place)


def _find_vswhere(environment: Mapping[str, str]) -> Path | None:
    folded = {name.upper(): text for name, text in environment.items()}
    for name in ("PROGRAMFILES(X86)", "PROGRAMFILES"):
        if folded.get(name):
            program = Path(folded[name], "Microsoft Visual Studio", "Installer", "vswhere.exe")
            if program.is_file():
                return program
    return None


def _check_first_cache(environment: Mapping[str, str]) -> Finding:
    # 1.12.0 has no variable for its cache.
    folded = {name.upper(): text for name, text in environment.items()}
    place = Path(f"{folded.get('SYSTEMDRIVE', 'C:')}/cibw")
    if (place / "nuget.exe").is_file():
        return Finding(subject="cibw", detail=str(place))
    what = f"nuget.exe not found in {place}: cibuildwheel 1.12.0 would download it"
    return Finding(
        subject="cibw",
        lacks=what,
        hint=f"copy the directory {FIRST_CACHE} of the toolchain to {place}",
    )
