"""A manifest with every key by which a house runs its pipelines."""

import functools

from matrix.manifest.model import Manifest
from matrix.manifest.reading import read

ACTION = "house/checkout@" + "0a" * 20 + " # v7.1.0"
TEXT = f"""\
bundle: operations
targets:
  prod:    {{platform: manylinux_2_28_x86_64, python: [3.12.4]}}
  desktop: {{platform: win_amd64,             python: [3.12.4]}}
runners:
  - {{match: "*linux*", github: ubuntu-24.04, gitlab: [linux]}}
  - {{match: "*", github: [self-hosted, windows], gitlab: [windows]}}
github:
  branch: release/1.x
  forks: hosted
  attest: true
  actions: {{checkout: "{ACTION}"}}
merge-requests: plan
keep: {{wheels: 90, bundles: 7, reports: 3, merge-requests: 2}}
schedule: weekly
untested: refuse
sign: {{secret: MY_SIGNING_KEY, environment: my-vault}}
bot: MY_BOT_TOKEN
tool: tools/wheelyard-0.1.0-py3-none-any.whl
packages: [netifaces]
"""


@functools.cache
def operations() -> Manifest:
    return read(TEXT)
