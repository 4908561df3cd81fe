# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Run by root of the qube before a container starts: makes its link, one end of which nspawn then
# moves into it. `outside` and `inside` are the ends, `gateway` and `address` what each has, `whose`
# says who it is for.
ip link delete "$outside" 2> /dev/null || true
ip link add "$outside" type veth peer name "$inside"
ip link set dev "$outside" alias "$whose"
# No address of IPv6, where there is that.
ip link set dev "$outside" addrgenmode none 2> /dev/null || true
# What says that it comes from elsewhere does not get in.
printf 1 > "/proc/sys/net/ipv4/conf/$outside/rp_filter"
ip address add "$gateway" peer "$address" dev "$outside"
ip link set dev "$outside" up
# nspawn moves none of which udev has yet to hear.
udevadm wait --timeout=10 --initialized=yes "/sys/class/net/$inside"
