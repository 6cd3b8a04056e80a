"""
Why a build failed, as far as its log tells: a table of what tools print when something is missing.

What a rule matches last decides, because scripts probe for what they can do without, and go on.
Rules that match any failure come after the rules that name what is missing.
"""

import dataclasses
import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from matrix.builds.log_text import WIDTH, Step
from matrix.configurations.carrier import NOT_PURE

_LINES: Final = 6


class Cause(enum.StrEnum):
    """Why a build failed, for people and for the decision to try again."""

    HEADER = "missing header"
    LIBRARY = "missing library"
    COMPILER_MISSING = "missing compiler"
    PROGRAM = "missing program"
    COMPILER = "compiler error"
    REQUIREMENT = "build requirement"
    BACKEND = "build backend"
    SYSTEM_PACKAGE = "system package"
    REPAIR = "repair"
    TEST = "test"
    TIMEOUT = "timeout"
    RESOURCES = "out of disk or memory"
    NETWORK = "network wanted"
    INFRASTRUCTURE = "infrastructure"
    ENGINE = "container engine"
    PURE = "pure wheel"
    NOT_PURE = "no pure wheel"
    CONFIGURATION = "configuration"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A cause, the things that its lines name, and the lines."""

    cause: Cause
    things: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Rule:
    cause: Cause
    pattern: re.Pattern[str]
    steps: frozenset[Step]


def _rule(cause: Cause, pattern: str, *steps: Step) -> _Rule:
    return _Rule(cause, re.compile(pattern, re.IGNORECASE), frozenset(steps or Step))


_MAKING: Final = (Step.PREPARE, Step.BUILD)
COMPILERS: Final = frozenset(
    ("c++", "cc", "cc1", "cc1plus", "cl", "cl.exe", "clang", "clang++", "g++", "gcc", "icc", "icx")
)

_OUT_OF_REACH: Final = _rule(
    Cause.INFRASTRUCTURE,
    r"Retrying \(Retry\(|NewConnectionError|Max retries exceeded|(Connect|Read)(ion)?Timeout"
    r"|Temporary failure (in name resolution|resolving)|Name or service not known"
    r"|nodename nor servname|getaddrinfo failed|Could(n't| not) resolve (host|proxy)"
    r"|Connection (refused|reset|timed out|aborted)|Network is unreachable|No route to host"
    r"|Remote end closed connection|IncompleteRead|TLS handshake timeout|\bi/o timeout\b"
    r"|\b(429|50[0234]) (Client|Server) Error|HTTP(S|/\S+)?( error)?:? (429|50[0234])\b"
    r"|toomanyrequests|pinging container registry|Hash Sum mismatch|[Ff]ailed to download metadata"
    r"|temporary error \(try again later\)|Cannot connect to the Docker daemon|SSLEOFError"
    r"|EOF occurred in violation of protocol",
    Step.START,
    *_MAKING,
)
# A test may talk to a server of its own; only pip's words are about the index there.
_OUT_OF_PIPS_REACH: Final = _rule(Cause.INFRASTRUCTURE, r"Retrying \(Retry\(", Step.TEST)

_SPECIFIC: Final = (
    _rule(
        Cause.RESOURCES,
        r"No space left on device|Cannot allocate memory|\bMemoryError\b|out of memory"
        r"|Killed signal|^Killed$|There is not enough space on the disk|failed with code 137\b"
        r"|fatal error C1060|terminated by signal 9",
    ),
    # cargo, which has crates from the network, or from where they were fetched to before.
    _rule(
        Cause.NETWORK,
        r"no matching package named `(?P<thing>[\w-]+)` found|retry without `--offline`",
        Step.BUILD,
    ),
    _rule(Cause.NOT_PURE, re.escape(NOT_PURE), Step.BUILD),
    # 1.12.0 ends with a traceback; its successors have a status for it.
    _rule(Cause.PURE, r"\bNonPlatformWheelError\b"),
    _OUT_OF_REACH,
    _OUT_OF_PIPS_REACH,
    _rule(
        Cause.ENGINE,
        r"exec format error|OCI runtime|image not known|manifest unknown|no such image"
        r"|short-name (resolution|.*did not resolve)|invalid reference format"
        r"|(access|authentication).*(denied|required)|unauthorized|does not match the.* platform",
        Step.START,
    ),
    _rule(Cause.ENGINE, r"expected an interpreter at (?P<thing>/\S+), got none"),
    _rule(
        Cause.SYSTEM_PACKAGE,
        r"Unable to locate package (?P<thing>\S+)|Unable to find a match: (?P<thing2>.+)"
        r"|No match for argument: (?P<thing3>\S+)|No package (?P<thing4>\S+) available"
        r"|^\s*(?P<thing5>\S+) \(no such package\)|Package '(?P<thing6>[^']+)' has no installation"
        r"|No available formula with the name \"(?P<thing7>[^\"]+)\"",
        Step.PREPARE,
    ),
    # Of CPython up to 3.10, and in C sources that an old Cython made.
    _rule(Cause.REQUIREMENT, r"fatal error: '?(?P<thing>longintrepr\.h)'?", *_MAKING),
    _rule(
        Cause.HEADER,
        r"fatal error: '?(?P<thing>[^\s:']+\.(h|hh|hpp|hxx|H))'?(: No such file| file not found)"
        r"|C1083: Cannot open include file: '(?P<thing2>[^']+)'",
        *_MAKING,
    ),
    _rule(
        Cause.LIBRARY,
        r"\bld(\.\w+)?(\.exe)?: (error: )?"
        r"(cannot find|library not found for|unable to find library) -l ?(?P<thing>[\w.+-]+)"
        r"|\bld: library '(?P<thing2>[^']+)' not found"
        r"|LNK1181: cannot open input file '(?P<thing3>[^']+)'"
        r"|Package '?(?P<thing4>[\w.+-]+)'?,? (was not found in the pkg-config|required by)"
        r"|pkg-config\b.*?--(exists|libs|cflags|modversion)\b[ ',\"\]]+(?P<thing5>[A-Za-z][\w.+-]*)"
        r".*(returned non-zero|exit status|not found)"
        r"|Dependency \"(?P<thing6>[^\"]+)\" not found|Dependency (?P<thing7>\S+) found: NO"
        r"|Could NOT find (?P<thing8>\w+)"
        r"|make sure the (?P<thing10>.+?) development packages"
        r"|(?P<thing11>[\w+-]+) (library|headers?) (was not found|is required|could not be found)"
        r"|No package '(?P<thing12>[\w.+-]+)' found",
        *_MAKING,
    ),
    _rule(
        Cause.PROGRAM,
        r"command '(?P<thing>[^']+)' failed: No such file|unable to execute '?(?P<thing2>[^':]+)'?:"
        r"|No such file or directory: b?'(?P<thing3>[\w.+-]+)'$"
        r"|(^|: )(?P<thing4>[\w.+-]+): (command )?not found$"
        r"|Program '?(?P<thing5>[\w.+-]+)'? (found: NO|not found)"
        r"|(?P<thing6>[\w.+-]+) executable not found"
        r"|(can't find|could not find) (the )?(?P<thing7>rust)( compiler)?"
        r"|(?P<thing8>cargo), the Rust package manager, is not installed"
        r"|No (?P<thing9>CMAKE_\w+_COMPILER) could be found"
        r"|Unknown compiler\(s\): \[\[?'(?P<thing10>[^']+)"
        r"|(?P<thing11>Microsoft Visual C\+\+ \S+) or greater is required"
        r"|(?P<thing12>cmake) must be installed",
        *_MAKING,
    ),
    _rule(
        Cause.REQUIREMENT,
        r"(ModuleNotFoundError|ImportError): No module named '?(?P<thing>[\w.]+)'?"
        r"|No matching distribution found for (?P<thing2>[\w.\[\]-]+)"
        r"|ResolutionImpossible|The conflict is caused by|The user requested .*"
        r"|BackendUnavailable: Cannot import '(?P<thing3>[\w.]+)'"
        r"|(?P<thing4>use_2to3) is invalid|has no attribute '(?P<thing5>ImpImporter)'"
        r"|cannot import name '\w+' from '(?P<thing6>(setuptools|pkg_resources|distutils)[\w.]*)'"
        r"|No solution found when resolving",
        *_MAKING,
    ),
    _rule(
        Cause.COMPILER,
        r"^\S+?[:(]\d+([:,]\d+)?\)?: (fatal )?error\b|undefined reference to|Undefined symbols for"
        r"|unresolved external symbol|^error\[E\d+\]: |internal compiler error",
        *_MAKING,
    ),
    _rule(
        Cause.REPAIR,
        r"too-recent versioned symbols|required library \"(?P<thing>[^\"]+)\" could not be located"
        r"|DelocationError|do not satisfy target MacOS|Unable to find library: (?P<thing2>\S+)",
        Step.REPAIR,
    ),
    _rule(Cause.REPAIR, r"^([\w]+\.)*\w*(Error|Exception): .+|: error: .+", Step.REPAIR),
    _rule(
        Cause.TEST,
        r"undefined symbol: (?P<thing>\S+)|symbol not found in flat namespace '?(?P<thing2>[^']+)"
        r"|(?P<thing3>\S+): cannot open shared object file|DLL load failed"
        r"|No module named '?(?P<thing4>[\w.]+)'?"
        r"|No matching distribution found for (?P<thing5>\S+)",
        Step.TEST,
    ),
    _rule(
        Cause.TEST,
        r"^([\w]+\.)*\w*(Error|Exception): .+|Segmentation fault|failed with code 1(34|39)"
        r"|^(Aborted|Bus error|Illegal instruction)|expected modules to import, got none",
        Step.TEST,
    ),
)
_GENERIC: Final = (
    _rule(Cause.BACKEND, r"^([\w]+\.)*\w*(Error|Exception|Exit): .+|^error(:| in) .+", *_MAKING),
)
# What is said of every failure, and nothing about this one.
_NOISE: Final = re.compile(
    r"CalledProcessError|Backend subprocess exited|cibuildwheel: error: Command|^Error: Command"
    r"|^error: Command '?\[|^error: command '[^']+' failed with|Failed building wheel"
    r"|Failed to build|^ERROR Command|subprocess-exited-with-error|CompileError|ERROR Backend"
)
_NEEDS_THE_INDEX: Final = frozenset({Cause.REQUIREMENT, Cause.SYSTEM_PACKAGE, Cause.TEST})
_FROM_THE_INDEX: Final = re.compile(r"No matching distribution|Unable to locate|no such package")


def find_cause(step: Step, log: Sequence[str]) -> Finding | None:
    """The cause that the lines of a step name; None when no rule matches."""
    log_lines = [line.strip()[:WIDTH] for line in log if line.strip() and not _is_noise(line)]
    for tier in (_SPECIFIC, _GENERIC):
        matches = list(_find_matches(step, log_lines, tier))
        if matches:
            _, cause = max(matches, key=lambda match: match[0])
            return _make_finding(cause, step, log_lines, tier)
    return None


def _is_noise(line: str) -> bool:
    # A module of pkg-config that is looked for by a list is named in nothing but the command.
    return bool(_NOISE.search(line)) and "pkg-config" not in line


def _find_matches(
    step: Step, log_lines: Sequence[str], rules: Iterable[_Rule]
) -> Iterator[tuple[int, Cause]]:
    for rule in rules:
        if step in rule.steps:
            places = [place for place, line in enumerate(log_lines) if rule.pattern.search(line)]
            if places:
                yield places[-1], rule.cause


def _make_finding(
    cause: Cause, step: Step, log_lines: Sequence[str], tier: Iterable[_Rule]
) -> Finding:
    things, lines = _collect_things(cause, step, log_lines, tier)
    absent = any(_FROM_THE_INDEX.search(line) for line in lines)
    if cause in _NEEDS_THE_INDEX and absent:
        # An index that does not answer looks like one that has nothing, but for these lines.
        _, cut = _collect_things(
            Cause.INFRASTRUCTURE, step, log_lines, (_OUT_OF_REACH, _OUT_OF_PIPS_REACH)
        )
        if cut:
            return Finding(cause=Cause.INFRASTRUCTURE, lines=cut)
    if cause is Cause.PROGRAM and COMPILERS & set(things):
        cause = Cause.COMPILER_MISSING
    return Finding(cause=cause, things=things, lines=lines)


def _collect_things(
    cause: Cause, step: Step, log_lines: Sequence[str], tier: Iterable[_Rule]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    things: dict[str, None] = {}
    lines: dict[str, None] = {}
    rules = [rule for rule in tier if rule.cause is cause and step in rule.steps]
    for line in log_lines:
        for rule in rules:
            if match := rule.pattern.search(line):
                lines[line] = None
                things.update(dict.fromkeys(t for t in match.groupdict().values() if t))
    # Of a compiler the first errors count, of other tools the last.
    is_compiler = cause is Cause.COMPILER
    selected = tuple(lines)[:_LINES] if is_compiler else tuple(lines)[-_LINES:]
    return tuple(things), selected


_TELLING: Final = re.compile(
    r"(?<![\w-])error\b|\w*(Error|Exception)\b|\bfatal\b|undefined (symbol|reference)"
    r"|cannot find|: (command )?not found|stopped after",
    re.IGNORECASE,
)


def is_reason(line: str) -> bool:
    """Whether a line of a log looks like a reason."""
    return bool(_TELLING.search(line))
