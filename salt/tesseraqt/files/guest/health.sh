# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
# The units that have failed: those of the qube, and as CONTAINER/UNIT those of its containers.
# What is no name of a unit is left out, and so is what is more than a person would read.

found=$({ failed_units | grep -vx none; container_runs | failed_in_containers; } |
  grep -xE '[A-Za-z0-9@:._/\\-]{1,255}' | sort -u | head -n 99 | tr '\n' ,)
answer failed_units "${found%,}"
finish
