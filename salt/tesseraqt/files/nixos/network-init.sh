# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Read by the shell that is the first process of a container, before its NixOS starts: sets up its end
# of the link to the qube. `inside` is that end, `address` what it has, `gateway` what the other has;
# `lost` is the capability that nobody in there has from then on, as setpriv names it; `ip`, `setpriv`
# and `shell` are programs; `init` is what NixOS has such a shell read.
"$ip" link set dev "$inside" addrgenmode none 2> /dev/null
if ! "$ip" address add "$address" peer "$gateway" dev "$inside" ||
  ! "$ip" link set dev "$inside" up ||
  ! "$ip" route add default via "$gateway"; then
  echo 'the link to the qube cannot be set up' >&2
  exit 1
fi
# Everybody may ping, for whom no setuid program does so without new privileges.
printf '0 65535' 2> /dev/null > /proc/sys/net/ipv4/ping_group_range
if [ -n "$lost" ]; then
  # As the shell that reads this: it halts if it is told so while NixOS is not there yet.
  # shellcheck disable=SC2016
  exec "$setpriv" "--inh-caps=$lost" "--bounding-set=$lost" -- \
    "$shell" -c 'trap "exit 0" SIGRTMIN+3; . "$1"' init "$init"
fi
# shellcheck disable=SC1090
. "$init"
