"""What machines need to install from a served index: pip.conf, uv.toml and a line of .netrc."""

from __future__ import annotations

import ipaddress
import json
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Final

from matrix.errors import Problem, UsageError

_LOGIN: Final = re.compile(r"[!-~]{1,100}")
_PATH: Final = re.compile(r"[ -~]{1,1000}")


class Client:
    """An index as its clients reach it."""

    def __init__(self, address: str, *, login: str = "", certificates: str = "") -> None:
        self.address = _check_address(address)
        self.host = urllib.parse.urlsplit(self.address).hostname or ""
        if login and not _LOGIN.fullmatch(login):
            what = f"expected a user name of visible ASCII, got {login!r}"
            raise UsageError(Problem(place="--login", what=what))
        if certificates and not _PATH.fullmatch(certificates):
            what = f"expected a path of printable ASCII, got {certificates!r}"
            raise UsageError(Problem(place="--ca-bundle", what=what))
        self.login, self.certificates = login, certificates

    @property
    def needs_trust(self) -> bool:
        """Whether clients refuse the address, because nothing proves who answers."""
        return self.address.startswith("http:") and not _is_loopback(self.host)


def _check_address(address: str) -> str:
    place = "settings"
    try:
        parts = urllib.parse.urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise UsageError(Problem(place=place, what=f"not an address: {error}")) from error
    if "@" in parts.netloc:
        # Not repeated: it may hold a password.
        what = "expected an address without a user, got one with a user"
        raise UsageError(Problem(place=place, what=what, hint="--login USER"))
    is_file = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    is_plain = address.isascii() and address.isprintable() and not set(" \"'\\%") & set(address)
    is_url = parts.scheme in {"http", "https"} and parts.hostname
    if not (is_url or is_file) or not is_plain or parts.query or parts.fragment:
        what = f"expected an address such as https://wheels.example/simple/, got {address!r}"
        raise UsageError(Problem(place=place, what=what))
    return address if address.endswith("/") else f"{address}/"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def render_pip(client: Client) -> str:
    """The text of ``pip.conf``, or ``pip.ini`` on Windows."""
    lines = [
        "# pip.conf: /etc/pip.conf, on Windows C:\\ProgramData\\pip\\pip.ini",
        "[global]",
        f"index-url = {client.address}",
    ]
    if client.needs_trust:
        lines.append(f"trusted-host = {client.host}")
    if client.certificates:
        lines.append(f"cert = {client.certificates}")
    return "\n".join(lines) + "\n"


def render_uv(client: Client) -> str:
    """The text of ``uv.toml``."""
    lines = ["# uv.toml: /etc/uv/uv.toml, on Windows C:\\ProgramData\\uv\\uv.toml"]
    if client.needs_trust:
        lines.append(f"allow-insecure-host = [{json.dumps(client.host)}]")
    lines += ["[[index]]", f"url = {json.dumps(client.address)}", "default = true"]
    if client.certificates:
        lines.append(f"# and in the environment: SSL_CERT_FILE={client.certificates}")
    return "\n".join(lines) + "\n"


def render_netrc(client: Client) -> str:
    """The line of ``.netrc``, without the password; empty for an index without a login."""
    if not client.login:
        return ""
    where = "~/.netrc, on Windows %USERPROFILE%\\_netrc; readable by its user alone"
    return f"# {where}\nmachine {client.host} login {client.login} password PASSWORD\n"


RENDER_BY_NAME: Final[Mapping[str, Callable[[Client], str]]] = {
    "pip": render_pip,
    "uv": render_uv,
    "netrc": render_netrc,
}


def render(client: Client, *, only: str = "") -> str:
    """All settings, or those of one program, ready for a file."""
    names = [only] if only else list(RENDER_BY_NAME)
    texts = [RENDER_BY_NAME[name](client) for name in names]
    return "\n".join(text for text in texts if text)
