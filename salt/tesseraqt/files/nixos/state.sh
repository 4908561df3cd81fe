# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Run by root of the qube before a container starts: the directories that it keeps are there.
# `name` is the container, `paths` are the directories, `version` is its system.stateVersion; set before this.
set -u
place=/rw/tesseraqt/$name
born=$place.state-version

refuse() {
  printf 'container %s: %s\n' "$name" "$1" >&2
  exit 1
}

# Every part of the path that is there is a directory. The container could have left anything, where
# it had a directory above before: nothing is made, nor changed, behind a link of its.
plain() {
  local at='' part
  local -a parts
  IFS=/ read -ra parts <<< "${1#/}"
  for part in "${parts[@]}"; do
    at=$at/$part
    [ ! -L "$at" ] || refuse "$at is a link to $(readlink "$at")"
    [ ! -e "$at" ] || [ -d "$at" ] || refuse "$at is no directory"
  done
}

mountpoint -q /rw || refuse '/rw is not mounted'
for path in $paths; do
  plain "$place$path"
done
if [ -e "$born" ]; then
  read -r had < "$born" || :
  # Services look for their data by it; a database would be empty, or a service would not start.
  [ -z "$version" ] || [ "$had" = "$version" ] ||
    refuse "what it keeps is of system.stateVersion $had, and its system has $version: \
say \`config: {system.stateVersion: \"$had\"}\`, or remove $born if that is to change"
fi

# Files in there belong to the users of the container, its root and what that makes setuid too:
# nobody else of the qube gets in.
umask 0077
mkdir -p "$place"
chown root:root /rw/tesseraqt "$place"
# Five digits: a setgid bit goes too, for the unit may not set one.
chmod 00700 /rw/tesseraqt "$place"
umask 0022
for path in $paths; do
  mkdir -p "$place$path"
done
if [ -n "$version" ] && [ ! -e "$born" ]; then
  printf '%s\n' "$version" > "$born.new"
  mv "$born.new" "$born"
fi
