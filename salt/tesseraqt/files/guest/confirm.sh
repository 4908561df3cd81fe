# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# The switch that was begun is confirmed if all is well, and undone if not. That this runs at
# all shows that the qube can still be reached.
# Argument: the seconds to wait for the activation, and again for the way back.

work=$place/switch
wait_for() {
  left=$2
  while [ ! -e "$work/$1" ] && [ "$left" -gt 0 ]; do
    sleep 1
    left=$((left - 1))
  done
  [ -e "$work/$1" ]
}
number() {
  head -c 3 "$work/$1" | tr -cd 0-9
}

# The units that have failed in containers that the switch has started, as CONTAINER/UNIT. All are
# asked at once, for one that does not answer would keep the others waiting; what is no name of a
# unit, a container has made up.
failed_in_containers() {
  container_runs | grep -vxFf "$work/runs-before" | while read -r unit _; do
    name=${unit#container@}
    name=${name%.service}
    timeout 10 systemctl --machine="$name" --failed --plain --no-legend < /dev/null |
      awk -v name="$name" 'NR <= 9 && $1 ~ /^[A-Za-z0-9@:._\\-]+$/ { print name "/" $1 }' &
  done
}

[ -d "$work" ] || fail switch
if ! wait_for code "$1"; then
  : > "$work/refused"
  answer code 0
  answer failed_units 0
  answer unfinished yes
  finish
fi
tail -c 8192 "$work/log"
code=$(number code)
answer code "$code"
# A qube that was started anew meanwhile runs the system before, whatever was noted until then.
if [ "$(readlink -f /run/current-system)" != "$(cat "$work/after")" ]; then
  : > "$work/refused"
  answer failed_units 0
  answer lost yes
  finish
fi
units=0
for unit in $(failed_units | grep -vxFf "$work/failed-before") $(failed_in_containers | head -n 99); do
  echo "the unit $unit has failed"
  units=$((units + 1))
done
answer failed_units "$units"
if [ "$code" -eq 0 ] && [ "$units" -eq 0 ]; then
  : > "$work/confirmed"
else
  : > "$work/refused"
fi
# Only when it has ended is it sure which of the two came first: this, or the end of its patience.
flock -w "$1" "$work.lock" true
[ ! -e "$work/back" ] || answer back "$(number back)"
finish
