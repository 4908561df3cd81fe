# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# The new system is being activated, by a process that outlives this call: an activation may
# restart the very agent that this call came through. Unless somebody confirms in a call of
# its own that all is well, the system that was there before is activated again.
# Arguments: the sha256 of the tree, its system in the store, the seconds to wait for that.

alone
[ "$(readlink -f "$place/$1/result")" = "$2" ] || fail tree
work=$place/switch
flock -n "$work.lock" true || fail busy
rm -rf "$work"
mkdir -m 0700 "$work" || fail space
{ echo none; container_runs; } > "$work/runs-before"
{ failed_units; container_runs | failed_in_containers; } > "$work/failed-before"
readlink -f /run/current-system > "$work/before"
echo "$2" > "$work/after" || fail space
cat > "$work/run" << 'EOF' || fail space
cd "${0%/*}" || exit 1
said() {
  echo "$2" > "$1.new"
  mv "$1.new" "$1"
}
"$1/bin/switch-to-configuration" test > log 2>&1 < /dev/null
said code $?
left=$2
while [ ! -e confirmed ] && [ ! -e refused ] && [ "$left" -gt 0 ]; do
  sleep 1
  left=$((left - 1))
done
if [ ! -e confirmed ]; then
  "$(cat before)/bin/switch-to-configuration" test >> log 2>&1 < /dev/null
  said back $?
fi
EOF
# The lock ends with the process, be it that the qube is cut off.
set -- flock -n "$work.lock" sh "$work/run" "$2" "$3"
if [ -d /run/systemd/system ]; then
  systemd-run --quiet --collect --unit=tesseraqt-switch --setenv=PATH="$PATH" "$@" 9>&- ||
    fail switch
else
  setsid "$@" 9>&- 3>&- > /dev/null 2>&1 < /dev/null &
fi
answer switch begun
finish
