"""
Which index: what the manifest names, else what pip on this machine is configured with, else pip's
own default.

pip is run (``pip config list``) rather than its files read, because where they lie differs by
system, by virtual environment and by administrator. ``extra-index-url`` is left out on purpose: a
project that two indexes serve is how dependency confusion starts. A second index is named in the
manifest, with the projects that come from it.
"""

import ast
import dataclasses
import re
import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from matrix.edge.programs import run
from matrix.errors import IndexUnavailable, Problem
from matrix.manifest.network import Network

# pip's own order: the environment wins over a command's section, and that over the global one.
_SECTIONS: Final = (":env:", "install", "global")
_PROGRAMS: Final = ((sys.executable, "-m", "pip"), ("pip3",), ("pip",))
_DEFAULT: Final = re.compile(r"--index-url <url>[^\n]*\(default:? (?P<url>https?://[^\s)]+)\)")
_SCHEMES: Final = frozenset({"http", "https"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to reach the index; ``ca_bundle`` is a path, or empty for the system's certificates."""

    url: str
    ca_bundle: str
    internal: str = ""
    """The second index, which serves the projects of the house; empty when there is none."""
    proxies: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """By scheme, as ``urllib.request.getproxies`` tells them; ``no`` holds the exceptions."""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Sent to the host of ``url`` and to no other: they may hold a token."""

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


def choose_settings(
    named: Network, pip_options: Mapping[str, str], *, environment: Mapping[str, str]
) -> Settings:
    """
    Decide between the manifest, pip's configuration and pip's default.

    Raises ``IndexUnavailable`` when none of them names an index that this program can read.
    """
    network = complete_network(named, pip_options)
    index = network.index or find_default_index(environment)
    if not index:
        what = "expected the address of a package index, got none from packages.yaml and pip"
        hint = "set network.index in packages.yaml, or PIP_INDEX_URL"
        raise IndexUnavailable(Problem(place="network.index", what=what, hint=hint))
    internal = network.internal.index if network.internal else ""
    source = "network.index" if named.index else "pip's index-url"
    return Settings(
        url=_check_address(index, place=source),
        ca_bundle=network.ca_bundle,
        internal=_check_address(internal, place="network.internal.index") if internal else "",
        proxies=read_proxies(get_option(pip_options, "proxy")),
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


def _check_address(url: str, *, place: str) -> str:
    """``url`` with a slash at its end; raises where it is no address of an index."""
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        is_address = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        # A login may stand before "@", also where there is no scheme.
        shown = re.sub(r"^([a-z]+://)?.*@", r"\1***@", url)
        has_scheme = ":/" in url or url.startswith(("/", "."))
        hint = "" if has_scheme else f"https://{shown}"
        what = f"expected an http or https address, got {shown!r}"
        raise IndexUnavailable(Problem(place=place, what=what, hint=hint))
    return url if url.endswith("/") else f"{url}/"


def find_default_index(environment: Mapping[str, str]) -> str:
    """
    Return the index that pip uses where it is not configured, as ``pip install --help`` prints it.

    Empty when there is no pip: no address stands in this program.
    """
    # A narrow terminal would break the address.
    environment = {**environment, "COLUMNS": "1000"}
    for pip in _PROGRAMS:
        try:
            finished = run([*pip, "install", "--help"], environment=environment, timeout=60.0)
        except FileNotFoundError:
            continue
        if finished.succeeded and (match := _DEFAULT.search(finished.output)):
            return match["url"]
    return ""


def read_proxies(named: str = "") -> dict[str, str]:
    """The proxies of the system; ``named`` is pip's own, which goes before them."""
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
    for pip in _PROGRAMS:
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
