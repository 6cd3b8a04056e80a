"""
Which index: what the manifest says, else what pip on this machine is configured with, else pip's
own default.

pip is asked (``pip config list``) rather than its files read, because where they lie differs by
system, by virtual environment and by administrator. ``extra-index-url`` is left out on purpose: a
project that two indexes serve is how dependency confusion starts.
"""

import ast
import dataclasses
import sys
from collections.abc import Mapping
from typing import Final

from pypi_simple import PYPI_SIMPLE_ENDPOINT

from matrix.edge.programs import run
from matrix.manifest.model import Network

# pip's own order: the environment wins over a command's section, and that over the global one.
_SECTIONS: Final = (":env:", "install", "global")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to reach the index; ``ca_bundle`` is a path, or empty for the system's certificates."""

    url: str
    ca_bundle: str


def network(named: Network, pip_options: Mapping[str, str]) -> Network:
    """What the manifest names, completed by what pip is configured with; empty where neither is."""
    return Network(
        index=named.index or option(pip_options, "index-url"),
        ca_bundle=named.ca_bundle or option(pip_options, "cert"),
    )


def settings(named: Network, pip_options: Mapping[str, str]) -> Settings:
    """Decide between the manifest, pip's configuration and the default."""
    found = network(named, pip_options)
    url = found.index or PYPI_SIMPLE_ENDPOINT
    return Settings(url=url if url.endswith("/") else f"{url}/", ca_bundle=found.ca_bundle)


def option(pip_options: Mapping[str, str], name: str) -> str:
    """The value that pip would use for ``name``, or nothing."""
    found = (pip_options.get(f"{section}.{name}", "") for section in _SECTIONS)
    return next((value for value in found if value), "")


def pip_options(environment: Mapping[str, str]) -> dict[str, str]:
    """
    What ``pip config list`` prints: section and option to value; nothing when there is no pip.
    """
    for pip in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
        try:
            finished = run([*pip, "config", "list"], environment=environment, timeout=60.0)
        except FileNotFoundError:
            continue
        if finished.succeeded:
            return parse_options(finished.output)
    url = environment.get("PIP_INDEX_URL", "")
    return {":env:.index-url": url} if url else {}


def parse_options(text: str) -> dict[str, str]:
    """Read lines such as ``global.index-url='...'``; other lines (warnings) are passed over."""
    options = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and value[:1] in {"'", '"'}:
            options[name] = str(ast.literal_eval(value))
    return options
