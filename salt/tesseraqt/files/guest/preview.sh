# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# Says what activating the system of a tree at once would do, if that is built here already.
# Nothing is built, and nothing is changed.
# Argument: the sha256 of the tree.

if toplevel=$(readlink -e "$place/$1/result"); then
  "$toplevel/bin/switch-to-configuration" dry-activate
  answer code $?
  answer built yes
else
  answer code 0
  answer built no
fi
finish
