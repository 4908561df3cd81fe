# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Run from the application menu by the people of the qube: `name` is the container, `trust`
# how the X server is to take it, `xauth`, `xhost` and `socat` are these programs.
set -u

fail() {
  printf 'container %s: %s\n' "$name" "$1" >&2
  exit 1
}

case ${DISPLAY-} in
  :0 | :0.0) ;;
  *) fail 'its programs come to display :0 only' ;;
esac
# As Qubes starts it, the X server takes anybody who is in the qube, and does not list that.
# From now on it takes those who are root or own it, and who else has a cookie.
person=$(id -un)
if ! LC_ALL=C "$xhost" | grep -qx "SI:localuser:$person"; then
  "$xhost" "+si:localuser:$person" +si:localuser:root -local: > /dev/null ||
    fail 'the X server cannot be told whom to take'
fi
work=$(mktemp -d) || fail 'there is no place for a cookie'
trap 'rm -rf "$work"' EXIT
: > "$work/cookie"
"$xauth" -q -f "$work/cookie" generate "$DISPLAY" . "$trust" timeout 0 ||
  fail 'the X server gives out no cookie'
cookie=$("$xauth" -q -f "$work/cookie" list | awk 'END { print $NF }')
answer=$(printf '%s\n%s\n' "${1-}" "$cookie" | "$socat" -t 150 - "UNIX-CONNECT:/run/tesseraqt/open/$name") ||
  fail 'is not in this qube'
[ "$answer" = started ] || fail "$answer"
