# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# An older generation is what boots next.
# Argument: its number, or `previous`.

alone
before=$(readlink "$profile")
if [ "$1" = previous ]; then
  nix-env -p "$profile" --rollback || fail generation
else
  nix-env -p "$profile" --switch-generation "$1" || fail generation
fi
"$profile/bin/switch-to-configuration" boot
code=$?
answer code "$code"
if [ "$code" -ne 0 ]; then
  before=${before#system-}
  nix-env -p "$profile" --switch-generation "${before%-link}"
  "$profile/bin/switch-to-configuration" boot
  finish
fi
generation=$(readlink "$profile")
generation=${generation#system-}
answer generation "${generation%-link}"
sync
finish
