"""``settings``: what the machines of the closed network need to install from an index."""

import argparse
import dataclasses
from typing import Final

from matrix.cli.arguments import Common
from matrix.cli.session import Session, format_json
from matrix.farside import client_settings, verbs

DESCRIPTION: Final = (
    "Print pip.conf, uv.toml and a line of .netrc for an index, so that its clients install "
    "from it and from nowhere else."
)
EXAMPLES: Final = (
    "wheelyard settings https://wheels.example/simple/",
    "wheelyard settings https://wheels.example/simple/ --login deploy --only netrc",
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    common: Common
    address: str
    login: str
    ca_bundle: str
    only: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs.add_settings(parser)


def run(session: Session, arguments: Arguments) -> None:
    """Print the settings of clients."""
    client = client_settings.Client(
        arguments.address, login=arguments.login, certificates=arguments.ca_bundle
    )
    if arguments.common.json:
        names = [arguments.only] if arguments.only else [*client_settings.RENDER_BY_NAME]
        texts = {name: client_settings.render(client, only=name) for name in names}
        session.show(format_json(texts))
    else:
        # Lines of files: never wrapped.
        session.printer.show_program(client_settings.render(client, only=arguments.only))
