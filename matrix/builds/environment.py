"""
The environment of a build: an allow list, because what a runner exports decides what a compiler
does.

``CFLAGS``, ``PYTHONPATH``, ``CIBW_*`` and tokens of the CI service stay outside; those that reach
the index, the container engine and the system's compilers come in.
"""

import re
from collections.abc import Mapping
from typing import Final

from matrix.manifest.model import Network
from matrix.targets.lanes import get_lane

PIP_SETTINGS: Final = (
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PIP_RETRIES",
    "PIP_TRUSTED_HOST",
)
PROXIES: Final = (
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
CONTAINER_VARIABLES: Final = (*PIP_SETTINGS, *PROXIES)
"""What containers get by name: an address may hold a password, and logs hold command lines."""

_HOST: Final = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL"),
        *("PIP_CERT", "PIP_CONFIG_FILE", "PIP_FIND_LINKS", "PIP_NO_INDEX"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
        *("CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF"),
        *("CONTAINERS_REGISTRIES_CONF", "REGISTRY_AUTH_FILE", "CONTAINER_HOST"),
        *("STORAGE_DRIVER", "STORAGE_OPTS"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
        *("DOCKER_CERT_PATH", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST"),
        *("DOCKER_TLS_VERIFY", "DEVELOPER_DIR", "CIBW_CACHE_PATH"),
        "WHEELYARD_TOOLCHAIN",
        # cibuildwheel installs interpreters on macOS only where it sees that it runs in CI.
        *("CI", "GITHUB_ACTIONS", "GITLAB_CI"),
        *CONTAINER_VARIABLES,
    )
)
# 1.12.0 builds 2.7 for Windows only with a compiler that its caller has set up; any newer Python
# would take that compiler too.
_OLD_COMPILER: Final = ("DISTUTILS_USE_SDK", "INCLUDE", "LIB", "LIBPATH", "MSSdk")
# Windows programs do not start without most of these; their names have no fixed case.
_WINDOWS: Final = re.compile(
    r"(ALLUSERSPROFILE|APPDATA|COMSPEC|HOMEDRIVE|HOMEPATH|LOCALAPPDATA|NUMBER_OF_PROCESSORS|OS|PATH|PATHEXT"
    r"|PROCESSOR_\w+|(COMMON)?PROGRAM(DATA|FILES(\(X86\))?|W6432)|SYSTEMDRIVE|SYSTEMROOT|TEMP|TMP|USERDOMAIN"
    r"|USERNAME|USERPROFILE|WINDIR)",
    re.IGNORECASE,
)


def scrub_environment(
    environment: Mapping[str, str], *, network: Network, lane: str = ""
) -> dict[str, str]:
    """
    The variables of ``environment`` that a build by ``lane`` sees.

    The manifest's network replaces pip's settings.
    """
    compiler = _OLD_COMPILER if lane and get_lane(lane).takes_compiler else ()
    variables = {
        name: text
        for name, text in sorted(environment.items())
        if name in _HOST or name in compiler or _WINDOWS.fullmatch(name)
    }
    if network.index:
        variables["PIP_INDEX_URL"] = network.index
        variables.pop("PIP_EXTRA_INDEX_URL", None)
    if network.ca_bundle:
        variables |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE"), network.ca_bundle)
    return variables


def container_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the variables that a container gets, sorted."""
    return tuple(sorted(name for name in CONTAINER_VARIABLES if name in environment))
