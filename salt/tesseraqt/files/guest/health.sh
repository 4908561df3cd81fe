# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# The units that have failed: those of the qube, and as CONTAINER/UNIT those of its containers.
# What is no name of a unit is left out, and so is what is more than a person would read. In place
# of the units of a systemd that does not say them there is the word unknown.

failed_in() {
  timeout 10 systemctl "$@" --failed --plain --no-legend < /dev/null || echo unknown
}

# All containers are asked at once, for one that does not answer would keep the others waiting.
failed_everywhere() {
  failed_in | awk '{ print $1 }'
  failed_units
  container_runs | while read -r unit _; do
    name=${unit#container@}
    name=${name%.service}
    failed_in "--machine=$name" | awk -v name="$name" 'NR <= 9 { print name "/" $1 }' &
  done
}

found=
! command -v systemctl > /dev/null ||
  found=$(failed_everywhere | grep -xE '[A-Za-z0-9@:._/\\-]{1,300}' | grep -vx none | sort -u |
    head -n 99 | tr '\n' ,)
answer failed_units "${found%,}"
finish
