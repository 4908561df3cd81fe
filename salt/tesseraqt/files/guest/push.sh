# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# The tree whose tar comes on stdin stands below the name of its sha256, whole or not at all.
# Arguments: the sha256, the size in bytes.

alone
tree=$place/$1
rm -rf "$place"/new.*
if [ -d "$tree" ]; then
  cat > /dev/null
  answer tree there
  finish
fi
new=$place/new.$$
trap 'rm -rf "$new"' EXIT
mkdir -p "$new/tree" || fail space
head -c "$2" > "$new/tar" || fail space
cat > /dev/null
found=$(sha256sum < "$new/tar")
[ "${found%% *}" = "$1" ] || fail damaged
tar -xf "$new/tar" -C "$new/tree" --no-same-owner || fail space
sync -f "$new/tree"
# A rename: whoever dies before it leaves only what the next push removes.
mv "$new/tree" "$tree" || fail space
answer tree new
finish
