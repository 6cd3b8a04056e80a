"""
What a toolchain hands to people: a script that fetches what is missing, one that mirrors images.

POSIX shell, because the machine that runs them need not have this tool.
"""

import shlex
from collections.abc import Iterable, Sequence
from typing import Final

from matrix.toolchain.model import Missing

_FETCH: Final = """\
#!/bin/sh
# Made by wheelyard: fetches what the toolchain lacks into the current directory, where the
# internet is. Then: wheelyard toolchain --add TOOLCHAIN FILE...
set -eu

fetch() { # name, address, sha256 where one is known
  if [ -e "$1" ]; then return; fi
  curl --fail --location --retry 3 --output "$1.part" "$2"
  if [ -n "$3" ]; then echo "$3  $1.part" | sha256sum --check --quiet -; fi
  mv "$1.part" "$1"
}

"""

_MIRROR: Final = """\
#!/bin/sh
# Made by wheelyard: brings the images of the Linux builds to where runners reach them.
#   sh mirror.sh copy REGISTRY/PATH   from registry to registry, with skopeo; prints their digests
#   sh mirror.sh save DIRECTORY       pull, and write an archive of each
#   sh mirror.sh load DIRECTORY       on the runner, as the user that builds
#   sh mirror.sh push REGISTRY/PATH   what was loaded, to a registry
# Then name them in packages.yaml: runners[].images.
set -eu

engine=${ENGINE:-podman}
what=${1:?copy, save, load or push}
where=${2:?a registry or a directory}

mirror() { # reference, name and tag
  case $what in
    copy)
      skopeo copy --preserve-digests "docker://$1" "docker://$where/$2"
      printf '%s@%s\\n' "$where/${2%:*}" "$(skopeo inspect --format '{{.Digest}}' "docker://$where/$2")"
      ;;
    save)
      # An archive keeps tags and forgets digests.
      mkdir -p "$where"
      "$engine" pull "$1"
      "$engine" tag "$1" "localhost/$2"
      "$engine" save --output "$where/$(echo "$2" | tr '/:' '__').tar" "localhost/$2"
      ;;
    load) "$engine" load --input "$where/$(echo "$2" | tr '/:' '__').tar" ;;
    push)
      "$engine" tag "localhost/$2" "$where/$2"
      "$engine" push "$where/$2"
      ;;
    *)
      echo "expected copy, save, load or push, got $what" >&2
      exit 2
      ;;
  esac
}

"""


def fetch_script(missing: Iterable[Missing]) -> str:
    """A script that downloads what has an address; without any it does nothing."""
    downloads = [each.download for each in missing if each.download]
    lines = (shlex.join(["fetch", d.name, d.address, d.sha256]) for d in downloads)
    return _FETCH + "".join(f"{line}\n" for line in lines)


def mirror_script(images: Sequence[str]) -> str:
    """A script that copies, saves, loads or pushes ``images``."""
    return _MIRROR + "".join(f"{shlex.join(['mirror', i, name_mirror(i)])}\n" for i in images)


def image_list(images: Sequence[str]) -> str:
    """One reference a line, and the name under which ``mirror.sh`` keeps it."""
    return "".join(f"{image}\t{name_mirror(image)}\n" for image in images)


def name_mirror(image: str) -> str:
    """
    The reference without its registry and with a tag.

    >>> name_mirror("registry.example/pypa/manylinux_2_28_x86_64@sha256:0123456789abcdef0123")
    'pypa/manylinux_2_28_x86_64:sha256-0123456789ab'
    >>> name_mirror("manylinux:1")
    'manylinux:1'
    """
    named, _, digest = image.partition("@")
    registry, slash, rest = named.partition("/")
    path = (
        rest if slash and ("." in registry or ":" in registry or registry == "localhost") else named
    )
    name, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        name, tag = path, ""
    if digest:
        tag = digest.replace(":", "-")[: len("sha256-") + 12]
    return f"{name}:{tag or 'latest'}"
