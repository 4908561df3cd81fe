#!@bash@/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Debian's systemd-nspawn, for roots whose programs are Debian's too: they are run by the loader,
# and with the libraries, that they were built for.
root=
for argument; do
  [ "$previous" != -D ] || root=$argument
  previous=$argument
done
if [ -n "$root" ]; then
  mkdir -p "$root/usr" "$root/lib64"
  ln -sfn @debian@/usr/lib64/ld-linux-x86-64.so.2 "$root/lib64/ld-linux-x86-64.so.2"
  ln -sfn @debian@/usr/lib "$root/usr/lib"
  ln -sfn @debian@/usr/share "$root/usr/share"
fi
exec @debian@/usr/bin/systemd-nspawn "$@"
