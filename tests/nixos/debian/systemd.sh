# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# What NixOS takes from its systemd besides programs: units, in which programs are found by their
# paths in the store, and the rules of its tmpfiles and sysctl. `units` are the names of all units
# that NixOS may ask for: those that Debian's systemd lacks are there without doing anything.
example=$out/example
rm -f "$out/bin/systemd-nspawn"
mkdir -p "$example/systemd"
cp -r "$debian/units/systemd/." "$example/systemd"
cp -r "$debian/units/tmpfiles.d" "$debian/units/sysctl.d" "$example"
chmod -R u+w "$example"
# In a package of its own.
: > "$example/sysctl.d/50-coredump.conf"
find "$example/systemd" -type f | while read -r unit; do qualify "$unit"; done
for unit in $units; do
  for kind in system user; do
    [ -e "$example/systemd/$kind/$unit" ] || [ -L "$example/systemd/$kind/$unit" ] ||
      printf '[Unit]\nDescription=Not in this systemd\n' > "$example/systemd/$kind/$unit"
  done
done
cp "$nspawn" "$out/bin/systemd-nspawn"
chmod +x "$out/bin/systemd-nspawn"
