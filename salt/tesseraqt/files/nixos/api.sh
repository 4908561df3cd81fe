# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# The qrexec service tesseraqt.Api: connects a caller from another qube, who may be who
# dom0's policy lets call, to the API that the argument names as CONTAINER.API.
# `limits` is set before this: words CONTAINER.API=NUMBER, how many calls of one qube it takes at once.
set -uf
export LC_ALL=C

fail() {
  printf 'tesseraqt.Api: %s\n' "$2" >&2
  exit "$1"
}

name='[a-z]([a-z0-9-]{0,30}[a-z0-9])?'
[[ ${1-} =~ ^$name\.$name$ ]] || fail 2 'the argument is no CONTAINER.API'
qube=${QREXEC_REMOTE_DOMAIN-}
[[ $qube =~ ^[A-Za-z][A-Za-z0-9_.-]{0,30}$ ]] || fail 2 'qrexec does not say who calls'
socket=/run/tesseraqt/api/${1%%.*}/${1#*.}
[[ -S $socket && " $limits " =~ " $1="([0-9]+)" " ]] || fail 1 "there is no $1 in this qube"
limit=${BASH_REMATCH[1]}

# A place is a file that is locked by a descriptor. socat inherits it, so that its end frees it.
umask 0007
open() {
  exec {place}>> "/run/tesseraqt/callers/$1:$qube:$2"
}
# Tries all from a random one on, which most often is free, and then waits at that.
take() {
  local number first=$((RANDOM % limit))
  for ((number = first; number < first + limit; number++)); do
    open "$1" $((number % limit)) || return
    flock --nonblock "$place" && return
    exec {place}>&-
  done
  open "$1" "$first" && flock --timeout 60 "$place"
}
take "$1" || fail 1 "$qube has $limit calls of $1 going"

# Not STDIO: with that, socat 1.8 does not let the caller hear that the API has said all it has to.
exec socat -b 65536 -t 86400 'STDIN!!STDOUT,shut-down' "UNIX-CONNECT:$socket"
