# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Run by root in the qube, with one of its people at the other end of stdin: starts a program
# that is declared in the container, with the cookie that this person got for it.
# `name`, `entries` and `place` are set before this.
set -u
export LC_ALL=C

fail() {
  printf '%s\n' "$1"
  exit 1
}

IFS= read -r -t 10 -n 64 entry || fail 'no program was named'
IFS= read -r -t 10 -n 64 cookie || fail 'no cookie was given'
case " $entries " in
  *" $entry "*) ;;
  *) fail 'it has no such program' ;;
esac
[[ $entry =~ ^[a-z0-9-]+$ ]] || fail 'it has no such program'
[[ $cookie =~ ^[0-9a-f]{32}$ ]] || fail 'that is no cookie'

# An Xauthority file of one entry: any host, display 0.
new=$(mktemp "$place/cookie.XXXXXX") || fail 'there is no place for a cookie'
{
  printf '\377\377\0\0\0\0010\0\022MIT-MAGIC-COOKIE-1\0\020'
  for ((at = 0; at < 32; at += 2)); do
    # shellcheck disable=SC2059
    printf "\\x${cookie:at:2}"
  done
} > "$new"
chmod 0644 "$new"
mv -f "$new" "$place/cookie"

systemctl start "container@$name.service" >&2 || fail 'the container does not start'
unit=tesseraqt-desktop-$entry@$(cat /proc/sys/kernel/random/uuid).service
# Who is still there then has not died at once, as of a name that does not exist.
timeout 2 systemctl --machine="$name" --wait start "$unit" >&2
case $? in
  0 | 124) echo started ;;
  *) fail "the program has failed; \`tesseraqt-enter $name journalctl\` says more" ;;
esac
