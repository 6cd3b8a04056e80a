"""Who does something, and when: what the next line of a ledger says."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from typing import Final

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
