# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Whom containers ask for names: whom the qube asks, as far as they reach that. What listens on the
# loopback of the qube, as systemd-resolved does, they do not; then it is whom that asks, or whom Qubes
# names. `names` is the directory in which they have their resolv.conf.
set -u
export LC_ALL=C

text=
found=
for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
  [ -z "$found" ] && [ -r "$file" ] || continue
  text=
  while read -r key value; do
    case $key:$value in
      # They have no IPv6 either.
      nameserver:127.* | nameserver:*:*) ;;
      nameserver:?*) text+="$key $value"$'\n' found=yes ;;
      search:?* | options:?*) text+="$key $value"$'\n' ;;
    esac
  done < "$file"
done
if [ -z "$found" ]; then
  for key in /qubes-primary-dns /qubes-secondary-dns; do
    server=$(timeout 5 qubesdb-read "$key" 2> /dev/null)
    [[ ! $server =~ ^[0-9.]{7,15}$ ]] || text+="nameserver $server"$'\n'
  done
fi
printf %s "$text" > "$names/resolv.conf.new" && mv "$names/resolv.conf.new" "$names/resolv.conf"
