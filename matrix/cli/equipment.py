"""The environment of builds, with the toolchain that is configured."""

import contextlib
from collections.abc import Mapping

from matrix.cli.session import Session
from matrix.index.settings import choose_settings
from matrix.index.transport import Transport
from matrix.manifest.network import TOOLCHAIN
from matrix.toolchain import mirror
from matrix.toolchain.equipment import equip


def make_build_environment(session: Session) -> Mapping[str, str]:
    """Add the toolchain that an option, a variable or the manifest names to the environment."""
    place = session.environment.get(TOOLCHAIN, "") or session.manifest.network.toolchain
    if not place:
        return session.environment
    root = session.root.absolute() / place
    if mirror.is_address(place):
        settings = choose_settings(
            session.network, session.pip_options, environment=session.environment
        )
        with contextlib.closing(Transport(settings)) as transport:
            root = mirror.mirror_toolchain(
                place,
                transport=transport,
                store=session.cache.absolute(),
                say=session.reporter.say,
            )
    return equip(session.environment, root=root, cache=session.cache.absolute())
