# SPDX-License-Identifier: MIT
# What dom0 declares for this root, and everything that makes it so.
{ lib, ... }:
let
  document = ../system.json;
  # Systems of containers that are in the store already; see guests.sh.
  built = ../built.json;
in
{
  imports = [
    ./assertions.nix
    ./containers.nix
    ./desktop.nix
    ./enter.nix
    ./hardening.nix
    ./options.nix
    ./state.nix
  ];

  tesseraqt = lib.mkMerge [
    (lib.importJSON document)
    (lib.mkIf (builtins.pathExists built) { built = lib.importJSON built; })
  ];
}
