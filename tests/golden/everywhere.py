"""One manifest for every system, whose every value that reaches a pipeline can be replaced."""

import functools

import yaml

from matrix.manifest.model import Manifest
from matrix.manifest.reading import read
from matrix.pipelines import gitlab, providers

from . import cases

TEXT = """\
bundle: everywhere
targets:
  prod:    {platform: manylinux_2_28_x86_64, python: [3.11.9, 3.12.4]}
  legacy:  {platform: manylinux_2_17_x86_64, python: [2.7.18]}
  desktop: {platform: win_amd64,             python: [3.12.4]}
  laptop:  {platform: macosx_12_0_arm64,     python: [3.12.4]}
runners:
  - match: "*linux*"
    github: @github@
    gitlab:
      tags: [@tag@]
      image: @image@
      services: [{name: @service@, alias: @alias@}]
      variables: {MY: @variable@}
    ca-bundle: @own@
    environment: {OWN: @value@}
  - {match: "win_*", github: {group: @group@, labels: [windows]}, gitlab: [windows]}
  - {match: "*", github: macos-15, gitlab: [macos]}
github: {labels: [@github@]}
network:
  index: @index@
  ca-bundle: @certificates@
  internal: {index: @internal@, projects: [house]}
tool: tools/wheelyard-0.1.0-py3-none-any.whl
packages: [netifaces]
"""
SEATS = (
    *("github", "group", "tag", "image", "index", "certificates", "internal"),
    *("service", "alias", "variable", "own", "value"),
)


def quote(value: str) -> str:
    return yaml.safe_dump(value, default_style='"', width=1000).strip()


@functools.cache
def everywhere(**values: str) -> Manifest:
    text = TEXT
    for seat in SEATS:
        text = text.replace(f"@{seat}@", quote(values.get(seat, f"my-{seat}")))
    return read(text)


def files_of(manifest: Manifest) -> dict[str, str]:
    """What is committed, and GitLab's child for a plan with a job in every class."""
    child = gitlab.GitLab().render_child(manifest, cases.plan(manifest))
    return {**providers.render_committed(manifest), gitlab.CHILD: child}
