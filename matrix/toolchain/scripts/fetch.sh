#!/bin/sh
# Downloads the files that a toolchain lacks into the current directory, where the internet can be
# reached. They are listed in missing.tsv beside this script. Then, from the same directory:
#   wheelyard toolchain --add TOOLCHAIN FILE...
set -eu

list=$(dirname "$0")/missing.tsv
tab=$(printf '\t')

digest() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

while IFS="$tab" read -r name address sha256; do
  if [ -z "$name" ] || [ -e "$name" ]; then continue; fi
  curl --fail --location --retry 3 --output "$name.part" "$address"
  if [ -n "$sha256" ] && [ "$(digest "$name.part")" != "$sha256" ]; then
    echo "$name: expected sha256 $sha256, got $(digest "$name.part")" >&2
    exit 1
  fi
  mv "$name.part" "$name"
done <"$list"
