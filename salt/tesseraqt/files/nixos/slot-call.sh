# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# One call through a slot, with the caller as stdin and stdout: goes where the slot leads now.
# Argument: CONTAINER/SLOT, as tesseraqt-wires has noted it.
set -u
export LC_ALL=C

if ! IFS= read -r target 2> /dev/null < "/run/tesseraqt/wires/$1"; then
  printf '%s: is not wired\n' "$1" >&2
  exit 1
fi
case $target in
  */*)
    qube=${target%%/*}
    service=tesseraqt.Api+${target#*/}
    # New in qrexec 4.2.19: without it, this socket being its stdin and its stdout, the caller
    # would not hear that the API has said all it has to. A pipe has an end of its own.
    if qrexec-client-vm --use-stdin-socket --help > /dev/null 2>&1; then
      exec qrexec-client-vm --use-stdin-socket -- "$qube" "$service"
    fi
    qrexec-client-vm -- "$qube" "$service" | socat -u -b 65536 STDIN STDOUT,shut-down
    ;;
  *)
    exec socat -b 65536 -t 3600 STDIO,shut-down \
      "UNIX-CONNECT:/run/tesseraqt/api/${target%%.*}/${target#*.}"
    ;;
esac
