"""Who does something, when, and how servers are reached."""

from __future__ import annotations

import dataclasses
import datetime
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from matrix.destinations.access import Access
from matrix.destinations.lines import Stamp

# The person behind a pipeline comes before the user that its runner has.
_USERS: Final = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME", "USERNAME")


def make_stamp(environment: Mapping[str, str], now: datetime.datetime) -> Stamp:
    """
    The stamp of a command that runs with the variables ``environment`` at the time ``now``.

    >>> now = datetime.datetime(2026, 11, 28, 5, 30, tzinfo=datetime.timezone.utc)
    >>> make_stamp({"USER": "ada"}, now).when
    '2026-11-28T05:30:00+00:00'
    """
    users = (environment[name] for name in _USERS if environment.get(name))
    return Stamp(who=f"{next(users, 'unknown')}@{platform.node()}", when=now.isoformat())


@dataclasses.dataclass(frozen=True)
class ServerOptions:
    """The options of destinations on a server."""

    login: Path | None = None
    break_lock: bool = False
    limit: float = 60
    ledgers: Path = Path("ledgers")


def make_access(
    environment: Mapping[str, str], now: datetime.datetime, options: ServerOptions
) -> Access:
    """Return what a destination on a server needs besides its address."""
    return Access(
        environment=environment,
        login_file=options.login,
        breaks_lock=options.break_lock,
        limit=options.limit,
        ledgers=options.ledgers,
        stamp=make_stamp(environment, now),
    )
