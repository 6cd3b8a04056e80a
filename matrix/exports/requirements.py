"""``requirements.<id>.txt`` with digests, and ``constraints.<id>.txt``: what every pip reads."""

from matrix.exports.selecting import Share
from matrix.exports.sources import Wheel


def render_requirements(share: Share, wheels: tuple[Wheel, ...]) -> str:
    """Exact versions with digests: pip takes these files and no others (``--require-hashes``)."""
    lines = [
        f"{wheel.project}=={wheel.version} \\\n    --hash=sha256:{wheel.sha256}\n"
        for wheel in wheels
    ]
    return _header(share) + "".join(lines)


def render_constraints(share: Share) -> str:
    """Exact versions for the requirements that are given beside this file, built or not."""
    lines = [f"{file.project}=={file.version}\n" for file in share.files]
    return _header(share) + "".join(lines)


def _header(share: Share) -> str:
    return f"# Made from packages.lock for {share.target.id}; do not edit.\n"
