"""What we and the other tools answer about one source; what they said is kept between runs."""

import json
import platform
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from matrix.index.cache import Cache
from matrix.index.client import Index
from matrix.index.settings import Settings
from matrix.index.transport import Transport
from tests.agreement import picking
from tests.agreement.picking import Answer, Picks


class Asking:
    """One source: its index, and answers that are kept."""

    def __init__(self, source: str, address: str, cache: Path) -> None:
        self._source = source
        self._address = address
        self._cache = cache

    def ours(self, requirements: Sequence[str], pythons: Sequence[str]) -> dict[str, list[Picks]]:
        """By Python, in the requirements' order; never from a cache of answers."""
        targets = dict.fromkeys(pythons, floor())
        with tempfile.TemporaryDirectory() as name:
            transport = Transport(Settings(url=f"{self._address}simple/", ca_bundle=""))
            index = Index(transport, Cache(Path(name)))
            rows = [picking.ours(index, requirement, targets) for requirement in requirements]
            transport.close()
        return {python: [row[python] for row in rows] for python in pythons}

    def theirs(
        self, tool: str, program: Path, python: str, requirements: Sequence[str]
    ) -> list[Answer]:
        """Of ``tool``, in the requirements' order; tabs part those that are asked together."""
        return (self._pip if tool == "pip" else self._uv)(python, program, requirements)

    def _pip(self, python: str, program: Path, requirements: Sequence[str]) -> list[Answer]:
        pip = picking.unpacked_pip(python, self._cache)
        index = f"{self._address}bare/simple/"
        return self._kept(
            f"pip-{python}-{pip.name}",
            requirements,
            lambda missing: picking.pips(program, index, missing, pip),
        )

    def _uv(self, python: str, program: Path, requirements: Sequence[str]) -> list[Answer]:
        name, cache = f"{platform.machine()}-manylinux_2_{_glibc()}", self._cache / "uv"
        index = f"{self._address}simple/"
        return self._kept(
            f"uv-{python}",
            requirements,
            lambda missing: (picking.uv(program, index, r, python, name, cache) for r in missing),
        )

    def _kept(
        self,
        what: str,
        requirements: Sequence[str],
        answers: Callable[[Sequence[str]], Iterable[Answer]],
    ) -> list[Answer]:
        """The answers of an earlier run, and those that it has not; kept as they come."""
        path = self._cache / f"{self._source}-{what}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        known: dict[str, Answer] = dict(rows)
        missing = [requirement for requirement in requirements if requirement not in known]
        if not missing:
            return [known[requirement] for requirement in requirements]
        with path.open("a", encoding="utf-8") as stream:
            for requirement, answer in zip(missing, answers(missing), strict=True):
                known[requirement] = answer
                stream.write(json.dumps([requirement, answer]) + "\n")
                stream.flush()
        return [known[requirement] for requirement in requirements]


def floor() -> str:
    """The platform tag of this machine: its own C library."""
    return f"manylinux_2_{_glibc()}_{platform.machine()}"


def _glibc() -> str:
    return platform.libc_ver()[1].partition(".")[2]
