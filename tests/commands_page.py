"""``docs/commands.md`` from the parsers: ``python -m tests.commands_page`` writes it."""

import argparse
from pathlib import Path

from matrix.cli.arguments import Common, add_common
from matrix.cli.parser import make_parser
from matrix.cli.verbs import VERBS
from matrix.errors import INTERRUPTED, KINDS

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"

_HEAD = """\
# Commands and exit codes

<!-- Made from the parsers by `nox -s commands`; a test holds the two equal. -->

Installed, the command is `wheelyard`; from a checkout, `python -P -m matrix`.
Results go to stdout, progress and problems to stderr, so every command can be piped.
`packages.yaml` is looked for in the current directory and not above it.

## Options of every command

{common}

`-v` and `-q` may stand before the command too.

## Problems as data

`--format` says how the problems of any command are shown:

* `text`, the default: lines on stderr;
* `json`: the result is JSON, or with an error one object with `exit_code` and `problems`;
* `github`: annotations in the changed files of a pull request;
* `gitlab`: a Code Quality report on stdout, in place of the result:
  `wheelyard check --format gitlab > gl-code-quality-report.json`;
* `sarif`: a SARIF 2.1.0 log on stdout, in place of the result.

What comes from outside (names of files, texts of indexes and manifests) is printed on one line,
with control characters escaped; where `GITHUB_ACTIONS` or `GITLAB_CI` is set, nothing of it is a
command for the runner.

## Environment

The package index is the one that pip is configured with, unless the manifest names another.

| variable | meaning |
|---|---|
| `SOURCE_DATE_EPOCH` | seconds since 1970; replaces the clock |
| `WHEELYARD_TOOLCHAIN` | the address or directory of a toolchain, as `network.toolchain` |
| `PIP_INDEX_URL`, `PIP_CERT` | the index and the certificates, as for pip |
| `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` | proxies of requests; builds in containers get none |
| `NO_COLOR`, `FORCE_COLOR` | switch colours off or on |
| `GITHUB_ACTIONS`, `GITLAB_CI` | set by the runners; see "Problems as data" |

## Exit codes

{codes}

A closed or full stdout is 13.
A reader that ends early (`| head`) is no error, and changes no exit code.
A closed or full stderr changes none either.
"""


def render() -> str:
    """The whole page."""
    parsers = _list_parsers(make_parser())
    common = {action.dest for action in _common_actions()}
    head = _HEAD.format(common=_table(_common_actions()), codes=_codes())
    sections = [
        _section(name, parser, [a for a in parser._actions if a.dest not in common | {"help"}])
        for name, parser in parsers.items()
    ]
    return head + "".join(sections)


def _list_parsers(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    action = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


def _common_actions() -> list[argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    add_common(parser)
    assert Common().format == parser.get_default("format")
    return parser._actions


def _section(name: str, parser: argparse.ArgumentParser, actions: list[argparse.Action]) -> str:
    examples = "\n".join(next(v for v in VERBS if v.name == name).load().EXAMPLES)
    table = f"\n{_table(actions)}\n" if actions else ""
    return f"\n## {name}\n\n{parser.description}\n{table}\n```text\n{examples}\n```\n"


def _table(actions: list[argparse.Action]) -> str:
    rows = [f"| {_describe(action)} | {_explain(action)} |" for action in actions]
    return "\n".join(["| argument | meaning |", "|---|---|", *rows])


def _describe(action: argparse.Action) -> str:
    names = ", ".join(f"`{option}`" for option in action.option_strings)
    value = "" if action.nargs == 0 else _value(action)
    if not names:
        return f"`{value}`"
    return f"{names} `{value}`" if value else names


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(map(str, action.choices or [action.dest.upper()]))


def _explain(action: argparse.Action) -> str:
    text = action.help or ""
    return (text % {"default": action.default}).replace("|", "\\|")


def _codes() -> str:
    rows = [(0, "it worked"), *((kind.exit_code, kind.meaning) for kind in KINDS)]
    rows.append((INTERRUPTED, "interrupted"))
    return "\n".join(["| exit code | meaning |", "|---|---|", *(f"| {c} | {m} |" for c, m in rows)])


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
