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
# Of the containers, only what the switch has started is its doing.
failed_now() {
  failed_units
  container_runs | grep -vxFf "$work/runs-before" | failed_in_containers
}
for unit in $(failed_now | sort -u | tee "$work/failed-now" | grep -vxFf "$work/failed-before"); do
  echo "the unit $unit has failed"
  units=$((units + 1))
done
grep -vx none "$work/failed-now" | grep -xFf "$work/failed-before" | sed 's/.*/the unit & had failed before, too/'
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
