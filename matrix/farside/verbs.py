"""The verbs that travel, each as options and a function from them to what is printed."""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from matrix.destinations.destination import Say
from matrix.destinations.kinds import is_destination, parse_destination
from matrix.farside import (
    carried,
    client_settings,
    destination_verbs,
    help_texts,
    server,
    summaries,
)


@dataclasses.dataclass(frozen=True)
class Verb:
    """One verb: ``run`` returns what stands on stdout, perhaps nothing."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Say], str]


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", help=help_texts.VERIFIED)
    help_texts.add_server_options(parser)
    _add_bundle(parser)
    parser.add_argument("--trust", type=Path, metavar="FILE", help=help_texts.TRUST)


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sha256", default="", metavar="DIGEST", help=help_texts.SHA256)
    parser.add_argument("--json", action="store_true", help=help_texts.JSON)
    parser.add_argument(
        "--scratch",
        type=Path,
        default=Path(tempfile.gettempdir()),
        metavar="DIR",
        help=help_texts.SCRATCH,
    )


def _verify(arguments: argparse.Namespace, say: Say) -> str:
    if is_destination(arguments.bundle):
        return destination_verbs.verify(arguments, say)
    verified = carried.verify_carried(
        Path(arguments.bundle),
        say,
        scratch=arguments.scratch,
        sha256=arguments.sha256,
        trust=arguments.trust,
    )
    if arguments.json:
        return summaries.dump_json(summaries.describe_verified(verified))
    return summaries.summarize_verified(verified)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help=help_texts.BUNDLE)
    _add_bundle(parser)
    parser.add_argument("--to", required=True, metavar="DESTINATION", help=help_texts.TO)
    help_texts.add_server_options(parser)
    parser.add_argument("--check", default="", metavar="URL", help=help_texts.CHECK)
    parser.add_argument("--adopt", action="store_true", help=help_texts.ADOPT)
    parser.add_argument("--trust", type=Path, metavar="FILE", help=help_texts.PIN)


def _import(arguments: argparse.Namespace, say: Say) -> str:
    imported = carried.import_carried(
        arguments.bundle,
        parse_destination(arguments.to, arguments.access),
        say,
        scratch=arguments.scratch,
        stamp=arguments.access.stamp,
        adopt=arguments.adopt,
        sha256=arguments.sha256,
        trust=arguments.trust,
    )
    carried.check_clients(imported.imported, arguments.check, arguments.access, say)
    if arguments.json:
        return summaries.dump_json(summaries.describe_imported(imported))
    return summaries.summarize_imported(imported)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``settings``, which both command lines have."""
    parser.add_argument("address", metavar="URL", help=help_texts.ADDRESS)
    parser.add_argument("--login", default="", metavar="USER", help=help_texts.LOGIN)
    parser.add_argument("--ca-bundle", default="", metavar="FILE", help=help_texts.CA_BUNDLE)
    parser.add_argument(
        "--only", default="", choices=[*client_settings.RENDER_BY_NAME], help=help_texts.ONLY
    )


def _settings(arguments: argparse.Namespace, say: Say) -> str:
    del say
    client = client_settings.Client(
        arguments.address, login=arguments.login, certificates=arguments.ca_bundle
    )
    return client_settings.render(client, only=arguments.only).rstrip("\n")


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``serve``, which both command lines have."""
    parser.add_argument("directory", type=Path, metavar="DIR", help=help_texts.SERVED)
    parser.add_argument(
        "--port", type=int, default=server.PORT, metavar="NUMBER", help=help_texts.PORT
    )


def _serve(arguments: argparse.Namespace, say: Say) -> str:
    server.serve(arguments.directory, port=arguments.port, say=say)
    return ""


VERBS: Final = (
    Verb("verify", "check every byte of a bundle and prove it again", _add_verify, _verify),
    Verb("import", "verify a bundle and add it to a destination", _add_import, _import),
    *(Verb(*row) for row in destination_verbs.ROWS),
    Verb("settings", "print what pip and uv need for an index", add_settings, _settings),
    Verb("serve", "serve a bundle or a destination on loopback", add_serve, _serve),
)
