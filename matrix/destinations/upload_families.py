"""The servers that take the legacy upload API, as data: where each is written to and read from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final


@dataclasses.dataclass(frozen=True)
class Family:
    """What is behind the address of an index of this family."""

    form: str
    """The address, as it is typed."""
    upload: str
    """Where files are posted to, behind the address."""
    simple: str
    """Where clients install from, behind the address."""
    removal: str
    """How a file is taken out by the server's own means."""


FAMILIES: Final[Mapping[str, Family]] = {
    "artifactory": Family(
        form="https://HOST/artifactory/api/pypi/REPOSITORY",
        upload="",
        simple="/simple",
        removal="DELETE https://HOST/artifactory/REPOSITORY/PROJECT/VERSION/FILE",
    ),
    "nexus": Family(
        form="https://HOST/repository/REPOSITORY",
        upload="/",
        simple="/simple",
        removal="DELETE https://HOST/service/rest/v1/components/ID",
    ),
    "gitlab": Family(
        form="https://HOST/api/v4/projects/ID/packages/pypi",
        upload="",
        simple="/simple",
        removal="DELETE https://HOST/api/v4/projects/ID/packages/PACKAGE",
    ),
    "gitea": Family(
        form="https://HOST/api/packages/OWNER/pypi",
        upload="",
        simple="/simple",
        removal="DELETE https://HOST/api/v1/packages/OWNER/pypi/PROJECT/VERSION",
    ),
    "pypiserver": Family(
        form="https://HOST",
        upload="/",
        simple="/simple",
        removal="POST https://HOST/ with :action=remove_pkg, name, version",
    ),
    "pypicloud": Family(
        form="https://HOST",
        upload="/simple/",
        simple="/simple",
        removal="DELETE https://HOST/api/package/PROJECT/FILE",
    ),
    "pypiron": Family(
        form="https://HOST",
        upload="/legacy/",
        simple="/simple",
        removal="DELETE https://HOST/files/PROJECT/FILE",
    ),
    "pulp": Family(
        form="https://HOST/pypi/BASE",
        upload="/legacy/",
        simple="/simple",
        removal="POST REPOSITORY/modify/ with remove_content_units",
    ),
    "devpi": Family(
        form="https://HOST/USER/INDEX",
        upload="/",
        simple="/+simple",
        removal="DELETE https://HOST/USER/INDEX/PROJECT/VERSION?force",
    ),
}
