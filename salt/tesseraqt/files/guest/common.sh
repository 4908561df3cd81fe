# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC1091,SC2034
# Stands before each of the other scripts. The answer goes to fd 3, as lines of key=value;
# all that commands print goes to stderr, which dom0 takes for a log and nothing else.
# `tesseraqt_nonce` is set by dom0, before this.

# The paths of nix and its channels, as a login has them.
[ ! -r /etc/set-environment ] || . /etc/set-environment
set -u
exec 3>&1 >&2
place=/var/lib/tesseraqt
profile=/nix/var/nix/profiles/system

answer() {
  printf '%s=%s\n' "$1" "$2" >&3
}

finish() {
  # shellcheck disable=SC2154
  answer 'done' "$tesseraqt_nonce"
  exit 0
}

fail() {
  answer failed "$1"
  finish
}

free_kib() {
  df -Pk /nix | awk 'NR == 2 { print $4 }'
}

out_of_memory_kills() {
  awk '$1 == "oom_kill" { n = $2 } END { print n + 0 }' /proc/vmstat
}

# The units that have failed, one a line; grep needs at least one line to compare with. A container
# that cannot start never counts as failed, for it is tried again until it can.
failed_units() {
  echo none
  ! command -v systemctl > /dev/null || {
    systemctl --failed --plain --no-legend
    systemctl list-units --state=auto-restart --plain --no-legend 'container@*' 'tesseraqt-state-*'
  } | awk '{ print $1 }'
}

# The containers that run, one a line, each with the name of this run of it.
container_runs() {
  ! command -v systemctl > /dev/null ||
    systemctl show 'container@*.service' --property=Id,ActiveState,InvocationID |
    awk -F= '{ of[$1] = $2 }
      NF < 2 && of["ActiveState"] == "active" { print of["Id"], of["InvocationID"]; delete of }
      END { if (of["ActiveState"] == "active") print of["Id"], of["InvocationID"] }'
}

# The units that have failed in these of them, as CONTAINER/UNIT. All are asked at once, for one
# that does not answer would keep the others waiting; what is no name of a unit, it has made up.
failed_in_containers() {
  while read -r unit _; do
    name=${unit#container@}
    name=${name%.service}
    timeout 10 systemctl --machine="$name" --failed --plain --no-legend < /dev/null |
      awk -v name="$name" 'NR <= 9 && $1 ~ /^[A-Za-z0-9@:._\\-]+$/ { print name "/" $1 }' &
  done | head -n 99
}

# Only one deployment works here at a time. What a dead one left running (dom0 was killed,
# the build goes on) is waited for, and keeps the lock until it has ended.
alone() {
  mkdir -p "$place"
  chmod 0755 "$place"
  exec 9> "$place/lock"
  flock -w 900 9 || fail busy
}
