"""
Which index: what the manifest says, else what pip on this machine is configured with, else pip's
own default.

pip is asked (``pip config list``) rather than its files read, because where they lie differs by
system, by virtual environment and by administrator. ``extra-index-url`` is left out on purpose: a
project that two indexes serve is how dependency confusion starts. A second index is named in the
manifest, with the projects that come from it.
"""

import ast
import dataclasses
import importlib.abc
import importlib.util
import sys
from collections.abc import Mapping
from typing import Final

from matrix.edge.programs import run
from matrix.manifest.model import Network

# pip's own order: the environment wins over a command's section, and that over the global one.
_SECTIONS: Final = (":env:", "install", "global")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to reach the index; ``ca_bundle`` is a path, or empty for the system's certificates."""

    url: str
    ca_bundle: str
    internal: str = ""
    """The second index, which serves the projects of the house; empty when there is none."""
    proxies: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """By scheme, as ``urllib.request.getproxies`` tells them; ``no`` holds the exceptions."""

    @property
    def urls(self) -> tuple[str, ...]:
        return (self.url, self.internal) if self.internal else (self.url,)


def complete_network(named: Network, pip_options: Mapping[str, str]) -> Network:
    """The manifest's network section, completed from pip's configuration."""
    return dataclasses.replace(
        named,
        index=named.index or get_option(pip_options, "index-url"),
        ca_bundle=named.ca_bundle or get_option(pip_options, "cert"),
    )


def choose_settings(named: Network, pip_options: Mapping[str, str]) -> Settings:
    """Decide between the manifest, pip's configuration and the default."""
    network = complete_network(named, pip_options)
    internal = network.internal.index if network.internal else ""
    return Settings(
        url=_add_slash(network.index or _default()),
        ca_bundle=network.ca_bundle,
        internal=_add_slash(internal) if internal else "",
        proxies=_proxies(get_option(pip_options, "proxy")),
    )


def find_warnings(named: Network, pip_options: Mapping[str, str]) -> tuple[str, ...]:
    """Warn of settings of pip that this tool does not use."""
    if named.index or named.internal or not get_option(pip_options, "extra-index-url"):
        return ()
    what = (
        "pip's extra-index-url is not used: a project of the same name on the other index could "
        "replace it; network.internal in packages.yaml says what comes from where"
    )
    return (what,)


def _add_slash(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"


def _default() -> str:
    """
    ``pypi_simple.PYPI_SIMPLE_ENDPOINT``, read from its source where there is one.

    Importing it brings a client of its own, which takes longer than a short command.
    """
    spec = importlib.util.find_spec("pypi_simple")
    loader = spec.loader if spec is not None else None
    if isinstance(loader, importlib.abc.InspectLoader):
        source = ast.parse(loader.get_source("pypi_simple") or "")
        for node in (node for node in source.body if isinstance(node, ast.AnnAssign)):
            if ast.unparse(node.target) == "PYPI_SIMPLE_ENDPOINT" and node.value is not None:
                return str(ast.literal_eval(node.value))
    from pypi_simple import PYPI_SIMPLE_ENDPOINT  # noqa: PLC0415 - see above

    return PYPI_SIMPLE_ENDPOINT


def _proxies(named: str) -> dict[str, str]:
    # Half of what importing this module would take, and only who opens an index needs it.
    from urllib.request import getproxies  # noqa: PLC0415 - see above

    proxies = getproxies()
    return {**proxies, "http": named, "https": named} if named else proxies


def get_option(pip_options: Mapping[str, str], name: str) -> str:
    """The value that pip would use for ``name``, or nothing."""
    values = (pip_options.get(f"{section}.{name}", "") for section in _SECTIONS)
    return next((value for value in values if value), "")


def read_pip_options(environment: Mapping[str, str]) -> dict[str, str]:
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
