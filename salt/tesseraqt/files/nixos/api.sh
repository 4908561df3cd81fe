# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The qrexec service tesseraqt.Api: connects a caller from another qube, who may be who
# dom0's policy lets call, to the API that the argument names as CONTAINER.API.
set -u
export LC_ALL=C

name='[a-z]([a-z0-9-]{0,30}[a-z0-9])?'
if ! [[ ${1-} =~ ^$name\.$name$ ]]; then
  printf 'tesseraqt.Api: the argument is no CONTAINER.API\n' >&2
  exit 2
fi
socket=/run/tesseraqt/api/${1%%.*}/${1#*.}
if ! [ -S "$socket" ]; then
  printf 'tesseraqt.Api: there is no %s in this qube\n' "$1" >&2
  exit 1
fi
# `shut-down`, for without it the caller would not hear that the API has said all it has to.
exec socat -b 65536 -t 3600 STDIO,shut-down "UNIX-CONNECT:$socket"
