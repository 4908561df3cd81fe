# SPDX-License-Identifier: MIT
# The text of a script of this directory, which finds these variables set.
{ lib }:
variables: script:
lib.toShellVars variables + "\n" + builtins.readFile script
