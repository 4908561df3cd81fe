# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Carries the calls of a slot to where it leads, from the first call until it leads elsewhere; its
# listening socket is descriptor 3. Each of as many processes as calls may go on at once takes one
# call at a time; who has to wait does so in the socket, in turn.
# Argument: CONTAINER/SLOT, of which tesseraqt-wires has noted the target and that number.
set -u
export LC_ALL=C

if ! read -r target limit 2> /dev/null < "/run/tesseraqt/wires/$1"; then
  printf '%s: is not wired\n' "$1" >&2
  exit 1
fi
# Names have no character that is special in an address of socat.
case $target in
  */*)
    call="-- ${target%%/*} tesseraqt.Api+${target#*/}"
    # New in qrexec 4.2.19: without it, a socket being its stdin and its stdout, the caller would
    # not hear that the API has said all it has to. A pipe has an end of its own (but not the
    # `pipes` of socat, which keeps a call that is over).
    if qrexec-client-vm --use-stdin-socket --help > /dev/null 2>&1; then
      address="EXEC:qrexec-client-vm --use-stdin-socket $call,nofork"
    else
      address="SYSTEM:qrexec-client-vm $call | socat -u -b 65536 STDIN STDOUT\\,shut-down,nofork"
    fi
    ;;
  *) address=UNIX-CONNECT:/run/tesseraqt/api/${target%%.*}/${target#*.} ;;
esac

workers=()
for ((n = 0; n < limit; n++)); do
  # One child each, for socat counts wrong beyond that: a child that ends makes room for two.
  # `shut-down`, for without it the caller would not hear that the API has said all it has to.
  socat -d0 -b 65536 -t 86400 ACCEPT-FD:3,fork,max-children=1,shut-down "$address" &
  workers+=($!)
done
# If its child ends in the very moment in which socat lies down to wait for that, it sleeps on
# until any signal; now and then it gets one. A worker that ends is a fault: systemd starts all anew.
while
  sleep 30 &
  wait -n -p ended
  [ "$ended" = $! ]
do
  kill -CHLD "${workers[@]}"
done
exit 1
