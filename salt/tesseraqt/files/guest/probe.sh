# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# What this root has and is. There are several NixOS templates, so nothing is assumed.

system=other
release=unknown
nix=none
configuration=none
proxy=no

[ ! -e /etc/NIXOS ] || system=nixos
[ ! -r /run/current-system/nixos-version ] || release=$(head -c 64 /run/current-system/nixos-version)
[ ! -r /etc/nixos/configuration.nix ] || configuration='file'
[ ! -r /etc/nixos/flake.nix ] || configuration='flake'
[ ! -e /run/qubes-service/updates-proxy-setup ] || proxy=yes
if command -v nix-build > /dev/null; then
  nix=$(nix-build --version | awk '{ print $NF }')
fi
for tool in nix-env tar sha256sum flock awk; do
  command -v "$tool" > /dev/null || { echo "there is no $tool here"; nix=none; }
done

answer system "$system"
answer release "$release"
answer nix "$nix"
answer configuration "$configuration"
answer proxy "$proxy"
answer free "$(free_kib)"
answer memory "$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)"
finish
