"""The calls to a devpi-server that an import needs, each one request."""

from __future__ import annotations

import dataclasses
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matrix.destinations import forms
from matrix.destinations.access import Access, Login
from matrix.destinations.http_server import Answer, Server, refuse
from matrix.destinations.simple_page import PageFile, fetch_page, list_projects
from matrix.errors import IndexUnavailable, NotVerified, Problem
from matrix.record.schema import RecordedWheel

_JSON: Final = "application/json"
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


@dataclasses.dataclass(frozen=True)
class Stage:
    """The configuration of an index."""

    name: str
    """``USER/INDEX``."""
    bases: tuple[str, ...]
    title: str
    type: str
    projects: tuple[str, ...] = ()
    """Those that it holds itself, where they were asked for."""


class Devpi:
    """One devpi-server; a token spares 0.3 s a request, which hashing the password takes."""

    def __init__(self, url: str, access: Access) -> None:
        self.url = url.rstrip("/")
        self.server = Server(self.url, access)
        self._has_token = False
        self.serial = 0
        """The highest that an answer to a change named; a replica shows it a little later."""

    def _log_in(self) -> None:
        login = self.server.login
        if self._has_token or login is None:
            return
        body = forms.make_json_body({"user": login.user, "password": login.password})
        self.server.login = None
        answer = self.server.request(
            "POST", f"{self.url}/+login", body=body, headers={"Accept": _JSON}
        )
        if not answer.is_success:
            raise refuse(answer, f"login of {login.user!r} refused")
        try:
            token = answer.parse_json()["result"]["password"]
        except (KeyError, TypeError) as error:
            what = "expected a token of devpi, got something else"
            raise IndexUnavailable(Problem(place=answer.url, what=what)) from error
        self.server.login = Login(login.user, str(token))
        self._has_token = True

    def _call(self, method: str, path: str, body: forms.Body | None = None) -> Answer:
        self._log_in()
        url = f"{self.url}/{urllib.parse.quote(path, safe='/?=')}"
        answer = self.server.request(method, url, body=body, headers={"Accept": _JSON})
        serial = answer.headers.get("x-devpi-serial", "")
        if method != "GET" and serial.isdecimal():
            self.serial = max(self.serial, int(serial))
        return answer

    def find_stage(self, name: str, *, with_projects: bool = False) -> Stage | None:
        """The index ``name``, or None."""
        answer = self._call("GET", name if with_projects else f"{name}?no_projects=")
        if answer.status == _NOT_FOUND:
            return None
        if not answer.is_success:
            raise IndexUnavailable(Problem(place=answer.url, what=answer.describe()))
        return _parse_stage(name, answer.parse_json())

    def list_stages(self, user: str) -> tuple[Stage, ...]:
        """All indexes of ``user``, sorted by name."""
        answer = self._call("GET", user)
        if answer.status == _NOT_FOUND:
            return ()
        document = answer.parse_json()
        try:
            fields_by_name = document["result"]["indexes"]
            stages = [
                _parse_stage(f"{user}/{name}", {"result": fields_by_name[name]})
                for name in sorted(fields_by_name)
            ]
        except (KeyError, TypeError) as error:
            what = "expected the indexes of a user, got something else"
            raise IndexUnavailable(Problem(place=answer.url, what=what)) from error
        return tuple(stages)

    def make_stage(self, name: str, *, bases: Sequence[str], title: str, volatile: bool) -> bool:
        """Make an index; False if there is one of that name: only one PUT makes it."""
        fields = {"type": "stage", "bases": [*bases], "title": title, "volatile": volatile}
        answer = self._call("PUT", name, forms.make_json_body(fields))
        if answer.status == _CONFLICT:
            return False
        if not answer.is_success:
            raise refuse(answer, f"index {name} not made")
        return True

    def change_stage(self, name: str, changes: Sequence[str]) -> None:
        """Change an index in one transaction, by texts such as ``bases=USER/INDEX``."""
        answer = self._call("PATCH", name, forms.make_json_body([*changes]))
        if not answer.is_success:
            raise refuse(answer, f"index {name} not changed")

    def remove_stage(self, name: str) -> None:
        """Remove an index and its files."""
        answer = self._call("DELETE", name)
        if not answer.is_success and answer.status != _NOT_FOUND:
            raise refuse(answer, f"index {name} not removed")

    def upload(self, index: str, body: forms.Body) -> None:
        """Upload a file; the same bytes again are accepted."""
        answer = self._call("POST", f"{index}/", body)
        if answer.status == _CONFLICT:
            what = f"{body.name} is in {index} with other bytes"
            hint = "give the newer build a build tag: `build:` of its recipe in packages.yaml"
            raise NotVerified(Problem(place=answer.url, what=what, hint=hint))
        if not answer.is_success:
            raise refuse(answer, f"{body.name} not uploaded")

    def push(self, source: str, wheel: RecordedWheel, index: str) -> None:
        """Copy the files of a wheel's release from one index to another, on the server."""
        fields = {"name": wheel.project, "version": wheel.version, "targetindex": index}
        answer = self._call("POST", source, forms.make_json_body(fields))
        if not answer.is_success:
            raise refuse(answer, f"{wheel.project} {wheel.version} not copied to {index}")

    def fetch_files(self, index: str, project: str) -> tuple[PageFile, ...]:
        """The files that the page of a project shows."""
        self._log_in()
        return fetch_page(self.server, f"{self.url}/{index}/+simple/{project}/")

    def list_projects(self, index: str) -> frozenset[str]:
        """The projects that an index shows, with those of its bases."""
        self._log_in()
        return list_projects(self.server, f"{self.url}/{index}/+simple/")

    def read_index(self, file: PageFile) -> str:
        """``USER/INDEX`` of the index that holds a file."""
        path = urllib.parse.urlsplit(file.url).path
        own = path[len(urllib.parse.urlsplit(self.url).path) :].strip("/")
        return "/".join(own.split("/")[:2])

    def download(self, file: PageFile, into: Path) -> None:
        """Write the bytes of ``file`` to ``into``."""
        answer = self.server.get(file.url)
        if not answer.is_success:
            raise IndexUnavailable(Problem(place=file.url, what=answer.describe()))
        into.write_bytes(answer.content)


def _parse_stage(name: str, document: Mapping[str, Any]) -> Stage:
    try:
        fields = document["result"]
        return Stage(
            name=name,
            bases=tuple(str(base) for base in fields.get("bases", ())),
            title=str(fields.get("title", "")),
            type=str(fields["type"]),
            projects=tuple(str(project) for project in fields.get("projects", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        what = "expected the configuration of an index, got something else"
        raise IndexUnavailable(Problem(place=name, what=what)) from error
