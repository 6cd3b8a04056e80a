"""How servers are reached: who logs in, which authorities are trusted, how long to wait."""

from __future__ import annotations

import dataclasses
import netrc
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from matrix.destinations.lines import NO_STAMP, Stamp
from matrix.edge import files
from matrix.errors import MatrixError, Problem, UsageError


@dataclasses.dataclass(frozen=True)
class Login:
    """A user and a password, which is in no message and in no ``repr``."""

    user: str
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Access:
    """
    What a destination on a server needs besides its address.

    Passwords come from a file, the environment or netrc, never from the command line.
    """

    environment: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)
    login_file: Path | None = None
    """One line, ``USER:PASSWORD``."""
    breaks_lock: bool = False
    limit: float = 60
    """Seconds to wait until clients see what was imported."""
    ledgers: Path = Path("ledgers")
    """Where the ledgers of servers are that can keep none."""
    stamp: Stamp = NO_STAMP
    sleep: Callable[[float], None] = time.sleep

    @property
    def authorities(self) -> str:
        """The file of the authorities that are trusted; empty for the system's."""
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
        return next((self.environment[name] for name in names if self.environment.get(name)), "")

    def find_login(self, url: str) -> Login | None:
        """The login for the server of ``url``: of the file, the environment, or netrc."""
        if self.login_file is not None:
            return _read_login(self.login_file)
        user = self.environment.get("WHEELYARD_USER", "")
        password = self.environment.get("WHEELYARD_PASSWORD", "")
        if user or password:
            return Login(user, password)
        return self._find_netrc(urlsplit(url).hostname or "")

    def _find_netrc(self, host: str) -> Login | None:
        name = self.environment.get("NETRC") or str(
            Path(self.environment.get("HOME", "~")).expanduser() / ".netrc"
        )
        if not Path(name).is_file():
            return None
        try:
            login = netrc.netrc(name).authenticators(host)
        except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
            # The error's own text may repeat a password.
            what = "expected a netrc file, got something else"
            raise MatrixError(Problem(place=name, what=what)) from error
        return Login(login[0], login[2] or "") if login else None


def _read_login(path: Path) -> Login:
    with files.reading(path) as stream:
        text = stream.read(10_000).decode("utf-8", errors="replace")
    user, colon, password = text.strip().partition(":")
    if not colon or "\n" in password:
        what = "expected one line, USER:PASSWORD"
        raise UsageError(Problem(place=str(path), what=what))
    return Login(user, password)


NO_ACCESS = Access()
