"""
``pylock.<id>.toml`` (PEP 751): one target's wheels with digests and addresses.

The model and its rules are those of ``packaging.pylock``, so what is written is what it accepts.
The environment is named by series and machine, ``3.12`` on ``x86_64``, not by the full version that
the releases were chosen for: an installer refuses a lock whose environment is not its own, and a
security release of Python must not take the lock away.
"""

import datetime
from typing import Final

from packaging.markers import Marker
from packaging.pylock import Package, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from matrix.documents import toml_text
from matrix.exports.selecting import Share
from matrix.exports.sources import Wheel
from matrix.targets.target import Target

_NAMED: Final = (
    "platform_python_implementation",
    "python_version",
    "sys_platform",
    "platform_machine",
)


def filename(share: Share) -> str:
    """The name that PEP 751 wants."""
    return f"pylock.{share.id}.toml"


def render_pylock(share: Share, wheels: tuple[Wheel, ...]) -> str:
    """The file's text."""
    python = share.target.marker_environment()["python_version"]
    pylock = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(_marker(share.target))],
        requires_python=SpecifierSet(f"=={python}.*"),
        created_by="wheelyard",
        packages=[_package(wheel) for wheel in wheels],
    )
    pylock.validate()
    entries = dict(pylock.to_dict())
    packages = entries.pop("packages")
    head = f"# Made from packages.lock for {share.target.id}; do not edit.\n"
    return head + toml_text.pairs(entries) + toml_text.array_of_tables("packages", packages)


def _marker(target: Target) -> str:
    environment = target.marker_environment()
    return " and ".join(f"{name} == '{environment[name]}'" for name in _NAMED)


def _package(wheel: Wheel) -> Package:
    uploaded = datetime.datetime.fromisoformat(wheel.uploaded) if wheel.uploaded else None
    return Package(
        name=wheel.project,
        version=wheel.version,
        wheels=[
            PackageWheel(
                name=wheel.filename,
                upload_time=uploaded,
                url=wheel.url or None,
                path=wheel.path or None,
                size=wheel.size or None,
                hashes={"sha256": wheel.sha256},
            )
        ],
    )
