# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Run by nobody in particular for each connection of a container to the X server of the qube.
# Many X servers take any local client without a cookie, and as an equal: that one would do
# so is found out here by trying, each time, because a server can fall back to it.
# `name` is the container; `xdpyinfo` and `socat` are these programs.
set -u
export LC_ALL=C HOME=/var/empty
unset XAUTHORITY

said=$("$xdpyinfo" -display :0 2>&1)
case $said in
  *'Authorization required'*) exec "$socat" -t 5 STDIO UNIX-CONNECT:/tmp/.X11-unix/X0 ;;
  *'unable to open'*) printf 'container %s: there is no X server on :0\n' "$name" >&2 ;;
  *) printf 'container %s: the X server on :0 takes anybody, so that it gets no display\n' "$name" >&2 ;;
esac
exit 1
