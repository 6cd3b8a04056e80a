"""
The environment of a build: an allow list, because what a runner exports decides what a compiler
does.

``CFLAGS``, ``PYTHONPATH``, ``CIBW_*`` and tokens of the CI service stay outside; those that reach
the index, the container engine and the system's compilers come in.
"""

import os
import re
import urllib.parse
from collections.abc import Mapping
from typing import Final

from matrix.manifest.network import Network
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
"""What a container gets while system packages are installed, but no password."""

# pip finds an index by these, perhaps with a password.
_INDEX_SETTINGS: Final = frozenset(
    ("PIP_CONFIG_FILE", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_TRUSTED_HOST")
)
_LOOPBACK: Final = "127.0.0.1"
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


def isolate_environment(
    environment: Mapping[str, str], *, has_containers: bool
) -> tuple[dict[str, str], tuple[str, ...]]:
    """
    The variables of ``environment`` that cibuildwheel gets, and the names of those left out.

    Foreign code may read them: no index of the host is among them, because a build has its own, and
    no proxy that holds a password. Where builds run in containers cibuildwheel needs no network.
    """
    dropped = {
        name
        for name, text in environment.items()
        if name in _INDEX_SETTINGS or (name in PROXIES and (has_containers or has_password(text)))
    }
    variables = {name: text for name, text in environment.items() if name not in dropped}
    if links := variables.get("PIP_FIND_LINKS"):
        variables["PIP_FIND_LINKS"] = drop_passwords(links)
    if not has_containers:
        variables |= {"PIP_CONFIG_FILE": os.devnull, **_bypass_proxy(variables)}
    return variables, tuple(
        sorted(name for name in dropped if name in PROXIES and not has_containers)
    )


def _bypass_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """``NO_PROXY`` with the loopback, where the door is, if there is any proxy."""
    if not any(name in environment for name in PROXIES):
        return {}
    hosts = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    return dict.fromkeys(("NO_PROXY", "no_proxy"), f"{hosts},{_LOOPBACK}" if hosts else _LOOPBACK)


def drop_passwords(links: str) -> str:
    """
    The addresses of ``PIP_FIND_LINKS`` without those that hold a password.

    >>> drop_passwords("/opt/wheels https://user:secret@links.example/ https://links.example/")
    '/opt/wheels https://links.example/'
    """
    return " ".join(word for word in links.split() if "//" not in word or not has_password(word))


def has_password(address: str) -> bool:
    """Whether an address names a user or a password; one that cannot be read may."""
    try:
        return "@" in urllib.parse.urlsplit(address if "//" in address else f"//{address}").netloc
    except ValueError:
        return True


def drop_user(address: str) -> str:
    """
    An address without a user and a password.

    >>> drop_user("http://user:secret@proxy.example:3128/"), drop_user("user:secret@proxy.example")
    ('http://proxy.example:3128/', 'proxy.example')
    """
    scheme, separator, rest = address.rpartition("//")
    netloc, slash, path = rest.partition("/")
    return f"{scheme}{separator}{netloc.rpartition('@')[2]}{slash}{path}"


def select_container_variables(
    environment: Mapping[str, str],
) -> tuple[dict[str, str], tuple[str, ...]]:
    """
    What a container gets while system packages are installed, and a sentence for each change.

    What the recipe runs there may read and keep it: proxies go in without user and password, and of
    the addresses of an index only those that hold none.
    """
    variables = {name: text for name, text in environment.items() if name in CONTAINER_VARIABLES}
    changes = []
    for name, text in sorted(variables.items()):
        if not any(map(has_password, text.split())):
            continue
        if name in PROXIES:
            variables[name] = drop_user(text)
            changes.append(f"{name} is passed without its user and password")
        else:
            variables.pop(name)
            changes.append(f"{name} holds a password and is not passed")
    return dict(sorted(variables.items())), tuple(changes)
