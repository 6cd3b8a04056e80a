"""``lock --report``: what a renewed lock would change, written for a pipeline, and not the lock."""

from collections.abc import Sequence
from pathlib import Path

from matrix.cli import policy_rules, relock, stale_lock
from matrix.cli.session import Session
from matrix.edge import files
from matrix.report import upgrades
from matrix.resolve import lockfile


def write_report(session: Session, projects: Sequence[str] | None, directory: Path) -> None:
    """Write the report, the lock that ``lock`` would write, and the patch that makes it so."""
    session.check_manifest()
    old = lockfile.load_to_renew(session.lock_path)
    new = relock.relock(session, old, upgrade=relock.parse_upgrade(projects, old))
    osv = policy_rules.read_snapshot(session)
    upgrade = upgrades.describe_upgrade(session.manifest.bundle, old, new, osv)
    text = upgrades.render_markdown(upgrade)
    session.write(directory / "upgrade.md", text)
    session.write(directory / "upgrade.json", upgrades.dump(upgrade))
    session.write(directory / lockfile.FILENAME, lockfile.dump(new))
    stale_lock.write_patch(session, new, directory)
    if session.common.summary is not None:
        files.append(session.common.summary, text)
    session.show(upgrades.dump(upgrade) if session.common.json else text)
