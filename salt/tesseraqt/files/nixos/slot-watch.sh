# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Run by root for as long as the qube is up: the socket of each slot is there if dom0 says in
# QubesDB where it leads, and is not there otherwise. What dom0 says is one text for each
# container, of words SLOT=TARGET; a target is CONTAINER.API, or that in another QUBE/.
# Set before this are `slots`, those of all containers, as CONTAINER/SLOT, and `limits`, words
# CONTAINER.API=NUMBER: how many calls of one consumer an API of this qube takes at once.
set -uf
export LC_ALL=C
noted=/run/tesseraqt/wires

name='[a-z]([a-z0-9-]{0,30}[a-z0-9])?'
qube='[A-Za-z][A-Za-z0-9_.-]{0,30}'
wired="^$name=($qube/)?$name\.$name\$"

declare -A limit=()
for word in $limits; do
  limit[${word%%=*}]=${word#*=}
done
# To another qube, for qrexec fails above a few calls at once from a qube.
otherwise=8

# What dom0 says of a container is in `wanted`, as it is noted for the relay of a slot: the target
# and how many calls at once; false if that cannot be known.
ask() {
  local value word slot target
  # It waits for ever for a QubesDB that has gone.
  value=$(timeout 5 qubesdb-read "/vm-config/tesseraqt-$1" 2> /dev/null)
  case $? in
    0 | 2) ;; # 2: nothing is said
    *) return 1 ;;
  esac
  for word in $value; do
    slot=$1/${word%%=*}
    if [[ $word =~ $wired && " $slots " == *" $slot "* && ! -v wanted[$slot] ]]; then
      target=${word#*=}
      wanted[$slot]="$target ${limit[$target]:-$otherwise}"
    else
      printf '%s: this is no wire of its: %q\n' "$1" "$word" >&2
    fi
  done
}

# The slot leads there from now on, or nowhere; calls that go where it led until now are over. False
# if it had to be nowhere instead, because there it cannot be noted.
lead() {
  local unit=tesseraqt-slot-${1/\//.} note=$noted/$1 target=${2% *} led=
  printf '%s: leads to %s\n' "$1" "${target:-nothing}" >&2
  if [ -n "$2" ] && mkdir -p "${note%/*}" && printf '%s\n' "$2" > "$note.new" && mv "$note.new" "$note"; then
    led=yes
  else
    systemctl stop "$unit.socket"
    rm -f "$note" "$note.new"
  fi
  # Whoever waits in its socket, or comes next, has systemd start it again.
  systemctl stop "$unit.service"
  [ -z "$2" ] || [ -n "$led" ]
}

# Everything is as dom0 says now; what could not be is tried again in `soon` seconds.
look() {
  local slot container now
  soon=
  declare -A wanted=() unknown=()
  for container in $containers; do
    ask "$container" || unknown[$container]=1
  done
  for slot in $slots; do
    [ -z "${unknown[${slot%/*}]-}" ] || continue
    now=
    IFS= read -r now 2> /dev/null < "$noted/$slot"
    if [ "$now" != "${wanted[$slot]-}" ] && ! lead "$slot" "${wanted[$slot]-}"; then
      printf '%s: that cannot be noted, so it leads to nothing\n' "$slot" >&2
      soon=5
      continue
    fi
    [ -z "${wanted[$slot]-}" ] || systemctl start "tesseraqt-slot-${slot/\//.}.socket"
  done
}

containers=
for slot in $slots; do
  case " $containers " in
    *" ${slot%/*} "*) ;;
    *) containers="$containers ${slot%/*}" ;;
  esac
done

# On a terminal, for elsewhere it keeps what it says to itself until that fills a buffer.
exec {changes}< <(exec socat -u 'EXEC:qubesdb-watch -n -1 /vm-config/,pty' STDOUT)
look
systemd-notify --ready
# What changed before the watch was there is seen soon; after that, looking is a habit.
patience=2
while :; do
  IFS= read -r -t "${soon:-$patience}" -u "$changes" _
  case $? in
    0) ;;
    1) exit 1 ;; # the watch has ended, and so does this, to be started again
    *) patience=600 ;;
  esac
  look
done
