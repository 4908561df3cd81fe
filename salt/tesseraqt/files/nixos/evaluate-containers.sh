# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The system of every container of a tree is in the store, and built.json in the tree says
# where, so that the system of the root is evaluated without evaluating them again. Each is
# evaluated in a process of its own, one after the other: together they need the sum of their
# memory. What was evaluated from the same before is not evaluated at all.
# Arguments: the tree; `file` or `flake`; for a flake the name of the configuration in it.
# Ends as nix-build does.
set -u
tree=$1
kind=$2
name=${3-auto}
links=/nix/var/nix/gcroots/tesseraqt

# Of the root, only its platform and state version get into a container. What a link into the store
# leads to, its target names already; `result` is what was built last, and another one each time.
own=$(
  # shellcheck disable=SC2016
  find -L /etc/nixos \
    -xtype l \( -name result -o -name 'result-*' \) -prune -o \
    -xtype l -exec sh -c 'readlink -f -- "$1" | grep ^/nix/store/' sh {} \; -prune -o \
    -type f -exec sha256sum {} + 2> /dev/null | sort | sha256sum
)
nixpkgs=
if [ "$kind" = file ]; then
  nixpkgs=$(readlink -f "$(nix-instantiate --find-file nixpkgs)") || exit 1
  case $nixpkgs in
    /nix/store/*) ;;
    *) nixpkgs=$(cat /proc/sys/kernel/random/uuid) ;; # it can change under its name
  esac
fi
keys=$(nix-instantiate --eval "$tree/nixos/evaluate-keys.nix" --argstr base "$kind $name $nixpkgs $own") || exit 1

mkdir -p "$links" || exit 1
# With it, a container is a path in the store, and there is nothing to build.
rm -f "$tree/built.json"
kept=' '
built=
for pair in $(echo "$keys" | tr -d '"'); do
  link=$links/${pair%%=*}-${pair#*=}
  if ! system=$(readlink -e "$link"); then
    nix-build "$tree/nixos/evaluate-containers.nix" --argstr kind "$kind" --argstr name "$name" \
      -A "${pair%%=*}" --out-link "$link" > /dev/null || exit $?
    system=$(readlink -e "$link") || exit 1
  fi
  kept="$kept$link "
  built="$built${built:+, }\"${pair%%=*}\": \"$system\""
done
printf '{%s}\n' "$built" > "$tree/built.json.new" || exit 1
mv "$tree/built.json.new" "$tree/built.json" || exit 1

# What the running generations still need, they hold themselves.
for link in "$links"/*; do
  case $kept in
    *" $link "*) ;;
    *) rm -f "$link" ;;
  esac
done
