# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# The system that was built is what boots next; if it cannot be, what booted before still is.
# Arguments: the sha256 of the tree, its system in the store, how many generations to keep.

alone
[ "$(readlink -f "$place/$1/result")" = "$2" ] || fail tree
before=$(readlink "$profile")
nix-env -p "$profile" --set "$2" || fail profile
"$2/bin/switch-to-configuration" boot
code=$?
answer code "$code"
if [ "$code" -ne 0 ]; then
  before=${before#system-}
  if [ -n "$before" ]; then
    nix-env -p "$profile" --switch-generation "${before%-link}"
    "$profile/bin/switch-to-configuration" boot
  fi
  finish
fi
nix-env -p "$profile" --delete-generations "+$3"
# The trees of others, and their systems, are of no use any more.
for tree in "$place"/*/; do
  [ "$tree" = "$place/$1/" ] || rm -rf "$tree"
done
generation=$(readlink "$profile")
generation=${generation#system-}
answer generation "${generation%-link}"
sync
finish
