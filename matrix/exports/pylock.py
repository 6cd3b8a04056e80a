"""
``pylock.<id>.toml`` (PEP 751): one target's wheels with digests and addresses.

The environment is named by series and machine, ``3.12`` on ``x86_64``, not by the full version that
the releases were chosen for: an installer refuses a lock whose environment is not its own, and a
security release of Python must not take the lock away.
"""

from typing import Final

from matrix.configurations.toml_text import scalar, value
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


def text(share: Share, wheels: tuple[Wheel, ...]) -> str:
    """The file's text."""
    environment = share.target.marker_environment()
    head = [
        f"# Made from packages.lock for {share.target.id}; do not edit.",
        'lock-version = "1.0"',
        f"environments = {value([_marker(share.target)])}",
        f"requires-python = {scalar('==' + environment['python_version'] + '.*')}",
        'created-by = "wheelyard"',
    ]
    return "\n".join(head) + "\n" + "".join(map(_package, wheels))


def _marker(target: Target) -> str:
    environment = target.marker_environment()
    return " and ".join(f"{name} == '{environment[name]}'" for name in _NAMED)


def _package(wheel: Wheel) -> str:
    facts = [
        f"name = {scalar(wheel.filename)}",
        # TOML has a type for moments; quoted it would be text.
        *([f"upload-time = {wheel.uploaded}"] if wheel.uploaded else []),
        *([f"url = {scalar(wheel.url)}"] if wheel.url else []),
        *([f"path = {scalar(wheel.path)}"] if wheel.path else []),
        *([f"size = {wheel.size}"] if wheel.size else []),
        f"hashes = {value({'sha256': wheel.sha256})}",
    ]
    return (
        f"\n[[packages]]\nname = {scalar(wheel.project)}\nversion = {scalar(str(wheel.version))}\n"
        f"wheels = [\n    {{{', '.join(facts)}}},\n]\n"
    )
