#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command with ROOT as its /: programs are the host's, all that changes is ROOT's.
# Arguments: ROOT, the stand-in nixpkgs, the command.
set -e
root=$1
nixpkgs=$2
shift 2
for place in usr dev proc etc/alternatives; do
  [ ! -e "/$place" ] || mount --rbind "/$place" "$root/$place"
done
for place in bin lib lib64; do
  [ -L "/$place" ] || [ ! -d "/$place" ] || mount --rbind "/$place" "$root/$place"
done
mount --bind "$nixpkgs" "$root/var/nixpkgs"
exec chroot "$root" /usr/bin/env -i HOME=/root USER=root PATH=/usr/bin:/bin:/usr/sbin "$@"
