# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# The generations of this root, oldest first, each with the second in which it was made.

found=
for link in $(find "${profile%/*}" -name 'system-*-link' | sort -V); do
  number=${link##*/system-}
  found=$found${found:+,}${number%-link}@$(stat -c %Y "$link")
done
current=$(readlink "$profile")
current=${current#system-}
answer generations "$found"
answer current "${current%-link}"
finish
