#!/bin/sh
# Part of wheelyard: the program that cibuildwheel 1.12.0 runs as "docker".
#
# WHEELYARD_ENGINE is the engine's program, WHEELYARD_CREATE_ARGS the arguments that every created
# container gets, quoted for a shell.
#
# 1.12.0 mounts the whole host into the container, and asks for a working directory that docker makes
# and podman does not (it then waits forever); it needs neither. It does not notice that a container
# did not start, so the waiting process is ended. Everything else passes through.
if [ "${1-}" = create ]; then
  shift
  for argument; do
    shift
    case $argument in
      --volume=/:/host | -w | /project) ;;
      *) set -- "$@" "$argument" ;;
    esac
  done
  eval "set -- create $WHEELYARD_CREATE_ARGS \"\$@\""
fi
if [ "${1-}" = start ] && ! "$WHEELYARD_ENGINE" "$@"; then
  kill "$PPID"
  exit 1
fi
test "${1-}" = start || exec "$WHEELYARD_ENGINE" "$@"
