# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# A package of nixpkgs, as links to what packages of Debian have: `debs` of the tree `debian`.

# In units, programs are found by their paths in the store. Only in lines that start something:
# elsewhere they are places in the root file system.
qualify() {
  sed -E -i -e "/^Exec/s,(=[-@+!:]*| )/(usr/)?s?bin/,\1$out/bin/,g" \
    -e "s,^(Exec[A-Za-z]*=[-@+!:]*)([a-z]),\1$out/bin/\2," "$@"
}

for deb in $debs; do
  while read -r path; do
    at=${path#usr/}
    case $at in
      */ | share/doc/* | share/man/*) continue ;;
      sbin/*) at=bin/${at#sbin/} ;;
      lib/postgresql/*/bin/*) at=bin/${at##*/} ;;
      lib/x86_64-linux-gnu/*) at=lib/${at#lib/x86_64-linux-gnu/} ;;
    esac
    from=$debian/$path
    [ -e "$from" ] || from=$debian/units/${at#lib/}
    [ -e "$from" ] && [ ! -e "$out/$at" ] || continue
    mkdir -p "$out/${at%/*}"
    case $at in
      lib/systemd/*/*.service) cp "$from" "$out/$at" && qualify "$out/$at" ;;
      *) ln -s "$from" "$out/$at" ;;
    esac
  done < "$debian/packages/$deb"
done
[ -e "$out/sbin" ] || ln -s bin "$out/sbin"
