#!/bin/sh
# Copies the images of Linux builds to a registry or directory that runners can reach. They are
# listed in images.tsv beside this script.
#   sh mirror.sh copy REGISTRY/PATH   from registry to registry, with skopeo; prints their digests
#   sh mirror.sh save DIRECTORY       pull, and write an archive of each
#   sh mirror.sh load DIRECTORY       on the runner, as the user that builds
#   sh mirror.sh push REGISTRY/PATH   push the loaded images to a registry
# Then set them in packages.yaml: runners[].images.
set -eu

engine=${ENGINE:-podman}
what=${1:?copy, save, load or push}
where=${2:?a registry or a directory}
list=$(dirname "$0")/images.tsv
tab=$(printf '\t')

mirror() { # reference, name and tag
  case $what in
    copy)
      skopeo copy --preserve-digests "docker://$1" "docker://$where/$2"
      printf '%s@%s\n' "$where/${2%:*}" "$(skopeo inspect --format '{{.Digest}}' "docker://$where/$2")"
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

# Not standard input: the engine would read the rest of the list.
while IFS="$tab" read -r reference name <&3; do
  if [ -n "$reference" ]; then mirror "$reference" "$name"; fi
done 3<"$list"
